// The fence in two words each, for the banner: what may be written, what may be reached.
import type { SandboxPolicy } from '../../protocol/sandbox.ts';

export function describeSandbox(policy: SandboxPolicy): { sandbox: string; network: string } {
  const network = { off: 'off', proxy: 'proxy-only', open: 'open' }[policy.network];
  switch (policy.mode) {
    case 'danger-full-access':
      return { sandbox: 'danger-full-access', network: 'open' };
    case 'read-only':
      return { sandbox: 'read-only', network };
    case 'workspace-write': {
      const roots = ['workdir'];
      if (policy.writableTmp.slashTmp) roots.push('/tmp');
      if (policy.writableTmp.tmpdir) roots.push('$TMPDIR');
      return { sandbox: `workspace-write [${[...roots, ...policy.writableRoots].join(', ')}]`, network };
    }
  }
}
