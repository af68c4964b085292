// How a headless run ends: exit codes of both styles, limits, signals, and what is left on disk.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Reply, Script, ScriptedServer } from '../../src/models/scripted-server.ts';
import type { StreamReply } from '../../src/models/scripted-reply.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import type { Scratch, Started } from '../support/skua.ts';
import { isAlive, makeScratch, parseJsonl, providerFlags, runSkua, startSkua } from '../support/skua.ts';

const say = (text: string): Reply => ({ type: 'stream', items: [{ type: 'message', text }] });
const exec = (cmd: string): StreamReply => ({
  type: 'stream',
  items: [{ type: 'functionCall', name: 'exec_command', arguments: { cmd } }],
});
const http = (status: number, message = 'no'): Reply => ({
  type: 'http',
  status,
  body: { error: { message } },
});

let scratch: Scratch;
let server: ScriptedServer;
beforeEach(() => {
  scratch = makeScratch();
});
afterEach(async () => {
  await server.close();
  scratch.remove();
});

async function serve(script: Script): Promise<void> {
  server = await startScriptedServer(script);
}
const args = (...more: string[]): string[] => ['exec', ...providerFlags(server.baseUrl), ...more];

/** Waits until a line of the run's output fits. */
async function waitFor(run: Started, pattern: RegExp): Promise<void> {
  const ended = run.finished.then(() => true);
  while (!pattern.test(run.soFar.stdout + run.soFar.stderr)) {
    const isOver = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10, false))]);
    if (isOver) throw new Error(`ended before ${pattern}: ${run.soFar.stdout}${run.soFar.stderr}`);
  }
}

function readTextOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

describe('exit codes', () => {
  const noRetry = ['-c', 'model_providers.mock.request_max_retries=0'];
  test.each<[string, Reply, number, number]>([
    ['an answer', say('ok'), 0, 0],
    ['401', http(401), 1, 4],
    ['500', http(500), 1, 3],
    ['400', http(400), 1, 3],
    ['quota', http(429, 'x'), 1, 3],
  ])('of %s', async (_name, reply, codex, detailed) => {
    await serve(() => reply);
    expect((await runSkua({ args: args(...noRetry, 'go'), scratch })).code).toBe(codex);
    expect((await runSkua({ args: args(...noRetry, '--exit-codes=detailed', 'go'), scratch })).code).toBe(
      detailed,
    );
  });

  test('of a key that is missing, before any request', async () => {
    await serve(() => say('ok'));
    const run = await runSkua({ args: args('--exit-codes=detailed', 'go'), scratch, env: { TEST_KEY: '' } });
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('TEST_KEY');
    expect(server.requests).toHaveLength(0);
  });

  test('of an answer that does not fit its schema', async () => {
    await serve(() => say('{"a":1}'));
    const schema = join(scratch.root, 'schema.json');
    writeFileSync(
      schema,
      JSON.stringify({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }),
    );
    const plain = await runSkua({ args: args('--output-schema', schema, 'go'), scratch });
    expect(plain.code).toBe(0);
    expect(plain.stderr).toContain('/a must be string');
    const detailed = await runSkua({
      args: args('--exit-codes=detailed', '--output-schema', schema, 'go'),
      scratch,
    });
    expect(detailed.code).toBe(8);
  });
});

describe('limits', () => {
  test.each([
    ['--max-turns', '2'],
    ['--max-tokens', '60'],
  ])('%s %s stops with its own code and a thread to go on with', async (flag, value) => {
    await serve(() => ({ ...exec('true'), usage: { input: 25, output: 5 } }));
    const run = await runSkua({ args: args('--json', flag, value, 'go'), scratch });
    expect(run.code).toBe(5);
    const events = parseJsonl(run.stdout);
    expect(events.at(-1)).toMatchObject({ type: 'turn.failed', error: { code: 'budget' } });
    expect(server.requests).toHaveLength(2);
    await server.close();
    await serve(() => say('went on'));
    const id = String(events[0]?.['thread_id']);
    const next = await runSkua({ args: args('resume', id, 'go on'), scratch });
    expect(next).toMatchObject({ code: 0, stdout: 'went on\n' });
  });

  test('--timeout stops a running command', async () => {
    await serve(() => exec('sleep 30'));
    const run = await runSkua({ args: args('--json', '--timeout', '1', 'go'), scratch });
    expect(run.code).toBe(5);
    const events = parseJsonl(run.stdout) as { type: string; item?: { status: string } }[];
    expect(events.find((event) => event.type === 'item.completed')?.item?.status).toBe('failed');
  });
});

describe.each<[NodeJS.Signals, number]>([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('%s', (signal, code) => {
  test(`ends the command and its children, writes the thread, exits with ${code}`, async () => {
    const pids = join(scratch.repo, 'pids');
    await serve((_request, index) =>
      index === 0 ? exec(`sleep 60 & echo $! > pids; echo $$ >> pids; echo started; wait`) : say('resumed'),
    );
    const run = startSkua({ args: args('--json', '-s', 'danger-full-access', 'go'), scratch });
    await waitFor(run, /item\.started/);
    while (!existsSync(pids) || readFileSync(pids, 'utf8').trim().split('\n').length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    run.kill(signal);
    const ended = await run.finished;
    expect(ended.code).toBe(code);
    const events = parseJsonl(ended.stdout) as { type: string; item?: { type: string; status: string } }[];
    expect(
      events.filter((event) => event.type === 'item.completed').map((event) => event.item?.status),
    ).toEqual(['failed']);
    expect(events.at(-1)).toMatchObject({ type: 'turn.failed', error: { code: 'interrupted' } });
    for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) expect(isAlive(Number(pid))).toBe(false);
    const next = await runSkua({ args: args('resume', '--last', 'go on'), scratch });
    expect(next).toMatchObject({ code: 0, stdout: 'resumed\n' });
    const input = JSON.stringify(server.requests.at(-1)?.body);
    expect(input).toContain('turn_aborted');
    expect(input).toContain('function_call_output');
  });
});

test('a second Ctrl-C ends everything at once, also what ignores the first', async () => {
  const pidFile = join(scratch.repo, 'pid');
  await serve(() => exec(`trap '' TERM INT; echo $$ > pid; while :; do sleep 0.05; done`));
  const run = startSkua({ args: args('--json', '-s', 'danger-full-access', 'go'), scratch });
  await waitFor(run, /item\.started/);
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  run.kill('SIGINT');
  run.kill('SIGINT');
  const ended = await run.finished;
  expect(ended.code).toBe(130);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test.skipIf(process.platform !== 'linux')(
  'a run stopped while the sandbox is being set up leaves no command behind',
  async () => {
    await serve(() => exec('echo marker-of-this-test; while :; do sleep 0.05; done'));
    const leftovers = (): string[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readTextOrNothing(`/proc/${pid}/cmdline`))
        .filter((line) => line.includes('marker-of-this-test') && line.includes(scratch.repo));
    for (let round = 0; round < 12; round++) {
      const run = startSkua({ args: args('--json', '-s', 'workspace-write', '--ephemeral', 'go'), scratch });
      await waitFor(run, /item\.started/);
      // The very time at which bubblewrap prepares its mounts.
      await new Promise((resolve) => setTimeout(resolve, round));
      run.kill('SIGTERM');
      expect((await run.finished).code).toBe(143);
      await expect.poll(leftovers).toEqual([]);
    }
  },
);

test('a closed stdout ends a JSON run instead of hanging it', async () => {
  await serve((_request, index) => (index < 50 ? exec(`echo ${index}`) : say('done')));
  const run = startSkua({ args: args('--json', 'go'), scratch });
  await waitFor(run, /item\.completed/);
  run.closeStdout();
  const ended = await run.finished;
  expect(ended.code).not.toBe(0);
  expect(server.requests.length).toBeLessThan(50);
});

test('notify hears of a finished turn, without the key', async () => {
  await serve(() => say('the answer'));
  const report = join(scratch.root, 'report');
  const program = join(scratch.root, 'notify.sh');
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n%s\\n' "$1" "\${TEST_KEY:-no key}" > ${report}.new && mv ${report}.new ${report}\n`,
    {
      mode: 0o755,
    },
  );
  const run = await runSkua({ args: args('-c', `notify=["${program}"]`, 'the question'), scratch });
  expect(run.code).toBe(0);
  while (!existsSync(report)) await new Promise((resolve) => setTimeout(resolve, 10));
  const [json, key] = readFileSync(report, 'utf8').split('\n');
  expect(JSON.parse(json ?? '')).toMatchObject({
    type: 'agent-turn-complete',
    'input-messages': ['the question'],
    'last-assistant-message': 'the answer',
  });
  expect(key).toBe('no key');
});

test('the key is nowhere on disk, in no output and in no command', async () => {
  await serve((_request, index) =>
    index === 0 ? exec('env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"') : say('done'),
  );
  const run = await runSkua({ args: args('--json', 'go'), scratch });
  const canary = scratch.env['TEST_KEY'] as string;
  expect(run.code).toBe(0);
  expect(run.stdout + run.stderr).not.toContain(canary);
  expect(JSON.stringify(server.requests.map((request) => request.body))).not.toContain(canary);
  expect(server.requests[0]?.headers['authorization']).toBe(`Bearer ${canary}`);
});
