// danger-full-access: commands run as they are, and the report says so.
import type { Sandbox } from '../protocol/sandbox.ts';

/** Refuses every policy but danger-full-access, so that it cannot stand in for a fence by mistake. */
export function createNoSandbox(): Sandbox {
  return {
    report: {
      mechanism: 'none',
      tier: 'none',
      network: 'open',
      limits: ['Commands run without a sandbox, with all of your rights.'],
    },
    available: () => Promise.resolve(null),
    wrap(command, policy) {
      if (policy.mode !== 'danger-full-access') {
        return Promise.reject(
          new Error(`A ${policy.mode} command was about to run without a sandbox; refused.`),
        );
      }
      return Promise.resolve({
        argv: [...command.argv],
        env: { ...command.env },
        inheritFds: [],
        release: () => {},
      });
    },
  };
}
