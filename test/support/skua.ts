// Starts the program from its sources, as a user would, with a scratch home and a scripted model.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { findBun, findNode } from '../../scripts/run.mjs';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

export type RuntimeName = 'bun' | 'node';

/** argv that starts skua: `SKUA_BIN` when it names a built one, else the sources. */
export function skuaArgv(runtime: RuntimeName = 'bun'): string[] {
  const built = process.env['SKUA_BIN'];
  if (built) return [built];
  const binary = runtime === 'bun' ? findBun() : findNode();
  if (!binary) throw new Error(`no ${runtime} for this platform: run npm ci`);
  return runtime === 'bun' ? [binary, MAIN] : [binary, '--disable-warning=ExperimentalWarning', MAIN];
}

export interface Scratch {
  root: string;
  home: string;
  /** A git repository with one commit. */
  repo: string;
  env: Record<string, string>;
  remove(): void;
}

/** Folders of a test: nothing of the real home or of the caller's environment is seen. */
export function makeScratch(): Scratch {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'skua-test-')));
  const home = join(root, 'home');
  const repo = join(root, 'repo');
  mkdirSync(join(home, '.skua'), { recursive: true, mode: 0o700 });
  mkdirSync(repo);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    SKUA_HOME: join(home, '.skua'),
    SHELL: '/bin/bash',
    TEST_KEY: 'sk-test-canary-0123456789',
    LANG: 'C.UTF-8',
  };
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: repo,
      env: { PATH: env['PATH'] ?? '', HOME: home },
      stdio: 'ignore',
    });
  };
  git('init', '-q', '-b', 'main');
  writeFileSync(join(repo, 'README.md'), '# fixture\n');
  git('add', '-A');
  git('commit', '-q', '-m', 'init');
  return { root, home, repo, env, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** `-c` flags that point skua at a model server on loopback. */
export function providerFlags(baseUrl: string): string[] {
  const provider = 'model_providers.mock';
  return [
    ['model_provider', 'mock'],
    [`${provider}.name`, 'mock'],
    [`${provider}.base_url`, baseUrl],
    [`${provider}.wire_api`, 'responses'],
    [`${provider}.env_key`, 'TEST_KEY'],
  ].flatMap(([key, value]) => ['-c', `${key}=${value}`]);
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Goes away like `head` does. */
  closeStdout(): void;
  /** What came on stdout and stderr so far. */
  readonly soFar: { stdout: string; stderr: string };
  finished: Promise<Finished>;
}

export interface StartOptions {
  args: readonly string[];
  scratch: Scratch;
  runtime?: RuntimeName;
  cwd?: string;
  /** Text or bytes piped in; `closed`: end of file at once; `open`: a pipe nobody writes. */
  stdin?: string | Uint8Array | { pipe: 'open' };
  env?: Record<string, string>;
}

export function startSkua(options: StartOptions): Started {
  const [binary, ...first] = skuaArgv(options.runtime);
  const child = spawn(binary as string, [...first, ...options.args], {
    cwd: options.cwd ?? options.scratch.repo,
    env: { ...options.scratch.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  const { stdin } = options;
  if (stdin === undefined) child.stdin.end();
  else if (typeof stdin === 'string' || stdin instanceof Uint8Array) child.stdin.end(stdin);
  const soFar = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (soFar.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (soFar.stderr += chunk));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      child.stdin.destroy();
      resolve({ code, signal, ...soFar });
    });
  });
  return {
    pid: child.pid as number,
    kill: (signal) => child.kill(signal),
    closeStdout: () => child.stdout.destroy(),
    soFar,
    finished,
  };
}

export function runSkua(options: StartOptions): Promise<Finished> {
  return startSkua(options).finished;
}

/** The JSONL of a run as objects; fails on a line that is no JSON. */
export function parseJsonl(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** An executable file that starts skua, for callers that want one path. */
export function makeShim(scratch: Scratch, runtime: RuntimeName = 'bun'): string {
  const path = join(scratch.root, `skua-${runtime}`);
  const quoted = skuaArgv(runtime).map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  writeFileSync(path, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A process that has ended but that nobody has waited for does not count as alive. */
export function isAlive(pid: number): boolean {
  if (existsSync('/proc/self/stat')) {
    if (!existsSync(`/proc/${pid}/stat`)) return false;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
