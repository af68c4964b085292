// Starting processes on Bun: one real pipe for both output streams, or a pseudo terminal.
import { closeSync } from 'node:fs';
import type { ProcessExit, RunningProcess, SpawnRequest } from '../../protocol/process.ts';
import type { BunApi, BunFileSink, BunSpawnOptions, BunSubprocess } from './bun-api.ts';
import { type Libc, openLibc } from './ffi.ts';
import { OutputEnd } from './output-end.ts';
import { signalTree } from './process-tree.ts';

/** Opened once per process: a handle to the C library holds no state of ours. */
let libc: Libc | null | undefined;

function findLibc(): Libc | null {
  if (libc === undefined) {
    const opened = openLibc();
    libc = 'libc' in opened ? opened.libc : null;
  }
  return libc;
}

class BunProcess implements RunningProcess {
  onOutput: ((chunk: Uint8Array) => void) | null = null;
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  private readonly child: BunSubprocess;
  private hasEnded = false;
  private isKilled = false;
  private stdinOpen: boolean;

  constructor(child: BunSubprocess, end: OutputEnd, closeOutput: () => void, stdinOpen: boolean) {
    this.child = child;
    this.pid = child.pid;
    this.stdinOpen = stdinOpen;
    this.exited = this.follow(end, closeOutput);
  }

  private async follow(end: OutputEnd, closeOutput: () => void): Promise<ProcessExit> {
    await this.child.exited;
    this.hasEnded = true;
    // What its root was just starting when it was killed, and what has had no time to leave its group.
    if (this.isKilled) signalTree(this.pid, 'SIGKILL', { rootEnded: true });
    end.processExited();
    await end.complete;
    closeOutput();
    const { signalCode, exitCode } = this.child;
    return { code: signalCode === null ? exitCode : null, signal: signalCode };
  }

  write(data: string | Uint8Array): void {
    if (this.hasEnded || !this.stdinOpen) return;
    if (this.child.terminal) {
      this.child.terminal.write(data);
      return;
    }
    const sink = this.child.stdin as BunFileSink;
    ignoreBrokenPipe(() => sink.write(data));
    ignoreBrokenPipe(() => sink.flush());
  }

  closeStdin(): void {
    if (!this.stdinOpen) return;
    this.stdinOpen = false;
    // A terminal has no end of file of its own: the line discipline makes one from Ctrl-D.
    if (this.child.terminal) this.child.terminal.write('\u0004');
    else ignoreBrokenPipe(() => (this.child.stdin as BunFileSink).end());
  }

  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.isKilled ||= signal !== 'SIGINT';
    signalTree(this.pid, signal, { rootEnded: this.hasEnded });
  }
}

/** A child that stopped reading is not our failure. */
function ignoreBrokenPipe(action: () => unknown): void {
  try {
    const result = action();
    if (result instanceof Promise) result.catch(() => {});
  } catch {
    // As above.
  }
}

async function pump(
  stream: ReadableStreamDefaultReader<Uint8Array>,
  deliver: (chunk: Uint8Array) => void,
  end: OutputEnd,
): Promise<void> {
  try {
    for (let next = await stream.read(); !next.done; next = await stream.read()) deliver(next.value);
  } catch {
    // A pipe that cannot be read has nothing more to say.
  }
  end.streamEnded();
}

export function spawnWithBun(bun: BunApi, request: SpawnRequest): RunningProcess {
  return request.terminal === null ? spawnPiped(bun, request) : spawnTerminal(bun, request, request.terminal);
}

function spawnPiped(bun: BunApi, request: SpawnRequest): RunningProcess {
  // One pipe for both streams keeps their order. Bun's own are socket pairs, through which /dev/stdout cannot be opened.
  const pipe = findLibc()?.pipe() ?? null;
  const output = pipe === null ? 'pipe' : pipe.write;
  const options: BunSpawnOptions = {
    cwd: request.cwd,
    env: request.env,
    stdio: [request.stdin === 'pipe' ? 'pipe' : 'ignore', output, output, ...(request.inheritFds ?? [])],
    detached: true,
  };
  let child: BunSubprocess;
  try {
    child = bun.spawn(request.argv, options);
  } catch (error) {
    if (pipe !== null) closeSync(pipe.read);
    throw error;
  } finally {
    if (pipe !== null) closeSync(pipe.write);
  }
  const streams =
    pipe === null
      ? [child.stdout as ReadableStream<Uint8Array>, child.stderr as ReadableStream<Uint8Array>]
      : [bun.file(pipe.read).stream()];
  const readers = streams.map((stream) => stream.getReader());
  const end = new OutputEnd(readers.length);
  const closeOutput = (): void => {
    for (const reader of readers) reader.cancel().catch(() => {});
    if (pipe !== null) closeSync(pipe.read);
  };
  const running = new BunProcess(child, end, closeOutput, request.stdin === 'pipe');
  const deliver = (chunk: Uint8Array): void => {
    end.chunkArrived();
    running.onOutput?.(chunk);
  };
  // Not before the caller had its chance to listen, even when it awaits the process through a few promises.
  setImmediate(() => {
    for (const reader of readers) void pump(reader, deliver, end);
  });
  return running;
}

function spawnTerminal(
  bun: BunApi,
  request: SpawnRequest,
  size: { columns: number; rows: number },
): RunningProcess {
  const end = new OutputEnd(1);
  let running: BunProcess | null = null;
  const child = bun.spawn(request.argv, {
    cwd: request.cwd,
    env: request.env,
    stdio: [null, null, null, ...(request.inheritFds ?? [])],
    detached: true,
    terminal: {
      cols: size.columns,
      rows: size.rows,
      data: (_, chunk) => {
        end.chunkArrived();
        // Bun may use the buffer again.
        running?.onOutput?.(chunk.slice());
      },
      exit: () => end.streamEnded(),
    },
  });
  running = new BunProcess(child, end, () => child.terminal?.close(), true);
  return running;
}
