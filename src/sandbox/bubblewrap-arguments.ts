// The command line of bubblewrap as a pure function of what was decided.
import type { Mount } from './fence-plan.ts';

export interface BubblewrapPlan {
  /** Absolute path of bwrap. */
  program: string;
  /** `mapped`: a user namespace. `root`: the caller is root and the workspace is somebody else's; see below. */
  identity: 'mapped' | 'mapped-root' | 'root';
  network: boolean;
  /** Keeps the terminal of the caller; `seccomp` then is what stands between the command and its input queue. */
  terminal: boolean;
  /** Absolute path; null when there is none. Then Ctrl-C in a terminal ends everything in the fence. */
  bash: string | null;
  /** Ordered; see `orderMounts`. */
  mounts: readonly Mount[];
  /** Links to make again in the private `/run`. */
  links: readonly { path: string; target: string }[];
  /** Descriptor of the filter as bwrap sees it. */
  seccompFd: number;
  /** Variables that a loader would act on in bwrap itself: set for the command only. */
  setenv: Readonly<Record<string, string>>;
  cwd: string;
  command: readonly string[];
}

/** `nobody`: in every password file, so that programs that look themselves up find somebody. */
const NOBODY = '65534';

/**
 * Root callers: with uid 0 inside, tar, cp and npm try to hand files to other users and fail for want of
 * capabilities, and programs that refuse root refuse; as `nobody` they behave. Files are the same either way, since
 * the kernel sees root without capabilities: it may write what root owns. When the workspace belongs to somebody
 * else, that is not enough, so the command stays in the first user namespace with CAP_DAC_OVERRIDE alone, which opens
 * nothing that is mounted read-only.
 */
function identityArguments(identity: BubblewrapPlan['identity']): string[] {
  switch (identity) {
    case 'mapped':
      return ['--unshare-user', '--cap-drop', 'ALL'];
    case 'mapped-root':
      return ['--unshare-user', '--uid', NOBODY, '--gid', NOBODY, '--cap-drop', 'ALL'];
    case 'root':
      return ['--cap-drop', 'ALL', '--cap-add', 'CAP_DAC_OVERRIDE'];
  }
}

function mountArguments({ path, kind, fd }: Mount): string[] {
  switch (kind) {
    case 'writable':
      return fd === undefined ? ['--bind', path, path] : ['--bind-fd', String(fd), path];
    case 'read-only':
      return ['--ro-bind', path, path];
    case 'private':
      return ['--tmpfs', path];
    case 'empty':
      return ['--perms', '0555', '--tmpfs', path];
    case 'hidden-folder':
      return ['--perms', '0000', '--tmpfs', path, '--remount-ro', path];
    // A device on a mount that allows none: it can neither be read nor be connected to.
    case 'hidden-file':
      return ['--ro-bind', '/dev/null', path];
  }
}

/**
 * Runs the command as a job of its own: Ctrl-C then reaches the command, and not bubblewrap, which would die of it
 * with everything inside. Only bash can do this in a fresh pid namespace; `exit` keeps it from becoming the command.
 */
function terminalJob(bash: string): string[] {
  return [bash, '-c', 'set -m; "$@"; exit $?', 'bash'];
}

/**
 * The kernel lets uid 0 write below /proc/sys whatever its capabilities: `core_pattern` there starts programs as root.
 * A writable `/` comes here, first of all, or it would cover the private /dev and /proc.
 */
function baseMounts(isRootWritable: boolean): string[] {
  const root = isRootWritable ? '--bind / / --ro-bind /sys /sys' : '--ro-bind / /';
  return `${root} --dev /dev --proc /proc --ro-bind /proc/sys /proc/sys`.split(' ');
}

export function bubblewrapArguments(plan: BubblewrapPlan): string[] {
  return [
    plan.program,
    '--die-with-parent',
    ...(plan.terminal ? [] : ['--new-session']),
    ...identityArguments(plan.identity),
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    ...(plan.network ? [] : ['--unshare-net']),
    ...baseMounts(plan.mounts.some(({ path }) => path === '/')),
    ...plan.mounts.filter(({ path }) => path !== '/').flatMap(mountArguments),
    ...plan.links.flatMap(({ path, target }) => ['--symlink', target, path]),
    ...Object.entries(plan.setenv).flatMap(([name, value]) => ['--setenv', name, value]),
    '--seccomp',
    String(plan.seccompFd),
    '--chdir',
    plan.cwd,
    '--',
    ...(plan.terminal && plan.bash !== null ? terminalJob(plan.bash) : []),
    ...plan.command,
  ];
}
