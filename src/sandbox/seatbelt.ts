// macOS: the place of the Seatbelt mechanism, which this version does not have; it says so instead of running unfenced.
import type { SandboxUnavailable } from '../protocol/sandbox.ts';

export function explainMissingSeatbelt(): SandboxUnavailable {
  return {
    reason: 'This version of skua has no sandbox for macOS yet.',
    remedy:
      'Run skua in a Linux container or virtual machine, or choose --sandbox danger-full-access if commands may run with all of your rights.',
  };
}
