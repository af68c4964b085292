// `npm run build`: makes `dist/skua` (Bun executable of this machine) and `dist/skua.mjs` (bundle for Node); `-- --all` makes every platform.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findRuntime, writeHardenedRuntime } from './bun-runtime.ts';
import { executableName, TARGETS, type Target } from './targets.ts';

const root = join(import.meta.dirname, '..');

const USAGE = `Usage: npm run build [-- OPTIONS]
  --all            executables of all platforms, below dist/<platform>/
  --target ID      one of: ${TARGETS.map((target) => target.id).join(', ')} (repeatable)
  --entry FILE     another entry than src/main.ts
  --out FOLDER     another folder than dist/
  --no-node        leave the Node bundle out
`;

interface BuildPlan {
  entry: string;
  out: string;
  version: string;
}

/** Flags both outputs share. The version is known while building, so that no `package.json` is read while starting. */
function sharedFlags(plan: BuildPlan): string[] {
  return [
    '--define',
    `process.env.NODE_ENV="production"`,
    '--define',
    `SKUA_VERSION=${JSON.stringify(plan.version)}`,
    '--format=esm',
    '--splitting',
  ];
}

/** Builds one executable into `file`. Throws with Bun's own words when it fails. */
function buildExecutable(plan: BuildPlan, target: Target, file: string): void {
  const scratch = join(plan.out, '.runtime', target.id);
  mkdirSync(scratch, { recursive: true });
  const runtime = join(scratch, executableName(target.os));
  try {
    writeHardenedRuntime(findRuntime(root, join(plan.out, '.bun'), target), runtime);
    compile(plan, target, runtime, file);
  } finally {
    rmSync(join(plan.out, '.runtime'), { recursive: true, force: true });
  }
}

function compile(plan: BuildPlan, target: Target, runtime: string, file: string): void {
  // A repository may hold any of these files, and skua starts in it before anybody has trusted it.
  const autoload = ['dotenv', 'bunfig', 'tsconfig', 'package-json'].map(
    (kind) => `--no-compile-autoload-${kind}`,
  );
  const fresh = `${file}.new${target.os === 'win32' ? '.exe' : ''}`;
  bun([
    'build',
    plan.entry,
    '--compile',
    '--minify',
    '--bytecode',
    ...sharedFlags(plan),
    ...autoload,
    // Most runs are short: compiling costs them more memory and time than it saves. Long ones get it after a while, see
    // compileInLongRuns in src/lib/runtime/memory.ts.
    '--compile-jit-policy=1000',
    `--target=${target.bunTarget}`,
    `--compile-executable-path=${runtime}`,
    `--outfile=${fresh}`,
  ]);
  // A rename, because the old executable may be running.
  renameSync(fresh, file);
}

/** Builds `skua.mjs` and the folder of its chunks. The entry refuses an old Node before it loads anything. */
function buildNodeBundle(plan: BuildPlan): void {
  const chunks = join(plan.out, 'skua-node');
  rmSync(chunks, { recursive: true, force: true });
  bun([
    'build',
    plan.entry,
    '--target=node',
    '--minify-syntax',
    '--minify-whitespace',
    ...sharedFlags(plan),
    '--external=bun',
    '--external=bun:*',
    `--outdir=${chunks}`,
    '--entry-naming=main.mjs',
    '--chunk-naming=[name]-[hash].mjs',
  ]);
  const stub = readFileSync(join(root, 'packaging', 'node-entry.mjs'), 'utf8');
  const file = join(plan.out, 'skua.mjs');
  writeFileSync(file, stub);
  chmodSync(file, 0o755);
}

function bun(args: string[]): void {
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) {
    throw new Error(
      `bun build of ${args[1] ?? ''} failed:\n${result.error?.message ?? `${result.stdout}${result.stderr}`}`,
    );
  }
}

/** The platform this script runs on. */
function hostTarget(): Target {
  const musl = process.platform === 'linux' && !existsSync(glibcLoader());
  const id = `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;
  const target = TARGETS.find((candidate) => candidate.id === id);
  if (!target) throw new Error(`No build for ${id}. Known: ${TARGETS.map((known) => known.id).join(', ')}.`);
  return target;
}

function glibcLoader(): string {
  return process.arch === 'x64' ? '/lib64/ld-linux-x86-64.so.2' : '/lib/ld-linux-aarch64.so.1';
}

function targetOf(id: string): Target {
  const target = TARGETS.find((candidate) => candidate.id === id);
  if (!target)
    throw new Error(`Unknown target "${id}". Known: ${TARGETS.map((known) => known.id).join(', ')}.`);
  return target;
}

function report(file: string, since: number): void {
  const size = (statSync(file).size / 1e6).toFixed(1);
  console.log(`${file}  ${size} MB  ${Math.round(performance.now() - since)} ms`);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      target: { type: 'string', multiple: true, default: [] },
      entry: { type: 'string', default: join(root, 'src', 'main.ts') },
      out: { type: 'string', default: join(root, 'dist') },
      'no-node': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const manifest: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const plan: BuildPlan = { entry: values.entry, out: values.out, version: manifest.version };
  mkdirSync(plan.out, { recursive: true });
  const named = values.all ? [...TARGETS] : values.target.map(targetOf);
  for (const target of named) {
    const started = performance.now();
    const file = join(plan.out, target.id, executableName(target.os));
    mkdirSync(join(plan.out, target.id), { recursive: true });
    buildExecutable(plan, target, file);
    report(file, started);
  }
  if (named.length === 0) {
    const started = performance.now();
    const target = hostTarget();
    const file = join(plan.out, executableName(target.os));
    buildExecutable(plan, target, file);
    report(file, started);
  }
  if (!values['no-node']) {
    const started = performance.now();
    buildNodeBundle(plan);
    report(join(plan.out, 'skua-node', 'main.mjs'), started);
  }
}

try {
  main();
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
