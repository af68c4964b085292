// The launcher of the npm package: which runtime it starts, how it ends, and when it puts the executable in its own place.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  installFake,
  makeScratch,
  replaceExecutable,
  type FakeInstall,
  type Scratch,
} from './fake-install.ts';

interface Launcher {
  platformIds(platform: string, arch: string, exists: (path: string) => boolean): string[];
  whyProcessorTooOld(platform: string, arch: string, cpuinfo: string): string | null;
  shortcutTo(executable: string): string;
  writeShortcut(options: {
    executable: string;
    link: string;
    platform: string;
    env: Record<string, string>;
  }): boolean;
}

const launcher = createRequire(import.meta.url)('../../packaging/launcher/skua.js') as Launcher;
const posix = process.platform !== 'win32';
const isRoot = process.getuid?.() === 0;

interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const scratches: Scratch[] = [];
afterEach(() => {
  for (const scratch of scratches.splice(0)) scratch[Symbol.dispose]();
});

function setUp(): { folder: string; install: FakeInstall } {
  const scratch = makeScratch();
  scratches.push(scratch);
  return { folder: scratch.path, install: installFake(scratch.path) };
}

interface RunOptions {
  env?: Record<string, string>;
  uid?: number;
  argv0?: string;
}

function start(
  argv: readonly [string, ...string[]],
  { env = {}, ...options }: RunOptions = {},
): ChildProcessWithoutNullStreams {
  const [file, ...args] = argv;
  // `#!/usr/bin/env node` must find the Node that runs these tests.
  const path = `${dirname(process.execPath)}:/usr/bin:/bin`;
  return spawn(file, args, { ...options, env: { PATH: path, HOME: '/nonexistent', ...env } });
}

async function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const closed = once(child, 'close');
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}

async function run(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
  input = '',
): Promise<Outcome> {
  const child = start(argv, options);
  // Most of them end without reading.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return outcomeOf(child);
}

/** A file for `node --require` that makes this Node look like another one. */
function writePreload(folder: string, code: string): { NODE_OPTIONS: string } {
  const file = join(folder, 'preload.cjs');
  writeFileSync(file, code);
  return { NODE_OPTIONS: `--require "${file}"` };
}

const WITHOUT_EXECVE = 'delete process.execve;';
const AS_NODE_20 = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`;

describe.runIf(posix).each(['execve', 'spawn'])('the launcher, by %s', (way) => {
  function prepare(): { install: FakeInstall; env: Record<string, string> } {
    const { folder, install } = setUp();
    const preload = way === 'spawn' ? writePreload(folder, WITHOUT_EXECVE) : {};
    return { install, env: { SKUA_NO_SELF_LINK: '1', ...preload } };
  }

  test('hands over arguments, input and exit code', async () => {
    const { install, env } = prepare();
    expect(await run([install.command, 'exit', '7', 'a b', ''], { env })).toEqual({
      code: 7,
      signal: null,
      stdout: 'exe|exit|7|a b|\n',
      stderr: '',
    });
    expect((await run([install.command, 'cat'], { env }, 'from stdin')).stdout).toBe('exe|cat\nfrom stdin');
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL', 'SIGSEGV'] as const)(
    'ends by %s when the executable does',
    async (signal) => {
      const { install, env } = prepare();
      const outcome = await run([install.command, 'die', signal.slice(3)], { env });
      expect(outcome).toMatchObject({ code: null, signal });
    },
  );

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'passes %s on, and never ends with 0 by it',
    async (signal) => {
      const { install, env } = prepare();
      const child = start([install.command, 'wait'], { env });
      child.stdout.once('data', () => child.kill(signal));
      expect(await outcomeOf(child)).toMatchObject({ code: null, signal });
    },
  );

  test('lets the executable clean up after a signal', async () => {
    const { install, env } = prepare();
    const child = start([install.command, 'trap'], { env });
    child.stdout.on('data', (data: Buffer) => {
      if (data.toString().includes('ready')) child.kill('SIGTERM');
    });
    const outcome = await outcomeOf(child);
    expect(outcome).toMatchObject({ code: 143, signal: null });
    expect(outcome.stdout).toContain('got-term');
  });

  test('keeps the name it was called by', async () => {
    const { install, env } = prepare();
    replaceExecutable(install, process.execPath);
    const { stdout } = await run([install.command, '-p', 'process.argv0'], { env });
    expect(stdout).toBe('skua\n');
  });
});

describe.runIf(posix)('the shortcut past Node', () => {
  const isShortcut = (install: FakeInstall): boolean =>
    readFileSync(install.link, 'utf8') === launcher.shortcutTo(install.executable);

  test('after the first start the command needs no Node', async () => {
    const { install } = setUp();
    expect((await run([install.command, 'exit', '3'])).code).toBe(3);
    expect(isShortcut(install)).toBe(true);
    const withoutNode = { env: { PATH: dirname(install.executable) } };
    expect(await run([install.command, 'exit', '4', 'a b', ''], withoutNode)).toEqual({
      code: 4,
      signal: null,
      stdout: 'exe|exit|4|a b|\n',
      stderr: '',
    });
    expect(await run([install.command, 'die', 'TERM'], withoutNode)).toMatchObject({ signal: 'SIGTERM' });
  });

  test('it is a Node script too, for shims that say "node FILE"', async () => {
    const { install } = setUp();
    await run([install.command]);
    expect(isShortcut(install)).toBe(true);
    expect((await run([process.execPath, install.link, 'exit', '6'])).code).toBe(6);
    expect((await run([process.execPath, install.launcher, 'exit', '5'])).code).toBe(5);
  });

  test('SKUA_RUNTIME still decides', async () => {
    const { install } = setUp();
    await run([install.command]);
    const forced = await run([install.command, 'x'], { env: { SKUA_RUNTIME: 'node' } });
    expect(forced.stdout).toBe('bundle|x\n');
  });

  test('when the executable has gone, Node takes over', async () => {
    const { install } = setUp();
    await run([install.command]);
    rmSync(install.platformPackage, { recursive: true });
    expect((await run([install.command, 'x'])).stdout).toBe('bundle|x\n');
  });

  test('not with SKUA_NO_SELF_LINK=1', async () => {
    const { install } = setUp();
    await run([install.command], { env: { SKUA_NO_SELF_LINK: '1' } });
    expect(isShortcut(install)).toBe(false);
  });

  test('quotes any path, and refuses one that would end its line', () => {
    const text = launcher.shortcutTo("/it's here/$HOME/skua");
    expect(text).toContain(`skua='/it'\\''s here/$HOME/skua'`);
    const link = join(setUp().folder, 'link');
    const done = launcher.writeShortcut({ executable: '/a\nb/skua', link, platform: 'linux', env: {} });
    expect(done).toBe(false);
  });

  test.runIf(isRoot)('an install that belongs to root still starts for others, unchanged', async () => {
    const { install } = setUp();
    const outcome = await run([install.command, 'exit', '8'], { uid: 65_534 });
    expect(outcome).toMatchObject({ code: 8, stderr: '' });
    expect(isShortcut(install)).toBe(false);
    expect(readdirSync(dirname(install.link)).toSorted()).toEqual(['skua', 'skua.js']);
  });

  test.runIf(isRoot)('two users: what one has written, the other starts', async () => {
    const { install } = setUp();
    chownSync(dirname(install.link), 65_534, 65_534);
    await run([install.command], { uid: 65_534 });
    expect(isShortcut(install)).toBe(true);
    expect((await run([install.command, 'exit', '9'])).code).toBe(9);
  });

  test('many first starts at once all work and leave nothing behind', async () => {
    const { install } = setUp();
    const codes = Array.from({ length: 12 }, (_, index) => index + 1);
    const outcomes = await Promise.all(codes.map((code) => run([install.command, 'exit', String(code)])));
    expect(outcomes.map((outcome) => outcome.code)).toEqual(codes);
    expect(isShortcut(install)).toBe(true);
    expect(readdirSync(dirname(install.link)).toSorted()).toEqual(['skua', 'skua.js']);
  });
});

describe.runIf(posix)('without a usable executable', () => {
  test('the bundle runs on this Node when the platform package is missing', async () => {
    const { install } = setUp();
    rmSync(install.platformPackage, { recursive: true });
    expect(await run([install.command, 'a', 'b'])).toMatchObject({
      code: 0,
      stdout: 'bundle|a|b\n',
      stderr: '',
    });
  });

  test('an old Node gets one line that names the package and the next step', async () => {
    const { folder, install } = setUp();
    rmSync(install.platformPackage, { recursive: true });
    const outcome = await run([install.command], { env: writePreload(folder, AS_NODE_20) });
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^skua: the package skua-\S+ is not installed, .* Node 22\.15 or newer \(this is Node 20\.20\.2\)\. Install it again .*--include=optional\n$/,
    );
  });

  test('an executable of another version is not started', async () => {
    const { folder, install } = setUp();
    const file = join(install.platformPackage, 'package.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": "[^"]+"/, '"version": "0.0.1"'));
    expect((await run([install.command])).stdout).toBe('bundle\n');
    const old = await run([install.command], { env: writePreload(folder, AS_NODE_20) });
    expect(old.stderr).toMatch(/is version 0\.0\.1, but skua is \d/);
  });

  test('an executable that lost its mode bits gets them back', async () => {
    const { install } = setUp();
    chmodSync(install.executable, 0o644);
    expect((await run([install.command, 'exit', '2'])).code).toBe(2);
  });
});

describe('SKUA_RUNTIME', () => {
  test.runIf(posix)('node forces the bundle', async () => {
    const { install } = setUp();
    expect((await run([install.command, 'x'], { env: { SKUA_RUNTIME: 'node' } })).stdout).toBe('bundle|x\n');
  });

  test.runIf(posix)('node on an old Node is an error, and so is another value', async () => {
    const { folder, install } = setUp();
    const old = await run([install.command], {
      env: { SKUA_RUNTIME: 'node', ...writePreload(folder, AS_NODE_20) },
    });
    expect(old).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('needs Node 22.15 or newer') as string,
    });
    const wrong = await run([install.command], { env: { SKUA_RUNTIME: 'deno' } });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('"native" or "node"') as string });
  });

  test.runIf(posix)('native never falls back to the bundle', async () => {
    const { install } = setUp();
    rmSync(install.platformPackage, { recursive: true });
    const outcome = await run([install.command], { env: { SKUA_RUNTIME: 'native' } });
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('what runs here', () => {
  test('glibc before musl, except where only musl is', () => {
    expect(launcher.platformIds('linux', 'x64', () => true)).toEqual(['linux-x64', 'linux-x64-musl']);
    const onlyMusl = (path: string): boolean => path.includes('musl');
    expect(launcher.platformIds('linux', 'arm64', onlyMusl)).toEqual(['linux-arm64-musl', 'linux-arm64']);
    expect(launcher.platformIds('darwin', 'arm64', () => false)).toEqual(['darwin-arm64']);
  });

  test('an x64 processor without AVX2 is told apart from one with it and from an unreadable one', () => {
    const old = 'processor\t: 0\nflags\t\t: fpu avx sse4_2\n';
    expect(launcher.whyProcessorTooOld('linux', 'x64', old)).toContain('AVX2');
    expect(launcher.whyProcessorTooOld('linux', 'x64', 'flags\t\t: fpu avx avx2 bmi\n')).toBeNull();
    expect(launcher.whyProcessorTooOld('linux', 'x64', '')).toBeNull();
    expect(launcher.whyProcessorTooOld('linux', 'arm64', old)).toBeNull();
  });
});
