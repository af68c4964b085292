// Starting processes on Node: socket pairs for the output streams, a pseudo terminal only with an optional package.
import { type ChildProcess, spawn as startChild } from 'node:child_process';
import { accessSync, constants, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { ProcessExit, RunningProcess, SpawnRequest } from '../../protocol/process.ts';
import { OutputEnd } from './output-end.ts';
import { signalTree } from './process-tree.ts';

/** Source: https://www.npmjs.com/package/@lydell/node-pty (the API of node-pty). */
interface NodePty {
  spawn(
    file: string,
    args: string[],
    options: {
      name: string;
      cols: number;
      rows: number;
      cwd: string;
      env: Record<string, string>;
      encoding: null;
    },
  ): {
    readonly pid: number;
    onData(listener: (data: Uint8Array | string) => void): void;
    onExit(listener: (exit: { exitCode: number; signal?: number }) => void): void;
    write(data: string | Buffer): void;
    kill(): void;
  };
}

function startFailure(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/** Node reports a failed start later and elsewhere; this finds the reason at once. */
function explainFailedStart(request: SpawnRequest): Error {
  const program = request.argv[0] ?? '';
  try {
    if (!statSync(request.cwd).isDirectory())
      return startFailure('ENOTDIR', `${request.cwd} is not a folder`);
  } catch {
    return startFailure('ENOENT', `the working folder ${request.cwd} does not exist`);
  }
  const folders = (request.env['PATH'] ?? '').split(delimiter);
  const candidates = program.includes('/') ? [program] : folders.map((folder) => join(folder, program));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.F_OK);
    } catch {
      continue;
    }
    try {
      accessSync(candidate, constants.X_OK);
    } catch {
      return startFailure('EACCES', `${candidate} may not be executed`);
    }
    return startFailure(
      'EAGAIN',
      `${candidate} could not be started (limit of processes or memory reached?)`,
    );
  }
  return startFailure('ENOENT', `${program} was not found`);
}

/** Found once per process: what was open for children when we were started, and a descriptor of /dev/null to hide it. */
let inherited: { fds: readonly number[]; blank: number } | undefined;

/** Node closes for its children what it opened itself, but not every descriptor that its own parent left open. */
function findInheritedFds(): { fds: readonly number[]; blank: number } {
  if (inherited !== undefined) return inherited;
  const fds: number[] = [];
  for (const name of process.platform === 'linux' ? readdirSync('/proc/self/fd') : []) {
    try {
      const flags =
        /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1] ?? '0';
      const closesOnExec = (Number.parseInt(flags, 8) & 0o2000000) !== 0;
      if (Number(name) > 2 && !closesOnExec) fds.push(Number(name));
    } catch {
      // The descriptor of the listing itself.
    }
  }
  inherited = { fds, blank: fds.length > 0 ? openSync('/dev/null', 'r+') : -1 };
  return inherited;
}

function stdioOf(request: SpawnRequest): ('pipe' | 'ignore' | number)[] {
  const stdio: ('pipe' | 'ignore' | number)[] = [
    request.stdin === 'pipe' ? 'pipe' : 'ignore',
    'pipe',
    'pipe',
    ...(request.inheritFds ?? []),
  ];
  const { fds, blank } = findInheritedFds();
  for (const fd of fds) {
    while (stdio.length <= fd) stdio.push('ignore');
    if (fd >= 3 + (request.inheritFds ?? []).length) stdio[fd] = blank;
  }
  return stdio;
}

class NodeProcess implements RunningProcess {
  onOutput: ((chunk: Uint8Array) => void) | null = null;
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  private readonly child: ChildProcess;
  private hasEnded = false;
  private isKilled = false;

  constructor(child: ChildProcess, pid: number) {
    this.child = child;
    this.pid = pid;
    const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
    const end = new OutputEnd(streams.length);
    for (const stream of streams) {
      stream.on('data', (chunk: Uint8Array) => {
        end.chunkArrived();
        this.onOutput?.(chunk);
      });
      stream.on('error', () => {});
      stream.once('close', () => end.streamEnded());
    }
    child.stdin?.on('error', () => {});
    child.on('error', () => {});
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.hasEnded = true;
        if (this.isKilled) signalTree(this.pid, 'SIGKILL', { rootEnded: true });
        end.processExited();
        void end.complete.then(() => {
          for (const stream of streams) stream.destroy();
          resolve({ code: signal === null ? code : null, signal });
        });
      });
    });
  }

  write(data: string | Uint8Array): void {
    if (!this.hasEnded && this.child.stdin?.writable) this.child.stdin.write(data);
  }

  closeStdin(): void {
    this.child.stdin?.end();
  }

  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.isKilled ||= signal !== 'SIGINT';
    signalTree(this.pid, signal, { rootEnded: this.hasEnded });
  }
}

export function spawnWithNode(request: SpawnRequest): RunningProcess {
  if (request.terminal !== null) return spawnTerminal(request, request.terminal);
  const [program = '', ...args] = request.argv;
  const child = startChild(program, args, {
    cwd: request.cwd,
    env: request.env,
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: stdioOf(request),
  });
  if (child.pid === undefined) {
    child.on('error', () => {});
    throw explainFailedStart(request);
  }
  return new NodeProcess(child, child.pid);
}

function loadPty(): NodePty {
  const require = createRequire(import.meta.url);
  for (const name of ['@lydell/node-pty', 'node-pty']) {
    try {
      return require(name) as NodePty;
    } catch {
      // Not installed, or not built for this machine.
    }
  }
  throw startFailure(
    'ENOTSUP',
    `Node ${process.versions.node} has no pseudo terminals of its own. Install the package @lydell/node-pty, use the skua executable, or run the command without a terminal.`,
  );
}

/** node-pty passes no descriptors on, so a shell opens them again through /proc before it becomes the program. */
function withDescriptors(request: SpawnRequest): readonly string[] {
  const fds = request.inheritFds ?? [];
  if (fds.length === 0) return request.argv;
  const openings = fds.map((fd, index) => `${index + 3}</proc/${process.pid}/fd/${fd}`).join(' ');
  return ['/bin/sh', '-c', `exec "$@" ${openings}`, 'sh', ...request.argv];
}

function spawnTerminal(request: SpawnRequest, size: { columns: number; rows: number }): RunningProcess {
  const pty = loadPty();
  const [program = '', ...args] = withDescriptors(request);
  const child = pty.spawn(program, args, {
    name: request.env['TERM'] ?? 'xterm-256color',
    cols: size.columns,
    rows: size.rows,
    cwd: request.cwd,
    env: request.env,
    encoding: null,
  });
  let hasEnded = false;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.onExit(({ exitCode, signal }) => {
      hasEnded = true;
      resolve(signal ? { code: null, signal: `signal ${signal}` } : { code: exitCode, signal: null });
    });
  });
  const running: RunningProcess = {
    pid: child.pid,
    onOutput: null,
    exited,
    write: (data) => child.write(typeof data === 'string' ? data : Buffer.from(data)),
    closeStdin: () => child.write('\u0004'),
    kill: (signal) => signalTree(child.pid, signal, { rootEnded: hasEnded }),
  };
  child.onData((data) => running.onOutput?.(typeof data === 'string' ? Buffer.from(data) : data));
  return running;
}
