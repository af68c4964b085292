// The fence around commands: what they may read, write and reach, and the port that every OS mechanism implements.

import type { ProcessExit } from './process.ts';

export type SandboxMode = 'read-only' | 'workspace-write' | 'danger-full-access';

/** All paths absolute and real (no symlinks). Fixed when the thread starts: a command's cwd never widens it. */
export interface SandboxPolicy {
  mode: SandboxMode;
  /** Where the thread works; the default write root. */
  workspace: string;
  /** Writable trees besides the workspace (`--add-dir`, `writable_roots`). Empty in read-only. */
  writableRoots: readonly string[];
  /** Whether $TMPDIR and /tmp are writable in workspace-write. */
  writableTmp: { tmpdir: boolean; slashTmp: boolean };
  /** Paths no command may read even though the rest is readable. */
  denyRead: readonly string[];
  /** Paths inside writable roots that stay read-only, also when they do not exist yet. */
  protectedPaths: readonly string[];
  network: 'off' | 'proxy' | 'open';
}

/** Why a mechanism cannot be had here, and what the user can do about it. */
export interface SandboxUnavailable {
  reason: string;
  remedy: string;
}

/** How strong the fence in force is, for banner, `doctor` and errors. */
export interface SandboxReport {
  /** `bubblewrap`, `landlock`, ... or `none` in danger-full-access. */
  mechanism: string;
  tier: 'A' | 'B' | 'none';
  network: 'off' | 'proxy-only' | 'reduced' | 'open';
  /** Limits of this mechanism that a user should know, one sentence each. */
  limits: readonly string[];
}

/** A command made ready to be started inside the fence. */
export interface SandboxedCommand {
  argv: string[];
  /** The complete environment of the started process. */
  env: Record<string, string>;
  /** Open descriptors the child must get as 3, 4, ... in this order. */
  inheritFds: readonly number[];
  /**
   * Frees what the wrapping made (descriptors, mount points of our own). Call once, after the process ended; with
   * how it ended, so that a fence that stopped working is noticed.
   */
  release(exit?: ProcessExit): void;
}

export interface Sandbox {
  readonly report: SandboxReport;
  /** Probes for real (runs a command); null when it works. Cached by the implementation. */
  available(): Promise<SandboxUnavailable | null>;
  /** Takes away what was kept between commands. Commands may still follow. */
  tidy?(): void;
  wrap(
    command: {
      argv: readonly string[];
      cwd: string;
      env: Record<string, string>;
      /** True when it will be started in a terminal: it keeps the session it is started in. */
      terminal?: boolean;
    },
    policy: SandboxPolicy,
  ): Promise<SandboxedCommand>;
}
