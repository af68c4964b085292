// The slice of Bun that skua uses, typed by hand so that the source compiles and runs without Bun.

/** Source: https://bun.com/reference/bun/Terminal */
export interface BunTerminal {
  write(data: string | Uint8Array): number;
  close(): void;
}

/** Source: https://bun.com/reference/bun/FileSink */
export interface BunFileSink {
  write(data: string | Uint8Array): number;
  flush(): number | Promise<number>;
  end(): unknown;
}

/** Source: https://bun.com/reference/bun/Subprocess */
export interface BunSubprocess {
  readonly pid: number;
  readonly exited: Promise<number>;
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  readonly stdin: BunFileSink | number | null | undefined;
  readonly stdout: ReadableStream<Uint8Array> | number | null | undefined;
  readonly stderr: ReadableStream<Uint8Array> | number | null | undefined;
  readonly terminal?: BunTerminal;
}

export interface BunSpawnOptions {
  cwd: string;
  env: Record<string, string>;
  stdio: (number | 'pipe' | 'ignore' | null)[];
  detached: boolean;
  terminal?: {
    cols: number;
    rows: number;
    data(terminal: BunTerminal, chunk: Uint8Array): void;
    exit(): void;
  };
}

export interface BunApi {
  readonly version: string;
  spawn(argv: readonly string[], options: BunSpawnOptions): BunSubprocess;
  /** Collects garbage; `true`: before it returns. */
  gc(force: boolean): void;
  readonly unsafe: { setJITPolicy(scale: number): void };
  file(fd: number): { stream(): ReadableStream<Uint8Array> };
}

/** The Bun global, or null on another runtime. */
export function findBunApi(): BunApi | null {
  return (globalThis as { Bun?: BunApi }).Bun ?? null;
}
