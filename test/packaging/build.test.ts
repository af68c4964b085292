// What `npm run build` makes: an executable that takes nothing from the folder it starts in, and a bundle for Node.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeScratch, type Scratch } from './fake-install.ts';

const root = join(import.meta.dirname, '..', '..');
const windows = process.platform === 'win32';

/** A program that says what it sees; the lazy part proves that chunks are inside. */
const ENTRY = `
declare const SKUA_VERSION: string;
const { describe } = await import('./lazy.ts');
console.log(JSON.stringify(describe(SKUA_VERSION)));
`;
const LAZY = `
export function describe(version: string): unknown {
  return { version, args: process.argv.slice(2), argv0: process.argv0, leaked: process.env['LEAKED'] ?? null };
}
`;

/** A repository that tries everything Bun reads by itself. */
const HOSTILE = {
  '.env': 'LEAKED=dotenv\n',
  '.env.production': 'LEAKED=dotenv-production\n',
  'bunfig.toml': 'preload = ["./evil.ts"]\n[run]\nbun = true\n',
  'evil.ts': 'console.log("EVIL"); process.env.LEAKED = "preload";\n',
  'package.json': '{"type":"commonjs","scripts":{"exec":"echo EVIL"},"imports":{"./lazy.ts":"./evil.ts"}}\n',
  'tsconfig.json': '{"compilerOptions":{"baseUrl":".","paths":{"*":["./evil.ts"]}}}\n',
};

let scratch: Scratch;
let executable: string;
let hostile: string;

beforeAll(() => {
  scratch = makeScratch();
  const entry = join(scratch.path, 'entry.ts');
  writeFileSync(entry, ENTRY);
  writeFileSync(join(scratch.path, 'lazy.ts'), LAZY);
  hostile = join(scratch.path, 'hostile');
  mkdirSync(hostile);
  for (const [name, text] of Object.entries(HOSTILE)) writeFileSync(join(hostile, name), text);
  const out = join(scratch.path, 'dist');
  const argv = ['scripts/run.mjs', 'bun', 'scripts/build.ts', '--entry', entry, '--out', out];
  const built = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the build failed: ${built.stderr}`);
  executable = join(out, windows ? 'skua.exe' : 'skua');
}, 60_000);

afterAll(() => scratch[Symbol.dispose]());

function runHere(
  argv: readonly [string, ...string[]],
  env: Record<string, string> = {},
): SpawnSyncReturns<string> {
  const [file, ...args] = argv;
  const base = windows ? { SystemRoot: process.env['SystemRoot'] ?? '' } : {};
  return spawnSync(file, args, { cwd: hostile, env: { ...base, PATH: '', ...env }, encoding: 'utf8' });
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const clean = { version: manifest.version, leaked: null };

describe('the executable', () => {
  test('reads no .env, bunfig.toml, package.json or tsconfig.json of the folder it starts in', () => {
    const result = runHere([executable, 'exec', 'run', '--preload', './evil.ts']);
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toMatchObject({
      ...clean,
      args: ['exec', 'run', '--preload', './evil.ts'],
    });
  });

  test('stays itself whatever Bun variables it inherits', () => {
    for (const env of [
      { BUN_BE_BUN: '1' },
      { BUN_OPTIONS: '--preload ./evil.ts' },
      { BUN_OPTIONS: '--version' },
      { BUN_INSPECT_PRELOAD: './evil.ts' },
      { NODE_OPTIONS: '--require ./evil.ts' },
    ]) {
      expect(JSON.parse(runHere([executable, '--version'], env).stdout)).toMatchObject(clean);
    }
  });

  test.skipIf(windows)('knows the name it was called by', () => {
    const link = join(scratch.path, 'apply_patch');
    symlinkSync(executable, link);
    expect(JSON.parse(runHere([link]).stdout)).toMatchObject({ argv0: link });
  });
});

describe('the Node bundle', () => {
  test('runs on this Node, and the file itself can be executed', () => {
    const bundle = join(dirname(executable), 'skua.mjs');
    const result = runHere([process.execPath, bundle, 'a']);
    expect(JSON.parse(result.stdout)).toMatchObject({ ...clean, args: ['a'] });
    if (!windows) expect(statSync(bundle).mode & 0o111).toBe(0o111);
  });
});
