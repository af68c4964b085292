// The real thing, slowly: `npm run build`, `npm run pack`, and a global install of the tarballs as the README has it.
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostTarget, makeScratch, manifest, type Scratch } from './fake-install.ts';
import { startRegistry, type Registry } from './registry.ts';

const root = join(import.meta.dirname, '..', '..');
const posix = process.platform !== 'win32';
const isSlowWanted = process.env['SKUA_TEST_SLOW'] === '1';

describe.runIf(posix && isSlowWanted)('the real packages (slow: npm run test:packaging)', () => {
  let scratch: Scratch;
  let registry: Registry;
  let command: string;
  let env: Record<string, string>;

  function run(
    argv: readonly [string, ...string[]],
    options: { input?: string; env?: Record<string, string> } = {},
  ) {
    const [file, ...args] = argv;
    return spawnSync(file, args, {
      cwd: scratch.path,
      encoding: 'utf8',
      input: options.input ?? '',
      env: { ...env, ...options.env },
    });
  }

  function must(result: SpawnSyncReturns<string>): string {
    if (result.status !== 0) throw new Error(`${result.stdout}\n${result.stderr}`);
    return result.stdout;
  }

  beforeAll(async () => {
    scratch = makeScratch();
    // It knows no package: the other platforms' executables are optional, and not to be had.
    registry = await startRegistry([]);
    const home = join(scratch.path, 'home');
    mkdirSync(home);
    chmodSync(home, 0o555);
    env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      npm_config_cache: join(scratch.path, 'cache'),
      npm_config_prefix: join(scratch.path, 'global prefix'),
      npm_config_registry: registry.url,
    };
    const dist = join(scratch.path, 'dist');
    const bun = [process.execPath, join(root, 'scripts', 'run.mjs'), 'bun'] as const;
    must(run([...bun, join(root, 'scripts', 'build.ts'), '--out', dist]));
    must(run([...bun, join(root, 'scripts', 'pack.ts'), '--dist', dist, '--tarballs']));
    const tarballs = readdirSync(join(dist, 'npm')).filter((name) => name.endsWith('.tgz'));
    expect(tarballs).toHaveLength(2);
    // Not a synchronous call: the registry answers from this very process.
    const args = ['install', '-g', '--ignore-scripts', ...tarballs.map((name) => join(dist, 'npm', name))];
    const child = spawn('npm', args, { cwd: scratch.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(output);
    command = join(scratch.path, 'global prefix', 'bin', 'skua');
  }, 180_000);

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    chmodSync(join(scratch.path, 'home'), 0o755);
    scratch[Symbol.dispose]();
  });

  test('says its version: through Node, through the shortcut, without Node, and as the bundle', () => {
    const version = `skua ${manifest.version}\n`;
    expect(must(run([command, '--version']))).toBe(version);
    expect(readFileSync(command, 'utf8')).toMatch(/^#!\/bin\/sh\n/);
    expect(must(run([command, '--version'], { env: { PATH: '/nonexistent' } }))).toBe(version);
    const onNode24 = { SKUA_RUNTIME: 'node', PATH: `${dirname(process.execPath)}:${env['PATH'] ?? ''}` };
    expect(must(run([command, '--version'], { env: onNode24 }))).toBe(version);
  });

  test('mistakes keep their exit code on every way', () => {
    for (const extra of [{}, { SKUA_NO_SELF_LINK: '1' }]) {
      const result = run([command, '--no-such-flag'], { env: extra });
      expect(result.status).toBe(2);
    }
  });

  test('applies patches by its hidden flag', () => {
    const patch = '*** Begin Patch\n*** Add File: made here.txt\n+hello\n*** End Patch\n';
    const done = run([command, '--codex-run-as-apply-patch', patch], {});
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(scratch.path, 'made here.txt'), 'utf8')).toBe('hello\n');
  });

  test('uninstall leaves nothing', () => {
    must(run(['npm', 'uninstall', '-g', 'skua', `skua-${hostTarget().id}`]));
    expect(existsSync(command)).toBe(false);
    expect(readdirSync(join(scratch.path, 'global prefix', 'lib', 'node_modules'))).not.toContain('skua');
  });
});
