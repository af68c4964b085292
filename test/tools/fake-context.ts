// A ToolContext for tests: real files in a temporary folder, real processes, and a record of everything emitted.
import { appendFileSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from '../../src/lib/runtime/spawn.ts';
import { ToolInputError } from '../../src/protocol/error.ts';
import type { ItemDelta } from '../../src/protocol/event.ts';
import type { FileAccess, FileError } from '../../src/protocol/files.ts';
import type { Item } from '../../src/protocol/item.ts';
import type { RunningProcess } from '../../src/protocol/process.ts';
import type {
  BackgroundSession,
  ExecRequest,
  ExecStart,
  SessionTable,
  Tool,
  ToolContext,
  ToolOutcome,
} from '../../src/protocol/tool.ts';

export type Emitted =
  | { type: 'started' | 'updated' | 'completed'; item: Item }
  | { type: 'delta'; itemId: string; delta: ItemDelta };

export function fileError(code: string, message: string): FileError {
  return Object.assign(new Error(message), { code });
}

/** Real files; `denied` paths refuse to be written, as policy would. */
export function realFiles(denied: (path: string) => boolean = () => false): FileAccess {
  const check = (path: string): Promise<void> =>
    denied(path)
      ? Promise.reject(fileError('DENIED', 'writing is blocked by the read-only sandbox'))
      : Promise.resolve();
  return {
    read: (path) => readFile(path),
    async stat(path) {
      try {
        const found = await stat(path);
        const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
        return { kind, size: found.size, mode: found.mode, mtimeMs: found.mtimeMs };
      } catch (error) {
        const { code } = error as FileError;
        if (code === 'ENOENT' || code === 'ENOTDIR') return null;
        throw error;
      }
    },
    checkWrite: check,
    async write(path, data) {
      await check(path);
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path.replace(/\/$/, '')}.tmp`;
      await writeFile(temporary, data);
      try {
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async remove(path) {
      await check(path);
      await rm(path);
    },
  };
}

class FakeSessions implements SessionTable {
  readonly table = new Map<number, BackgroundSession>();
  private last = 1000;

  nextId(): number {
    return ++this.last;
  }
  add(session: BackgroundSession): void {
    this.table.set(session.id, session);
  }
  get(id: number): BackgroundSession | undefined {
    return this.table.get(id);
  }
  remove(id: number): void {
    this.table.delete(id);
  }
  list(): readonly BackgroundSession[] {
    return [...this.table.values()];
  }
}

/** The command in a plain bash, started by the adapter that the program uses. */
export function startProcess(request: ExecRequest): RunningProcess {
  return spawn({
    argv: ['/bin/bash', '-c', request.command],
    cwd: request.workdir,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' },
    terminal: null,
    stdin: request.terminal ? 'pipe' : 'closed',
  });
}

export interface FakeContextOptions {
  inputImages?: boolean;
  outputTokenLimit?: number;
  files?: FileAccess;
  exec?: (request: ExecRequest) => Promise<ExecStart>;
  approvePatch?: ToolContext['approvePatch'];
  ask?: ToolContext['ask'];
  sleep?: ToolContext['sleep'];
}

/** One temporary thread: its folder, its events, and calls of tools in it. */
export class FakeThread {
  readonly cwd: string;
  readonly spillFolder: string;
  readonly emitted: Emitted[] = [];
  readonly sessions = new FakeSessions();
  readonly spills: string[] = [];
  readonly requests: ExecRequest[] = [];
  readonly processes: RunningProcess[] = [];
  turnId = 'turn-1';
  private abort = new AbortController();
  private calls = 0;
  private readonly options: FakeContextOptions;
  private watchers: (() => void)[] = [];

  constructor(options: FakeContextOptions = {}) {
    this.options = options;
    this.cwd = realpathSync(mkdtempSync(join(tmpdir(), 'skua-tools-')));
    this.spillFolder = realpathSync(mkdtempSync(join(tmpdir(), 'skua-spill-')));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.sessions.list().map((session) => session.close()));
    rmSync(this.cwd, { recursive: true });
    rmSync(this.spillFolder, { recursive: true });
  }

  interrupt(): void {
    this.abort.abort();
  }

  newTurn(id: string): void {
    this.turnId = id;
    this.abort = new AbortController();
  }

  put(files: Record<string, string | Uint8Array>): void {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.cwd, name), content);
  }

  text(name: string): string {
    return readFileSync(join(this.cwd, name), 'utf8');
  }

  /** Runs a call the way the engine does: item started, run, item completed; bad input is output. */
  async call(tool: Tool, input: string | object): Promise<ToolOutcome & { text: string }> {
    const callId = `call-${++this.calls}`;
    const written = typeof input === 'string' ? input : JSON.stringify(input);
    try {
      const prepared = tool.prepare(written, { callId, cwd: this.cwd });
      if (prepared.item) this.emit({ type: 'started', item: prepared.item });
      const outcome = await prepared.run(this.context(callId));
      if (outcome.item) this.emit({ type: 'completed', item: outcome.item });
      return { ...outcome, text: typeof outcome.output === 'string' ? outcome.output : '' };
    } catch (error) {
      if (error instanceof ToolInputError)
        return { output: error.message, text: error.message, success: false };
      throw error;
    }
  }

  items(type: 'started' | 'updated' | 'completed'): Item[] {
    return this.emitted.flatMap((event) => (event.type === type ? [event.item] : []));
  }

  deltas(kind: ItemDelta['kind']): string {
    return this.emitted
      .flatMap((event) => (event.type === 'delta' && event.delta.kind === kind ? [event.delta.text] : []))
      .join('');
  }

  /** Resolves when the condition holds; looked at after every event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.watchers.push(resolve));
  }

  private emit(event: Emitted): void {
    this.emitted.push(event);
    for (const wake of this.watchers.splice(0)) wake();
  }

  private context(callId: string): ToolContext {
    const { options } = this;
    return {
      threadId: 'thread',
      turnId: this.turnId,
      callId,
      cwd: this.cwd,
      signal: this.abort.signal,
      outputTokenLimit: options.outputTokenLimit ?? 10_000,
      inputImages: options.inputImages ?? true,
      now: () => performance.now(),
      sleep: options.sleep ?? sleep,
      exec: options.exec ?? ((request) => this.exec(request)),
      displayCommand: (request) => `/bin/bash ${request.login ? '-lc' : '-c'} '${request.command}'`,
      files: options.files ?? realFiles(),
      sessions: this.sessions,
      approvePatch: options.approvePatch ?? (() => Promise.resolve(null)),
      ask: options.ask ?? (() => Promise.resolve(null)),
      emitDelta: (itemId, delta) => this.emit({ type: 'delta', itemId, delta }),
      startItem: (item) => this.emit({ type: 'started', item }),
      updateItem: (item) => this.emit({ type: 'updated', item }),
      completeItem: (item) => this.emit({ type: 'completed', item }),
      openSpill: () => {
        const path = join(this.spillFolder, `${this.spills.length}.log`);
        this.spills.push(path);
        writeFileSync(path, '');
        return { path, write: (chunk) => appendFileSync(path, chunk), close: () => {} };
      },
    };
  }

  private async exec(request: ExecRequest): Promise<ExecStart> {
    this.requests.push(request);
    try {
      const started = startProcess(request);
      // Listening starts only after this promise has resolved, so output is kept until then.
      this.processes.push(started);
      return {
        type: 'started',
        process: started,
        argv: ['/bin/bash', '-c', request.command],
        sandboxed: false,
      };
    } catch (error) {
      return { type: 'refused', reason: `The command was not started: ${String(error)}`, declined: false };
    }
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
