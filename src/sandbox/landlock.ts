// Tier B on Linux: Landlock and seccomp without namespaces, for machines and containers where bubblewrap cannot work.
import { closeSync, constants, existsSync, lstatSync, openSync, writeSync } from 'node:fs';
import { TurnError } from '../protocol/error.ts';
import type {
  Sandbox,
  SandboxedCommand,
  SandboxPolicy,
  SandboxReport,
  SandboxUnavailable,
} from '../protocol/sandbox.ts';
import { splitEnvironment } from './command-environment.ts';
import { openNameless } from './filter-file.ts';
import {
  findOuterGit,
  isGitPath,
  isPlainRepository,
  programPathsOf,
  resolveGitFence,
} from './git-metadata.ts';
import { ABI_WITH_SCOPES } from './landlock-rules.ts';
import { LAUNCH_WORD, type LandlockSpec } from './landlock-spec.ts';
import { type PathContext, writeRootsOf } from './path-rules.ts';
import { RestoreGuard } from './restore-guard.ts';

export interface LandlockOptions extends PathContext {
  /** argv that starts skua with the given arguments. */
  selfCommand(args: readonly string[]): string[];
  /** Landlock's version in this kernel. */
  abi: number;
  userHome: string | null;
  network: SandboxPolicy['network'];
  probe(sandbox: Sandbox): Promise<SandboxUnavailable | null>;
  known: boolean;
  /** Told when a command changed a protected path and it was put back. */
  warn?: (message: string) => void;
}

/** Devices that programs write to. Terminals are opened by descriptor; only the command's own is one. */
const WRITABLE_DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/tty', '/dev/ptmx', '/dev/pts/ptmx'];

class Landlock implements Sandbox {
  readonly report: SandboxReport;
  private readonly options: LandlockOptions;
  private verdict: Promise<SandboxUnavailable | null> | null = null;

  constructor(options: LandlockOptions) {
    this.options = options;
    this.report = describe(options);
  }

  available(): Promise<SandboxUnavailable | null> {
    if (this.options.known && this.verdict === null) this.verdict = Promise.resolve(null);
    this.verdict ??= this.options.probe(this);
    return this.verdict;
  }

  async wrap(
    command: { argv: readonly string[]; cwd: string; env: Record<string, string>; terminal?: boolean },
    policy: SandboxPolicy,
  ): Promise<SandboxedCommand> {
    if (policy.network === 'proxy') {
      throw new TurnError(
        'sandbox',
        'This version cannot limit the network to a proxy. Choose network access on or off.',
      );
    }
    const network = policy.network === 'open';
    const roots = writeRootsOf(policy, this.options).filter((root) => existsSync(root));
    const { writable, guarded } = this.openRepository(policy, roots);
    const shared = roots.length === 0 ? [] : ['/dev/shm'];
    const env = splitEnvironment(command.env, { mechanism: 'landlock', network, scratch: null });
    const spec: LandlockSpec = {
      writable: [...roots, ...writable, ...shared, ...WRITABLE_DEVICES],
      denyRead: [...policy.denyRead],
      network,
      env: { ...env.outer, ...env.inner },
    };
    const guard = RestoreGuard.take(guarded);
    const fd = writeSpec(JSON.stringify(spec));
    let released = false;
    return {
      argv: this.options.selfCommand([LAUNCH_WORD, '3', '--', ...command.argv]),
      // The launcher runs outside the fence for a moment, so nothing of the command's environment reaches it.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      inheritFds: [fd],
      release: () => {
        if (released) return;
        released = true;
        closeSync(fd);
        // A new repository is welcome as long as nothing in it would run by itself.
        const changed = guard.restore((path) => isGitPath(path) && isPlainRepository(path));
        for (const path of changed) {
          this.options.warn?.(`A command changed ${path}, which is protected; it was put back as it was.`);
        }
      },
    };
  }

  /** Metadata folders outside the roots that commits need, and what must not change. */
  private openRepository(
    policy: SandboxPolicy,
    roots: readonly string[],
  ): { writable: string[]; guarded: string[] } {
    const writable: string[] = [];
    const guarded: string[] = [];
    if (roots.length === 0) return { writable, guarded };
    for (const path of policy.protectedPaths) {
      const own = isGitPath(path) ? resolveGitFence(path, roots) : null;
      const outer =
        path === `${policy.workspace}/.git` && !existsSync(path)
          ? findOuterGit(policy.workspace, this.options.userHome)
          : null;
      for (const fence of [own, outer === null ? null : resolveGitFence(outer, roots)]) {
        writable.push(...(fence?.writable ?? []));
        // Whole folders among them (other worktrees) are in use by others, who must not find yesterday's state.
        const programs = (fence?.guarded ?? []).filter(
          ({ path, missing }) => missing !== null || isFile(path),
        );
        guarded.push(...programs.map((entry) => entry.path));
      }
      // A repository that is not opened: its objects are too many to remember, and run nothing.
      const isClosedFolder =
        own === null && isGitPath(path) && lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
      if (isClosedFolder) guarded.push(...programPathsOf(path));
      else if (own === null) guarded.push(path);
    }
    return { writable, guarded };
  }
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function writeSpec(text: string): number {
  const fd = openNameless();
  try {
    const bytes = Buffer.from(text);
    let done = 0;
    while (done < bytes.length) done += writeSync(fd, bytes, done);
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY);
  } finally {
    closeSync(fd);
  }
}

function describe(options: LandlockOptions): SandboxReport {
  const network = options.network === 'open' ? 'open' : 'off';
  return {
    mechanism: 'landlock',
    tier: 'B',
    network,
    limits: [
      'Reduced isolation: Landlock without namespaces. Install bubblewrap for the full fence.',
      'Protected files (.git/hooks, .git/config, agent settings) are put back after a command that changed them, not kept from being changed while it runs.',
      'Permissions, owners, times and attributes of your files outside the workspace can be changed, their content cannot.',
      'Commands see the other processes of this machine and what they show about themselves, and share /dev/shm with them.',
      network === 'open'
        ? 'Unix sockets are closed to commands.'
        : 'There are no sockets at all, not even for servers on this machine.',
      ...(options.abi < ABI_WITH_SCOPES
        ? ['This kernel cannot keep commands from sending signals to your other processes (Linux 6.12 can).']
        : []),
    ],
  };
}

export function createLandlock(options: LandlockOptions): Sandbox {
  return new Landlock(options);
}
