// `npm test`: format, lint, types, then every test; ends with one line `N passed, M failed`. Runs on Node >= 20.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, runTool } from './run.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (...path) => join(root, 'node_modules', ...path);
const node = findNode();
if (!node) throw new Error('npm test needs Node >= 22.15: run "npm ci" without --omit=optional.');

const checks = [
  ['format', [node, bin('oxfmt', 'bin', 'oxfmt'), '--check']],
  ['lint', [node, bin('oxlint', 'bin', 'oxlint'), '--deny-warnings']],
  ['types', [node, bin('typescript', 'bin', 'tsc'), '--noEmit']],
];

// Nothing of the caller's account may leak into the tests, and no proxy or extra CA may slow them.
const env = { ...process.env };
for (const key of Object.keys(env)) {
  if (/^(CODEX_|SKUA_|OPENAI_|ANTHROPIC_|GIT_|NODE_EXTRA_CA_CERTS$)/.test(key)) delete env[key];
}

let passed = 0;
let failed = 0;
const count = (ok) => (ok ? passed++ : failed++);
for (const [name, argv] of checks) {
  console.log(`== ${name}`);
  count((await runTool(argv, { cwd: root, env })) === 0);
}

console.log('== tests');
const scratch = mkdtempSync(join(tmpdir(), 'skua-test-report-'));
const report = join(scratch, 'report.json');
const filters = process.argv.slice(2);
const code = await runTool(
  [
    node,
    bin('vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
    ...filters,
  ],
  { cwd: root, env },
);
let skipped = 0;
try {
  const summary = JSON.parse(readFileSync(report, 'utf8'));
  passed += summary.numPassedTests;
  failed += summary.numFailedTests + summary.numFailedTestSuites * (summary.numFailedTests === 0 ? 1 : 0);
  skipped = summary.numPendingTests + summary.numTodoTests;
} catch (error) {
  console.error(`no test report: ${error.message}`);
  failed++;
}
rmSync(scratch, { recursive: true, force: true });
if (code !== 0 && failed === 0) failed++;
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
