// Checks of whole runs: streams, files written, exit codes, sessions, signals.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cut, fail, hold, run, say, status } from './scripted-responses.mjs';

const inputText = (request) => JSON.stringify(request?.body.input ?? '');

/** `count`: requests sent; null where versions differ; `isOwn`: skua counts differently on purpose. */
const failures = [
  {
    label: '400',
    script: [status(400, { error: { message: 'bad thing' } })],
    pattern: /bad thing/,
    count: 1,
  },
  { label: '401', script: [status(401, { error: { message: 'no key' } })], pattern: /401/, count: null },
  {
    label: 'response.failed: context',
    script: [fail('context_length_exceeded', 'too long')],
    pattern: /context|too long/i,
    count: 1,
  },
  {
    label: 'response.failed: quota',
    script: [fail('insufficient_quota', 'no money')],
    pattern: /quota|no money/i,
    count: 1,
  },
  {
    label: '500 until retries are used up',
    script: [status(500, 'oops')],
    pattern: /./,
    count: 2,
    isOwn: true,
  },
  {
    label: 'stream cut until retries are used up',
    script: [cut()],
    pattern: /disconnected|stream/i,
    count: 2,
  },
];

export const runCases = [
  {
    name: 'stdout and stderr',
    async run({ agent, check, start }) {
      start([say('the answer')]);
      const { code, stdout, stderr } = await agent(['exec', 'the question']);
      check('stdout is the last message alone', stdout === 'the answer\n', stdout);
      check(
        'stderr tells workdir, model, sandbox and the prompt',
        ['workdir', 'gpt-5.3-codex', 'read-only', 'the question'].every((word) => stderr.includes(word)),
        stderr,
      );
      check('stderr has no colours when it is a pipe', !stderr.includes('\u001b['), stderr);
      check('exit 0', code === 0, code);
      const colour = await agent(['exec', '--color', 'always', 'x']);
      check(
        '--color always colours stderr, not stdout',
        colour.stderr.includes('\u001b[') && colour.stdout === 'the answer\n',
        colour,
      );
      const json = await agent(['exec', '--json', 'x']);
      check(
        '--json: stdout is JSON lines alone',
        json.stdout
          .trim()
          .split('\n')
          .every((line) => line.startsWith('{"type":')),
        json.stdout,
      );
    },
  },
  {
    name: 'output files',
    async run({ agent, check, better, start, place }) {
      const { requests } = start([say('the answer')]);
      const out = place.path('out.txt');
      const plain = await agent(['exec', '-o', out, 'x']);
      check(
        '-o: the last message without a newline',
        plain.code === 0 && place.read('out.txt') === 'the answer',
        place.read('out.txt'),
      );
      check('-o: stdout has it too', plain.stdout === 'the answer\n', plain.stdout);
      const unwritable = await agent(['exec', '-o', place.path('no/such/folder/x'), 'x']);
      check(
        '-o that cannot be written: said on stderr',
        /no\/such\/folder/.test(unwritable.stderr),
        unwritable,
      );
      better('-o that cannot be written: exit 1', unwritable.code === 1, unwritable.code);
      const schema = {
        type: 'object',
        properties: { a: { type: 'string' } },
        required: ['a'],
        additionalProperties: false,
      };
      const file = place.write('schema.json', JSON.stringify(schema));
      const before = requests.length;
      await agent(['exec', '--output-schema', file, 'x']);
      const format = requests.at(before)?.body.text?.format;
      check(
        '--output-schema: sent as strict json_schema',
        format?.type === 'json_schema' &&
          format.strict === true &&
          JSON.stringify(format.schema) === JSON.stringify(schema),
        format,
      );
      const missing = await agent(['exec', '--output-schema', place.path('none.json'), 'x']);
      check(
        '--output-schema missing: exit 1',
        missing.code === 1 && /Failed to read output schema file/.test(missing.stderr),
        missing,
      );
      place.write('bad.json', '{');
      const bad = await agent(['exec', '--output-schema', place.path('bad.json'), 'x']);
      check('--output-schema not JSON: exit 1', bad.code === 1 && /bad\.json/.test(bad.stderr), bad);
    },
  },
  {
    name: 'sessions',
    async run({ agent, check, start, place }) {
      const { requests } = start([say('one'), say('two'), say('three'), say('four')]);
      await agent(['exec', '--ephemeral', 'x']);
      check('--ephemeral: no rollout', place.rollouts().length === 0, place.rollouts());
      const first = await agent(['exec', '--json', 'first prompt']);
      const id = first.events[0]?.thread_id;
      check(
        'a rollout in sessions/YYYY/MM/DD',
        place.rollouts().length === 1 &&
          new RegExp(`sessions/\\d{4}/\\d\\d/\\d\\d/rollout-.*-${id}\\.jsonl$`).test(place.rollouts()[0]),
        place.rollouts(),
      );
      check(
        'the thread id is the cache key',
        requests.at(-1).body.prompt_cache_key === id,
        requests.at(-1).body.prompt_cache_key,
      );
      const second = await agent(['exec', 'resume', id, '--json', 'second prompt']);
      check('resume ID: same thread', second.events[0]?.thread_id === id, second.events[0]);
      const sent = inputText(requests.at(-1));
      check(
        'resume ID: the model reads both prompts and its answer',
        ['first prompt', 'two', 'second prompt'].every((word) => sent.includes(word)),
        sent,
      );
      const before = JSON.stringify(requests.at(-2).body.input);
      check(
        'resume ID: the history only grows',
        JSON.stringify(requests.at(-1).body.input).startsWith(before.slice(0, -1)),
        '',
      );
      const third = await agent(['exec', 'resume', '--last', '--json', 'third prompt']);
      check('resume --last: same thread', third.events[0]?.thread_id === id, third.events[0]);
      check('one rollout for the thread', place.rollouts().length === 1, place.rollouts());
      const missing = await agent(['exec', 'resume', '00000000-0000-7000-8000-000000000000', 'x']);
      check('resume of an unknown id: exit 1', missing.code === 1, missing);
    },
  },
  {
    name: 'where it works',
    async run({ agent, check, start, place }) {
      const { requests } = start([say('done')]);
      const outside = await agent(['exec', 'x'], { cwd: place.root });
      check(
        'outside a repository: exit 1, no request',
        outside.code === 1 &&
          requests.length === 0 &&
          /Not inside a trusted directory and --skip-git-repo-check was not specified/.test(outside.stderr),
        outside,
      );
      const skipped = await agent(['exec', '--skip-git-repo-check', 'x'], { cwd: place.root });
      check('--skip-git-repo-check: works', skipped.code === 0, skipped.stderr);
      const moved = await agent(['exec', '-C', place.work, 'x'], { cwd: place.root });
      check(
        '-C DIR: works there',
        moved.code === 0 && inputText(requests.at(-1)).includes(place.work),
        moved.stderr,
      );
      const nowhere = await agent(['exec', '-C', place.path('none'), 'x']);
      check('-C to nowhere: exit 1', nowhere.code === 1, nowhere);
      const png =
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      const image = place.write('pixel.png', Buffer.from(png, 'base64'));
      const shown = await agent(['exec', 'look', '-i', image]);
      check(
        '-i FILE: sent as a data URL',
        shown.code === 0 && inputText(requests.at(-1)).includes('data:image/png;base64,'),
        shown.stderr,
      );
    },
  },
  {
    name: 'exit codes of failed turns',
    async run({ agent, check, deviates, start }) {
      for (const { label, script, pattern, count, isOwn } of failures) {
        const { requests } = start(script);
        const { code, stdout, stderr } = await agent(['exec', 'x']);
        check(
          `${label}: exit 1, nothing on stdout, said on stderr`,
          code === 1 && stdout === '' && pattern.test(stderr),
          { code, stdout, stderr },
        );
        if (count !== null)
          (isOwn ? deviates : check)(
            `${label}: ${count} requests`,
            requests.length === count,
            requests.length,
          );
      }
      start([say('x')]);
      const keyless = await agent(['exec', 'x'], { env: { MOCK_KEY: '' } });
      check(
        'no key: exit 1, names the variable',
        keyless.code === 1 && /MOCK_KEY/.test(keyless.stderr),
        keyless,
      );
      start([run('exit 3'), say('it failed')]);
      const tool = await agent(['exec', '--yolo', 'x']);
      check(
        'a failing command is no failure: exit 0',
        tool.code === 0 && tool.stdout === 'it failed\n',
        tool,
      );
    },
  },
  {
    name: 'retries',
    async run({ agent, check, better, start }) {
      const again = start([cut(), say('second try')]);
      const { code, stdout } = await agent(['exec', 'x']);
      check(
        'a cut stream is tried again',
        code === 0 && stdout === 'second try\n' && again.requests.length === 2,
        { code, stdout },
      );
      check(
        'both requests are the same',
        JSON.stringify(again.requests[0].body.input) === JSON.stringify(again.requests[1]?.body.input),
        '',
      );
      const limited = start([
        status(429, { error: { message: 'slow down' } }, { 'retry-after': '1' }),
        say('later'),
      ]);
      const waited = await agent(['exec', '-c', 'model_providers.mock.request_max_retries=2', 'x']);
      const gap = limited.requests.length > 1 ? limited.requests[1].at - limited.requests[0].at : 0;
      better('429 with Retry-After: waits and tries again', waited.code === 0 && gap >= 990, {
        code: waited.code,
        gap,
      });
    },
  },
  {
    name: 'signals',
    async run({ agent, check, better, start, place }) {
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ]) {
        const pidFile = place.path(`pid-${signal}`);
        const opened = start([run(`echo $$ > ${pidFile}; exec sleep 300`), say('resumed')]);
        const started = () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() !== '';
        const stopped = await agent(['exec', '--yolo', '--json', 'x'], {
          during: async (child) => {
            await until(started);
            child.kill(signal);
          },
        });
        const pid = Number(readFileSync(pidFile, 'utf8'));
        check(`${signal}: ends`, !stopped.timedOut, stopped);
        better(`${signal}: exit ${code}`, stopped.code === code, {
          code: stopped.code,
          signal: stopped.signal,
        });
        const isGone = await until(() => !isAlive(pid), 3000);
        (signal === 'SIGINT' ? check : better)(`${signal}: the command is gone`, isGone, pid);
        if (!isGone) process.kill(pid, 'SIGKILL');
        const resumed = await agent(['exec', 'resume', '--last', '--json', 'go on']);
        check(
          `${signal}: the thread can be resumed`,
          resumed.code === 0 && resumed.events[0]?.thread_id === stopped.events[0]?.thread_id,
          resumed,
        );
        const input = opened.requests.at(-1).body.input;
        const calls = input.filter((one) => one.type.endsWith('_call')).map((one) => one.call_id);
        const outputs = input.filter((one) => one.type.endsWith('_call_output')).map((one) => one.call_id);
        check(`${signal}: every call has one output`, JSON.stringify(calls) === JSON.stringify(outputs), {
          calls,
          outputs,
        });
      }
      const waiting = start([hold()]);
      const held = await agent(['exec', 'x'], {
        during: async (child) => {
          await waiting.arrived(1);
          child.kill('SIGINT');
        },
      });
      check('SIGINT while the model thinks: ends, not with 0', !held.timedOut && held.code !== 0, held);
    },
  },
  {
    name: 'nothing else in the home',
    async run({ agent, check, start, place }) {
      start([say('done')]);
      await agent(['exec', '--ephemeral', 'x']);
      check('no key in any file of the home', !existsSync(join(place.home, 'auth.json')), 'auth.json');
    },
  },
];

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    // A zombie is gone; only its parent has not asked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits for a condition of another process; gives up after `limitMs`. */
async function until(condition, limitMs = 10_000) {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
