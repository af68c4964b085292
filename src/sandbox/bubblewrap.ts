// Tier A on Linux: bubblewrap with namespaces, read-only mounts and a seccomp filter.
import { execFile } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { TurnError } from '../protocol/error.ts';
import type { ProcessExit } from '../protocol/process.ts';
import type {
  Sandbox,
  SandboxedCommand,
  SandboxPolicy,
  SandboxReport,
  SandboxUnavailable,
} from '../protocol/sandbox.ts';
import { type BubblewrapPlan, bubblewrapArguments } from './bubblewrap-arguments.ts';
import { splitEnvironment } from './command-environment.ts';
import { findPins, isExposed, type Mount, orderMounts } from './fence-plan.ts';
import { FilterFile } from './filter-file.ts';
import { findOuterGit, type GitFence, type GuardedPath, isGitPath, resolveGitFence } from './git-metadata.ts';
import { type GuardedLink, readLink, restoreLink } from './link-guard.ts';
import { MountPoints } from './mount-points.ts';
import { isInside, type PathContext, writeRootsOf } from './path-rules.ts';
import { buildFilter, encodeFilter } from './seccomp.ts';
import type { FilterArch } from './syscall-numbers.ts';
import { findSocketMasks, readSocketListing } from './unix-sockets.ts';

export interface BubblewrapOptions extends PathContext {
  /** Absolute path of bwrap. */
  program: string;
  uid: number;
  arch: FilterArch;
  /** Home of the user, whose git repository is never opened for a workspace below it; null when unknown. */
  userHome: string | null;
  /** `$XDG_RUNTIME_DIR` of skua's own environment. */
  runtimeDir: string | null;
  network: SandboxPolicy['network'];
  /** Starts a real command in the fence; null when it worked. */
  probe(sandbox: Sandbox): Promise<SandboxUnavailable | null>;
  /** True when an earlier process found the fence working and nothing it depends on has changed since. */
  known: boolean;
}

/** Links in /run that NixOS needs to find its programs. */
const RUN_LINKS = [
  '/run/current-system',
  '/run/booted-system',
  '/run/opengl-driver',
  '/run/opengl-driver-32',
];

const NO_STAND_IN: GuardedPath['missing'] = null;

interface Guard {
  mounts: Mount[];
  held: { path: string; standIn: Exclude<GuardedPath['missing'], null> }[];
  links: GuardedLink[];
  /** Descriptors of pinned folders, for the child as 4, 5, ... */
  pins: number[];
}

const SECCOMP_FD = 3;

class Bubblewrap implements Sandbox {
  readonly report: SandboxReport;
  private readonly options: BubblewrapOptions;
  private readonly mountPoints = new MountPoints();
  private readonly filters = new Map<boolean, FilterFile>();
  private readonly hiddenFolders: readonly string[];
  private readonly runFiles: readonly string[];
  private readonly runLinks: BubblewrapPlan['links'];
  private readonly bash = ['/bin/bash', '/usr/bin/bash'].find((path) => existsSync(path)) ?? null;
  private verdict: Promise<SandboxUnavailable | null> | null = null;
  private confirmed = false;
  private canBindFd: Promise<boolean> | null = null;

  constructor(options: BubblewrapOptions) {
    this.options = options;
    this.report = describe(options.network);
    this.hiddenFolders = findHiddenFolders(options.runtimeDir);
    this.runFiles = findResolverFile();
    this.runLinks = RUN_LINKS.flatMap((path) => readLink(path) ?? []);
  }

  available(): Promise<SandboxUnavailable | null> {
    if (this.options.known && this.verdict === null) this.verdict = Promise.resolve(null);
    this.verdict ??= this.options.probe(this);
    return this.verdict;
  }

  tidy(): void {
    this.mountPoints.removeIdle();
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
    const roots = writeRootsOf(policy, this.options).filter((root) => existsSync(root));
    const network = policy.network === 'open';
    const identity = this.identityFor(policy);
    const masks = network
      ? null
      : findSocketMasks({
          listing: readSocketListing(),
          hidden: ['/dev', '/proc', ...this.hiddenFolders],
          roots: [policy.workspace, ...roots],
          uid: this.options.uid,
          ignoresModes: identity === 'root',
        });
    const guard = this.guardPaths(policy, roots);
    try {
      await this.pinParents(guard);
      const mounts: Mount[] = [
        ...guard.mounts,
        ...[...(masks?.folders ?? [])].map((path): Mount => ({ path, kind: 'private' })),
        ...(masks?.files ?? []).map((path): Mount => ({ path, kind: 'hidden-file' })),
      ];
      const scratch = roots.length === 0 ? '/dev/shm' : null;
      const env = splitEnvironment(command.env, { mechanism: 'bubblewrap', network, scratch });
      const argv = bubblewrapArguments({
        program: this.options.program,
        identity,
        network,
        terminal: command.terminal === true,
        bash: this.bash,
        mounts: orderMounts(mounts),
        links: this.runLinks,
        seccompFd: SECCOMP_FD,
        setenv: env.inner,
        cwd: command.cwd,
        command: command.argv,
      });
      // Abstract sockets belong to the network namespace: with the host's network, Unix sockets are closed.
      const fd = this.filter(masks !== null).open();
      return { argv, env: env.outer, inheritFds: [fd, ...guard.pins], release: this.releaser(fd, guard) };
    } catch (error) {
      this.letGo(guard);
      throw error;
    }
  }

  /**
   * Keeps parents of protected paths in place. A command that is still running could swap such a folder for a link
   * just now, and the mount would open what the link names: so it is opened first, and mounted by its descriptor.
   */
  private async pinParents(guard: Guard): Promise<void> {
    const pins = findPins(guard.mounts);
    if (pins.length === 0) return;
    this.canBindFd ??= hasOption(this.options.program, '--bind-fd');
    const isExact = await this.canBindFd;
    for (const path of pins) {
      if (!isExact) {
        guard.mounts.push({ path, kind: 'read-only' });
        continue;
      }
      guard.pins.push(openExactly(path));
      guard.mounts.push({ path, kind: 'writable', fd: SECCOMP_FD + guard.pins.length });
    }
  }

  private releaser(fd: number, guard: Guard): (exit?: ProcessExit) => void {
    let released = false;
    return (exit) => {
      if (released) return;
      released = true;
      closeSync(fd);
      this.letGo(guard);
      // bwrap's own failures end with 1. A verdict from an earlier process is checked again at the first doubt.
      if (exit === undefined || this.confirmed) return;
      this.confirmed = true;
      if (exit.code === 1 && this.options.known) this.verdict = this.options.probe(this);
    };
  }

  private letGo(guard: Guard): void {
    for (const fd of guard.pins) closeSync(fd);
    for (const { path, standIn } of guard.held) this.mountPoints.release(path, standIn);
    for (const link of guard.links) restoreLink(link);
  }

  private filter(unixSockets: boolean): FilterFile {
    let file = this.filters.get(unixSockets);
    if (file === undefined) {
      const { arch } = this.options;
      file = new FilterFile(
        encodeFilter(buildFilter({ arch, internet: true, unixSockets, systemVIpc: true })),
      );
      this.filters.set(unixSockets, file);
    }
    return file;
  }

  private identityFor(policy: SandboxPolicy): BubblewrapPlan['identity'] {
    if (this.options.uid !== 0) return 'mapped';
    const owner = policy.mode === 'workspace-write' ? statSync(policy.workspace).uid : 0;
    return owner === 0 ? 'mapped-root' : 'root';
  }

  /** Mounts of the policy, with something to mount over where a protected path is missing. */
  private guardPaths(policy: SandboxPolicy, roots: readonly string[]): Guard {
    const base: Mount[] = [
      ...this.hiddenFolders.map((path): Mount => ({ path, kind: 'private' })),
      ...this.runFiles.map((path): Mount => ({ path, kind: 'read-only' })),
      ...roots.map((path): Mount => ({ path, kind: 'writable' })),
    ];
    const guarded = roots.length === 0 ? [] : this.listGuarded(policy, roots, base);
    const guard: Guard = { mounts: base, held: [], links: [], pins: [] };
    try {
      for (const entry of guarded) this.addGuarded(entry, guard);
    } catch (error) {
      this.letGo(guard);
      throw error;
    }
    for (const path of policy.denyRead) {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat) guard.mounts.push({ path, kind: stat.isDirectory() ? 'hidden-folder' : 'hidden-file' });
    }
    return guard;
  }

  private listGuarded(policy: SandboxPolicy, roots: readonly string[], base: Mount[]): GuardedPath[] {
    const guarded: GuardedPath[] = [];
    const open = (fence: GitFence): void => {
      guarded.push(...fence.guarded);
      for (const path of fence.writable) base.push({ path, kind: 'writable' });
    };
    for (const path of policy.protectedPaths) {
      const fence = isGitPath(path) ? resolveGitFence(path, roots) : null;
      if (fence === null) guarded.push({ path, missing: { kind: 'folder' } });
      else open(fence);
      if (fence !== null || path !== `${policy.workspace}/.git` || this.exists(path)) continue;
      const outer = findOuterGit(policy.workspace, this.options.userHome);
      const outerFence = outer === null ? null : resolveGitFence(outer, roots);
      if (outerFence !== null) open(outerFence);
    }
    return guarded;
  }

  /** Whether something real is there: stand-ins do not count. */
  private exists(path: string): boolean {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined && !this.mountPoints.isStandIn(path);
  }

  private addGuarded({ path, missing }: GuardedPath, guard: Guard): void {
    if (!isExposed(path, guard.mounts)) return;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) {
      const link = readLink(path);
      if (link !== null) guard.links.push(link);
      const target = existsSync(path) ? realpathSync(path) : null;
      if (target !== null && isExposed(target, guard.mounts))
        guard.mounts.push({ path: target, kind: 'read-only' });
      return;
    }
    const standIn = missing ?? NO_STAND_IN;
    const isStandIn =
      stat !== undefined &&
      standIn !== null &&
      (standIn.kind === 'folder'
        ? stat.isDirectory() && this.mountPoints.isStandIn(path)
        : this.mountPoints.isStandInFile(path, standIn.content));
    if (stat === undefined || isStandIn) {
      if (standIn === null || !this.mountPoints.hold(path, standIn)) return;
      guard.held.push({ path, standIn });
    }
    const isEmptyFolder = standIn?.kind === 'folder' && (stat === undefined || isStandIn);
    guard.mounts.push({ path, kind: isEmptyFolder ? 'empty' : 'read-only' });
  }
}

const O_PATH = 0o10000000;

/** A descriptor of the folder that is at this very path, no link on the way. */
function openExactly(path: string): number {
  const fd = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (readlinkSync(`/proc/self/fd/${fd}`) === path) return fd;
  closeSync(fd);
  throw new TurnError(
    'sandbox',
    `${path} changed while the sandbox was being set up; the command was not started.`,
  );
}

/** Older ones do not have every option; then less is writable. */
function hasOption(program: string, option: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--help'], { env: {} }, (_, stdout, stderr) =>
      resolve((stdout + stderr).includes(option)),
    );
  });
}

function findHiddenFolders(runtimeDir: string | null): string[] {
  const folders = ['/run'];
  for (const path of ['/var/run', runtimeDir]) {
    const stat = path === null ? undefined : lstatSync(path, { throwIfNoEntry: false });
    if (
      path !== null &&
      stat?.isDirectory() &&
      !folders.some((known) => isInside(realpathSync(path), known))
    ) {
      folders.push(realpathSync(path));
    }
  }
  return folders.filter((path) => existsSync(path));
}

/** The resolver's configuration often is a link into /run. */
function findResolverFile(): string[] {
  try {
    readlinkSync('/etc/resolv.conf');
    const target = realpathSync('/etc/resolv.conf');
    return isInside(target, '/run') ? [target] : [];
  } catch {
    return [];
  }
}

function describe(network: SandboxPolicy['network']): SandboxReport {
  return {
    mechanism: 'bubblewrap',
    tier: 'A',
    network: network === 'open' ? 'open' : 'off',
    limits: [
      'Everything that you may read, a command may read too, except the paths in deny_read.',
      network === 'open'
        ? 'With network access on, Unix sockets are closed to commands.'
        : 'Unix socket files that exist when a command starts are hidden; one that another program makes meanwhile in a readable folder is not.',
      'A workspace without a git repository gets none from inside: git init needs a command outside the sandbox.',
      'A hard link made before to a protected file is a second way to it.',
    ],
  };
}

export function createBubblewrap(options: BubblewrapOptions): Sandbox {
  return new Bubblewrap(options);
}
