// Windows: the place of the restricted-token mechanism, which this version does not have; it says so instead of running unfenced.
import type { SandboxUnavailable } from '../protocol/sandbox.ts';

export function explainMissingWindowsSandbox(): SandboxUnavailable {
  return {
    reason: 'This version of skua has no sandbox for Windows yet.',
    remedy:
      'Run skua inside WSL 2, or choose --sandbox danger-full-access if commands may run with all of your rights.',
  };
}
