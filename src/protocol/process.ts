// A started child process as the engine and the tools see it, whichever runtime started it.

export interface ProcessExit {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  signal: string | null;
}

export interface RunningProcess {
  readonly pid: number;
  /** Called for stdout and stderr alike, in the order of arrival. Set it at once: nothing is kept for later. */
  onOutput: ((chunk: Uint8Array) => void) | null;
  /** Resolves when the process has ended and its output has been delivered. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  write(data: string | Uint8Array): void;
  closeStdin(): void;
  /** Signals the process and all its descendants (its own process group or pid namespace). */
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
}

export interface SpawnRequest {
  argv: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** A terminal of this size, or plain pipes. */
  terminal: { columns: number; rows: number } | null;
  /** `closed`: end of file at once. */
  stdin: 'pipe' | 'closed';
  /** Open descriptors the child gets as 3, 4, ... */
  inheritFds?: readonly number[];
}

/** Starts a process; throws an Error with `code` (ENOENT, EACCES...) when it cannot be started. */
export type Spawn = (request: SpawnRequest) => RunningProcess;
