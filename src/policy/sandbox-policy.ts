// From the settings to the sandbox policy of a thread: real paths, fixed once.
import { isAbsolute, join, resolve } from 'node:path';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import type { Settings } from '../protocol/settings.ts';

/** As `auth/` stores it. */
const LOGIN_FILE = 'auth.json';

export type PolicySettings = Pick<
  Settings,
  | 'home'
  | 'cwd'
  | 'sandboxMode'
  | 'writableRoots'
  | 'networkAccess'
  | 'excludeTmpdirEnvVar'
  | 'excludeSlashTmp'
>;

export interface PolicyPorts {
  /** The real path; throws when nothing is there. */
  readonly realpath: (path: string) => string;
  /** See `protectedPathsFor`. */
  readonly protectedPathsFor: (writeRoots: readonly string[], home: string) => string[];
}

/** The real path of something that may not exist yet: the existing part is resolved, the rest kept. */
function realOrSelf(path: string, realpath: PolicyPorts['realpath']): string {
  try {
    return realpath(path);
  } catch {
    return resolve(path);
  }
}

/**
 * In read-only nothing is writable and the network is off, whatever else is set. Roots that do not exist are kept:
 * they may appear; relative ones are relative to the working folder.
 */
export function sandboxPolicyFrom(settings: PolicySettings, ports: PolicyPorts): SandboxPolicy {
  const mode = settings.sandboxMode;
  const workspace = ports.realpath(settings.cwd);
  const added =
    mode === 'workspace-write'
      ? settings.writableRoots.map((root) =>
          realOrSelf(isAbsolute(root) ? root : resolve(workspace, root), ports.realpath),
        )
      : [];
  const writableRoots = [...new Set(added)].filter((root) => root !== workspace);
  const home = realOrSelf(settings.home, ports.realpath);
  const network =
    mode === 'danger-full-access' || (mode === 'workspace-write' && settings.networkAccess) ? 'open' : 'off';
  return {
    mode,
    workspace,
    writableRoots,
    writableTmp: {
      tmpdir: mode === 'workspace-write' && !settings.excludeTmpdirEnvVar,
      slashTmp: mode === 'workspace-write' && !settings.excludeSlashTmp,
    },
    // The stored login is for the program alone: a command that could read it could send it on.
    denyRead: mode === 'danger-full-access' ? [] : [join(home, LOGIN_FILE)],
    protectedPaths:
      mode === 'workspace-write' ? ports.protectedPathsFor([workspace, ...writableRoots], home) : [],
    network,
  };
}
