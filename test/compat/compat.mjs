// Runs the same headless checks against any Codex-like binary: AGENT_BIN=/path/to/bin node test/compat/compat.mjs
// Options: --only REGEX (names of cases), --json FILE (result). Runs on Node >= 20; needs git and sh.
import { writeFileSync } from 'node:fs';
import { agentCommand, linkAgent, makePlace, mockConfig, runAgent } from './agent.mjs';
import { commandLineCases } from './cases-command-line.mjs';
import { eventCases } from './cases-events.mjs';
import { stdinCases } from './cases-stdin.mjs';
import { runCases } from './cases-run.mjs';
import { startServer } from './scripted-responses.mjs';

const CASES_AT_ONCE = 3;

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at === -1 ? null : process.argv[at + 1];
};

/** Which program answers, by its `--version` line: `codex-0.118.0`, `codex-0.169.0`, or its own name. */
async function identify(agent) {
  const place = makePlace();
  try {
    const { stdout } = await runAgent(agent, place, ['--version']);
    const [, name = 'unknown', version = ''] = /^(\S+) (\S+)/.exec(stdout) ?? [];
    return { name: name.replace(/-cli$/, ''), version };
  } finally {
    place.remove();
  }
}

/** Runs one case; a check is `{ label, ok, detail, differs }`, `differs` naming who fails it knowingly. */
async function runCase(one, agent, server) {
  const place = makePlace();
  const checks = [];
  const check = (label, ok, detail, { differs = null } = {}) => {
    const text = typeof detail === 'string' ? detail : JSON.stringify(detail);
    checks.push({ label, ok: Boolean(ok), detail: (text ?? '').slice(0, 600), differs });
  };
  try {
    await one.run({
      place,
      check,
      /** A check that real Codex 0.118 is known to fail. */
      better: (label, ok, detail) => check(label, ok, detail, { differs: 'codex' }),
      /** A check that skua fails on purpose; the reason is in docs/compat.md. */
      deviates: (label, ok, detail) => check(label, ok, detail, { differs: 'skua' }),
      start(script, config = '') {
        const opened = server.open(script);
        place.write('home/config.toml', mockConfig(opened.baseUrl, config));
        return opened;
      },
      agent: (args, options) => runAgent(agent, place, args, options),
      /** Runs a line of shell in which `skua` is the agent. */
      shell(line, options = {}) {
        const path = `${linkAgent(agent, place)}:${process.env.PATH}`;
        return runAgent(['/bin/sh'], place, ['-c', line], { ...options, env: { PATH: path } });
      },
    });
  } catch (error) {
    check('the case runs to its end', false, error.stack);
  } finally {
    place.remove();
  }
  return { name: one.name, checks };
}

/** Results in the order of `items`, at most `width` at work. */
async function mapInParallel(items, width, action) {
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await action(items[at]);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}

async function main() {
  if (!process.env.AGENT_BIN) throw new Error('set AGENT_BIN to the program to check');
  const agent = agentCommand(process.env.AGENT_BIN);
  const identity = await identify(agent);
  const only = new RegExp(option('--only') ?? '');
  const cases = [...commandLineCases, ...stdinCases, ...runCases, ...eventCases].filter((one) =>
    only.test(one.name),
  );
  const server = await startServer();
  const results = await mapInParallel(cases, CASES_AT_ONCE, (one) => runCase(one, agent, server));
  let unexpected = 0;
  for (const { name, checks } of results) {
    for (const check of checks) {
      const isKnown = check.differs === identity.name;
      if (!check.ok && !isKnown) unexpected++;
      const mark = check.ok ? 'ok  ' : isKnown ? 'diff' : 'FAIL';
      console.log(`${mark}  ${name}: ${check.label}${check.ok ? '' : `\n      ${check.detail}`}`);
    }
  }
  await server.close();
  const all = results.flatMap((result) => result.checks);
  const summary = {
    agent: `${identity.name} ${identity.version}`,
    checks: all.length,
    passed: all.filter((check) => check.ok).length,
    knownDifferences: all.filter((check) => check.differs === identity.name && !check.ok).length,
    unexpected,
  };
  if (option('--json')) writeFileSync(option('--json'), JSON.stringify({ summary, results }, null, 2));
  console.log(
    `${summary.agent}: ${summary.passed} of ${summary.checks} checks passed, ${summary.knownDifferences} known differences, ${unexpected} unexpected failures`,
  );
  process.exitCode = unexpected === 0 ? 0 : 1;
}

await main();
