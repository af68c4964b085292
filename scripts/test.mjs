// `npm test`: format, lint, types, then the tests on Node and on Bun; ends with one line `N passed, M failed`. Runs on Node >= 20.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findBun, findNode, runTool } from './run.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (...path) => join(root, 'node_modules', ...path);

const USAGE = `Usage: npm test [-- OPTIONS] [FILTER...]
  FILTER             only test files whose path contains it; then format, lint and types are not checked
  --runtime NAME     only on node, or only on bun
  --slow             also the tests that need the public npm registry or more than 15 s
`;

/** Tests that start skua as a program choose its runtime themselves: once, on Node, is enough. */
const ONCE = [
  'test/architecture.test.ts',
  'test/cli/**',
  'test/compat/**',
  'test/exec/**',
  'test/packaging/**',
];

/** What a test may see of the caller: nothing of an account, no home, no proxy, no extra CA to parse, no tools of npm run. */
function makeEnvironment(scratch, isSlow) {
  const env = { ...process.env };
  for (const key of Object.keys(env)) {
    // The slow tests fetch from the public registry: how to reach it from here is for them to know.
    if (
      isSlow &&
      /^(NODE_EXTRA_CA_CERTS|npm_config_(registry|cafile|.*proxy)|(https?|all|no)_proxy)$/i.test(key)
    )
      continue;
    if (/^(CODEX_|SKUA_|OPENAI_|ANTHROPIC_|GIT_|BUN_|npm_|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$)/i.test(key)) {
      delete env[key];
    }
    if (/^(https?|all|no)_proxy$/i.test(key)) delete env[key];
  }
  const home = join(scratch, 'home');
  mkdirSync(home);
  env.HOME = home;
  env.USERPROFILE = home;
  for (const key of ['XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME']) delete env[key];
  // Tests make commits, and a fresh home has no identity for git.
  env.GIT_CONFIG_GLOBAL = process.platform === 'win32' ? 'NUL' : '/dev/null';
  env.GIT_CONFIG_SYSTEM = env.GIT_CONFIG_GLOBAL;
  for (const who of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${who}_NAME`] = 'Test';
    env[`GIT_${who}_EMAIL`] = 'test@localhost';
  }
  const pathKey = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  // `npm run` puts node_modules/.bin first, where another Node stands than the user's.
  env[pathKey] = (env[pathKey] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.split(sep).includes('node_modules') && !folder.includes('node-gyp-bin'))
    .join(delimiter);
  if (isSlow) env.SKUA_TEST_SLOW = '1';
  return env;
}

async function runChecks(node, env) {
  const checks = {
    format: [node, bin('oxfmt', 'bin', 'oxfmt'), '--check'],
    lint: [node, bin('oxlint', 'bin', 'oxlint'), '--deny-warnings'],
    types: [node, bin('typescript', 'bin', 'tsc'), '--noEmit'],
  };
  const failed = [];
  for (const [name, argv] of Object.entries(checks)) {
    console.log(`== ${name}`);
    if ((await runTool(argv, { cwd: root, env })) !== 0) failed.push(name);
  }
  return { passed: Object.keys(checks).length - failed.length, failed };
}

/** Every suite or test that was left out, with the reason its title gives, one line for each file. */
function describeSkipped(report) {
  const lines = [];
  for (const file of report.testResults) {
    const skipped = file.assertionResults.filter((test) =>
      ['pending', 'skipped', 'todo'].includes(test.status),
    );
    if (skipped.length === 0) continue;
    const name = relative(root, file.name).split(sep).join('/');
    const titles = [...new Set(skipped.map((test) => test.ancestorTitles.at(-1) || test.title))];
    lines.push(`  ${name}: ${skipped.length} (${titles.join('; ')})`);
  }
  return lines;
}

async function runTests({ name, argv, env, scratch, filters }) {
  console.log(`== tests on ${name}`);
  const file = join(scratch, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${file}`];
  const excluded = name === 'bun' ? ONCE.flatMap((glob) => ['--exclude', glob]) : [];
  const vitest = [
    ...argv,
    bin('vitest', 'vitest.mjs'),
    'run',
    ...reporters,
    ...excluded,
    '--passWithNoTests',
  ];
  const code = await runTool([...vitest, ...filters], { cwd: root, env });
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.error(`no test report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0, skippedLines: [] };
  }
  // A file that fails outside of its tests (a syntax error, a hook) has no failed test to be counted by.
  const brokenFiles = report.testResults.filter(
    (result) =>
      result.status === 'failed' && result.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
    skippedLines: describeSkipped(report).map((line) => `${line} on ${name}`),
  };
}

/** The runtimes to test on, with the argv that each starts by. */
function chooseRuntimes(wanted) {
  const node = findNode();
  const bun = findBun();
  if (!node) throw new Error('npm test needs Node >= 22.15: run "npm ci" without --omit=optional.');
  const all = { node: [node], ...(bun && { bun: [bun, '--bun'] }) };
  if (!bun) console.log('No Bun for this platform: its tests are left out.');
  if (wanted === undefined) return all;
  if (!all[wanted]) throw new Error(`--runtime ${wanted}: there is ${Object.keys(all).join(' and ')} here.`);
  return { [wanted]: all[wanted] };
}

async function main(args) {
  const options = { slow: { type: 'boolean' }, runtime: { type: 'string' }, help: { type: 'boolean' } };
  const { values, positionals: filters } = parseArgs({ args, options, allowPositionals: true });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const runtimes = chooseRuntimes(values.runtime);
  const scratch = mkdtempSync(join(tmpdir(), 'skua-test-'));
  try {
    const env = makeEnvironment(scratch, values.slow);
    const checks = filters.length === 0 ? await runChecks(findNode(), env) : { passed: 0, failed: [] };
    let { passed } = checks;
    let failed = checks.failed.length;
    let skipped = 0;
    const skippedLines = [];
    for (const [name, argv] of Object.entries(runtimes)) {
      const tests = await runTests({ name, argv, env, scratch, filters });
      passed += tests.passed;
      failed += tests.failed;
      skipped += tests.skipped;
      skippedLines.push(...tests.skippedLines);
    }
    if (checks.failed.length > 0) console.log(`\nfailed: ${checks.failed.join(', ')}`);
    if (skippedLines.length > 0) console.log(`\nleft out here:\n${skippedLines.join('\n')}`);
    if (filters.length > 0 && passed + failed + skipped === 0) {
      throw new Error(`no test file matches ${filters.join(' ')}`);
    }
    console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
