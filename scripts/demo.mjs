// `npm run demo`: skua repairs a failing test in a throw-away repository, with no key and no network. Runs on Node >= 20.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBun, findNode, runTool } from './run.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const USAGE = `Usage: npm run demo [-- --keep]
  --keep  leave the repository and the record of the thread where they are
`;

/** A small project with one mistake: a comparison that counts one page too many. */
const FILES = {
  'package.json': `{
  "name": "pages",
  "private": true,
  "type": "module",
  "scripts": { "test": "node --test" }
}
`,
  'src/pages.js': `// Cuts long lists into pages. Pages are counted from 1.

/** The items on one page. */
export function pageOf(items, page, size) {
  const first = (page - 1) * size;
  return items.slice(first, first + size);
}

/** How many pages the items fill. */
export function countPages(items, size) {
  let pages = 0;
  for (let at = 0; at <= items.length; at += size) {
    pages += 1;
  }
  return pages;
}
`,
  'test/pages.test.js': `import assert from 'node:assert/strict';
import test from 'node:test';
import { countPages, pageOf } from '../src/pages.js';

const letters = [...'abcdefghij'];

test('a page holds its part of the list', () => {
  assert.deepEqual(pageOf(letters, 2, 4), ['e', 'f', 'g', 'h']);
});

test('the last page may be short', () => {
  assert.equal(countPages(letters, 4), 3);
});

test('a full last page is not followed by an empty one', () => {
  assert.equal(countPages(letters, 5), 2);
});
`,
};

/** The caller's environment without accounts, without the folders that `npm run` adds, and with this Node first. */
function makeEnvironment(home) {
  const env = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (!/^(CODEX_|SKUA_|OPENAI_|GIT_|BUN_|npm_|NODE_OPTIONS$|NODE_TEST_)/i.test(key)) env[key] = value;
  }
  const pathKey = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const folders = (env[pathKey] ?? '')
    .split(delimiter)
    .filter((path) => !path.split(sep).includes('node_modules'));
  env[pathKey] = [dirname(process.execPath), ...folders].join(delimiter);
  env.SKUA_HOME = home;
  return env;
}

/** How to start skua: the executable when it is newer than every source, else the sources. */
function findSkua() {
  const executable = join(root, 'dist', process.platform === 'win32' ? 'skua.exe' : 'skua');
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...sources.map((path) => statSync(join(root, 'src', path)).mtimeMs));
  if (existsSync(executable) && statSync(executable).mtimeMs > newest) return [executable];
  const runtime = findBun() ?? findNode();
  if (!runtime) throw new Error('no Bun and no Node >= 22.15 here: run "npm ci" without --omit=optional.');
  return [runtime, join(root, 'src', 'main.ts')];
}

function run(argv, options) {
  const result = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', ...options });
  if (result.error) throw new Error(`${argv[0]} did not start: ${result.error.message}`);
  return result;
}

function git(args, options) {
  const config = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost', '-c', 'commit.gpgsign=false'];
  const result = run(['git', ...config, '-c', 'core.hooksPath=/dev/null', ...args], options);
  if (result.status !== 0) throw new Error(`git ${args[0]} failed: ${result.stderr}`);
  return result.stdout;
}

function makeRepository(folder, env) {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(['init', '-q', '-b', 'main'], { cwd: folder, env });
  git(['add', '-A'], { cwd: folder, env });
  git(['commit', '-q', '-m', 'Pages, with a mistake'], { cwd: folder, env });
}

/** The last lines of `node --test`, which count what passed. */
function testSummary({ stdout }) {
  return stdout
    .split('\n')
    .filter((line) => /^\S+ (tests|pass|fail) \d+/.test(line))
    .map((line) => line.replace(/^\S+ /, ''))
    .join(', ');
}

function say(text) {
  console.log(`\n== ${text}`);
}

async function demo(scratch) {
  const folder = join(scratch, 'pages');
  const home = join(scratch, 'skua-home');
  mkdirSync(folder);
  mkdirSync(home);
  const env = makeEnvironment(home);
  say(`A new git repository with a failing test: ${folder}`);
  makeRepository(folder, env);
  const test = [process.execPath, '--test'];
  console.log(testSummary(run(test, { cwd: folder, env })));

  const prompt = 'Fix the failing test';
  say(`skua exec -m demo --sandbox workspace-write "${prompt}"`);
  const started = performance.now();
  const code = await runTool([...findSkua(), 'exec', '-m', 'demo', '--sandbox', 'workspace-write', prompt], {
    cwd: folder,
    env,
    // The last message is on stderr too, with everything else; stdout is for programs.
    stdio: ['ignore', process.stdout.isTTY ? 'inherit' : 'ignore', 'inherit'],
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`skua ended with ${code} after ${seconds} s and left this change`);
  console.log(git(['diff', '--stat', '--patch', 'HEAD'], { cwd: folder, env }).trim() || '(none)');
  say('node --test');
  const after = run(test, { cwd: folder, env });
  console.log(testSummary(after));
  return code === 0 && after.status === 0;
}

async function main(args) {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'skua-demo-'));
  try {
    const isRepaired = await demo(scratch);
    console.log(isRepaired ? '\nThe test passes.' : '\nThe demo did not work out: the test still fails.');
    return isRepaired ? 0 : 1;
  } finally {
    if (args.includes('--keep')) console.log(`Kept: ${scratch}`);
    else rmSync(scratch, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  },
);
