// Development check: rollouts go back and forth between the real Codex CLI and this program without losing a word.
//
//   CODEX_BIN=/path/to/native/codex node test/compat/rollouts.mjs      (Node >= 22.18 or Bun)
//
// Uses a model on loopback, a home and a project in a temporary folder; prints one line per check, exits 1 on a miss.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUuid7 } from '../../src/lib/uuid.ts';
import { entryPayload } from '../../src/storage/rollout-format.ts';
import { readRollout } from '../../src/storage/rollout-reader.ts';
import { createRollout, openRollout } from '../../src/storage/rollout-writer.ts';
import { findThread, forkThread, latestThread, readThread } from '../../src/storage/threads.ts';
import { renameThread } from '../../src/storage/thread-names.ts';

const bin = process.env['CODEX_BIN'];
if (!bin) throw new Error('Set CODEX_BIN to the native binary of the real Codex CLI.');

const root = realpathSync(mkdtempSync(join(tmpdir(), 'rollouts-')));
const home = join(root, 'home');
const cwd = join(root, 'project');
mkdirSync(home, { mode: 0o700 });
mkdirSync(cwd);
writeFileSync(
  join(home, 'config.toml'),
  'check_for_update_on_startup = false\n[analytics]\nenabled = false\n',
);

/** Answers each request with the next list of output items and keeps the requests. */
function startModel(answers) {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.end('{"object":"list","data":[],"models":[]}');
        return;
      }
      requests.push(JSON.parse(Buffer.concat(chunks).toString()));
      const items = answers[Math.min(requests.length, answers.length) - 1];
      const usage = {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 50 },
        output_tokens: 10,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 110,
      };
      const events = [
        { type: 'response.created', response: { id: 'resp_1' } },
        ...items.map((item, index) => ({ type: 'response.output_item.done', output_index: index, item })),
        { type: 'response.completed', response: { id: 'resp_1', usage } },
      ];
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(
        events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const stop = () => {
        server.closeAllConnections();
        server.close();
      };
      resolve({ requests, stop, url: `http://127.0.0.1:${server.address().port}/v1` });
    });
  });
}

/** Runs `codex exec --json ARGS` to its end. */
async function codex(answers, args) {
  const model = await startModel(answers);
  const provider = { name: 'mock', base_url: model.url, wire_api: 'responses', env_key: 'MOCK_KEY' };
  const flags = Object.entries(provider).flatMap(([key, value]) => [
    '-c',
    `model_providers.mock.${key}=${value}`,
  ]);
  const child = spawn(
    bin,
    [
      'exec',
      '--json',
      '--skip-git-repo-check',
      '-m',
      'gpt-5.4',
      '-c',
      'model_provider=mock',
      ...flags,
      ...args,
    ],
    {
      cwd,
      env: { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home, MOCK_KEY: 'none' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  model.stop();
  const events = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { code, err, events, requests: model.requests };
}

const said = (text) => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });
const asked = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

let failures = 0;
function check(what, isTrue, detail = '') {
  console.log(`${isTrue ? 'ok  ' : 'MISS'} ${what}`);
  if (isTrue) return;
  failures++;
  if (detail) console.log(`     ${detail}`);
}

/** Whether `wanted` stands in `sent` in this order; our own entries may be written with fewer members than sent. */
function containsInOrder(sent, wanted) {
  const fits = (item, entry) =>
    Object.entries(entry).every(
      ([key, value]) => ['id', 'status'].includes(key) || JSON.stringify(item[key]) === JSON.stringify(value),
    );
  let at = 0;
  return wanted.every((entry) => {
    while (at < sent.length && !fits(sent[at], entry)) at++;
    return at++ < sent.length;
  });
}

const now = () => Date.now();
const newId = createUuid7({ now, fillRandom: (bytes) => crypto.getRandomValues(bytes) });
const usage = (n) => ({
  inputTokens: n,
  cachedInputTokens: 0,
  outputTokens: 1,
  reasoningOutputTokens: 0,
  totalTokens: n + 1,
});
const settings = {
  cwd,
  provider: 'mock',
  model: 'gpt-5.4',
  effort: 'max',
  summary: 'auto',
  approvalPolicy: 'never',
  sandbox: {
    mode: 'read-only',
    workspace: cwd,
    writableRoots: [],
    writableTmp: { tmpdir: false, slashTmp: false },
    denyRead: ['/secret'],
    protectedPaths: [],
    network: 'off',
  },
};
const meta = (id) => ({
  id,
  createdAt: new Date().toISOString(),
  cwd,
  originator: 'skua_exec',
  source: 'exec',
  cliVersion: '0.1.0',
  provider: 'mock',
  forkedFrom: null,
  git: null,
  instructions: 'Our own instructions.',
});

/** Writes one turn of ours: user text, entries, answer. */
function writeTurn(writer, threadId, turnId, text, entries, answer) {
  let seq = 0;
  const emit = (body) => writer.append({ ...body, threadId, seq: seq++ });
  emit({ type: 'turn.started', turnId, settings, contextWindow: 200_000 });
  emit({ type: 'history.appended', turnId, entries: [asked(text)] });
  emit({
    type: 'item.completed',
    turnId,
    item: { type: 'userMessage', id: 'u', content: [{ type: 'text', text }] },
  });
  emit({ type: 'history.appended', turnId, entries });
  emit({ type: 'history.appended', turnId, entries: [said(answer)] });
  emit({
    type: 'item.completed',
    turnId,
    item: { type: 'agentMessage', id: 'a', text: answer, phase: null },
  });
  emit({ type: 'usage.updated', turnId, last: usage(10), thread: usage(700), contextWindow: 200_000 });
  emit({ type: 'turn.completed', turnId, usage: usage(10), lastMessage: answer });
  return emit;
}

const tools = [
  {
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: 'Thinking' }],
    content: null,
    encrypted_content: 'SECRET',
  },
  { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"true"}', call_id: 'call_1' },
  { type: 'function_call_output', call_id: 'call_1', output: 'done\n' },
  {
    type: 'custom_tool_call',
    status: 'completed',
    call_id: 'call_2',
    name: 'apply_patch',
    input: '*** Begin Patch\n*** End Patch\n',
  },
  { type: 'custom_tool_call_output', call_id: 'call_2', output: 'Success' },
];

async function theirsToOurs() {
  const plan = {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_p',
    name: 'update_plan',
    arguments: '{"plan":[{"step":"a","status":"completed"}]}',
  };
  const first = await codex([[plan], [said('First answer')]], ['First question']);
  const id = first.events[0].thread_id;
  const stored = readThread(findThread(home, id));
  const sent = first.requests.at(-1).input;
  check(
    'a rollout of the real one reads as what it sent, plus the answer',
    containsInOrder(stored.history.map(entryPayload), [...sent, said('First answer')]),
  );
  check('  without a warning', stored.warnings.length === 0, stored.warnings.join(' '));
  check(
    '  with its usage',
    stored.usage.inputTokens === 200 && stored.lastUsage?.inputTokens === 100,
    JSON.stringify(stored.usage),
  );
  check(
    '  with its settings',
    stored.settings?.sandbox?.mode === 'read-only' && stored.settings.model === 'gpt-5.4',
  );
  check('it is the latest thread', latestThread({ home, cwd, includeNonInteractive: true })?.id === id);

  const writer = openRollout({ path: stored.rolloutPath, now });
  writeTurn(writer, id, newId(), 'Second question', tools, 'Second answer');
  writer.close();
  const third = await codex([[said('Third answer')]], ['resume', id, 'Third question']);
  const wanted = [
    ...stored.history.map(entryPayload),
    asked('Second question'),
    ...tools,
    said('Second answer'),
    asked('Third question'),
  ];
  check(
    'the real one goes on after a turn of ours',
    third.code === 0 && containsInOrder(third.requests[0].input, wanted),
    third.err,
  );
  const inputs = third.events.find((event) => event.type === 'turn.completed')?.usage.input_tokens;
  check('  and counts on from our usage', inputs === 800, String(inputs));
  const again = readRollout(stored.rolloutPath);
  check(
    '  and we read all three turns',
    containsInOrder(again.history.map(entryPayload), [...wanted, said('Third answer')]),
  );
}

async function oursToTheirs() {
  const id = newId();
  const writer = createRollout({ home, meta: meta(id), now });
  writeTurn(writer, id, newId(), 'Our question', tools, 'Our answer');
  writer.close();
  const wanted = [asked('Our question'), ...tools, said('Our answer'), asked('Go on')];
  const byId = await codex([[said('Their answer')]], ['resume', id, 'Go on']);
  const sent = byId.requests[0]?.input ?? [];
  check(
    'the real one resumes a thread of ours by id',
    byId.code === 0 && containsInOrder(sent, wanted),
    byId.err,
  );
  check('  keeps the thread id', byId.events[0]?.thread_id === id);
  check('  keeps our instructions', byId.requests[0]?.instructions === 'Our own instructions.');
  // It adds what is new to it (date, its own style), not its whole context: it has read our settings of the turn.
  check(
    '  takes our settings of the turn for its own',
    !JSON.stringify(sent).includes('<permissions instructions>'),
  );
  const byLast = await codex([[said('Fourth')]], ['resume', '--last', 'And on']);
  check(
    '  and finds it as the last one',
    byLast.events[0]?.thread_id === id,
    JSON.stringify(byLast.events[0]),
  );
  const stored = readRollout(writer.path);
  check(
    '  and we read it back',
    containsInOrder(stored.history.map(entryPayload), [
      ...wanted,
      said('Their answer'),
      asked('And on'),
      said('Fourth'),
    ]),
  );

  renameThread({ home, id, name: 'A näme', now: now() });
  const byName = await codex([[said('Fifth')]], ['resume', 'A näme', 'By name']);
  check('the real one resumes it by the name we gave', byName.events[0]?.thread_id === id, byName.err);
  return id;
}

async function compacted() {
  const id = newId();
  const turnId = newId();
  const writer = createRollout({ home, meta: meta(id), now });
  const emit = writeTurn(writer, id, turnId, 'Long question', tools, 'Long answer');
  const entries = [asked('Long question'), asked('SUMMARY')];
  emit({ type: 'history.replaced', turnId, entries, summary: 'SUMMARY' });
  writer.close();
  const run = await codex([[said('Short')]], ['resume', id, 'After it']);
  const sent = run.requests[0]?.input ?? [];
  check(
    'the real one takes over our compaction',
    run.code === 0 && containsInOrder(sent, [...entries, asked('After it')]),
    run.err,
  );
  check('  with nothing of the old history', !JSON.stringify(sent).includes('Long answer'));
  check('  and our settings with it', !JSON.stringify(sent).includes('<permissions instructions>'));
}

async function forked(originId) {
  const origin = readThread(findThread(home, originId));
  const id = newId();
  const writer = forkThread({ home, stored: origin, meta: meta(id), now });
  writeTurn(writer, id, newId(), 'In the fork', [], 'Fork answer');
  writer.close();
  const run = await codex([[said('Sixth')]], ['resume', id, 'Go on here']);
  const wanted = [
    ...origin.history.map(entryPayload),
    asked('In the fork'),
    said('Fork answer'),
    asked('Go on here'),
  ];
  check(
    'the real one resumes a fork of ours',
    run.events[0]?.thread_id === id && containsInOrder(run.requests[0].input, wanted),
    run.err,
  );
}

async function failedAndAborted() {
  const id = newId();
  const writer = createRollout({ home, meta: meta(id), now });
  const emit = writeTurn(writer, id, newId(), 'Question', [], 'Answer');
  const codes = [
    'auth',
    'transport',
    'quota',
    'overloaded',
    'bad_request',
    'context_length',
    'sandbox',
    'internal',
  ];
  for (const code of codes) {
    const turnId = newId();
    emit({
      type: 'turn.failed',
      turnId,
      usage: usage(1),
      error: { code, message: 'It failed.', retryable: false },
    });
  }
  emit({
    type: 'rateLimits.updated',
    primary: { usedPercent: 1, windowMinutes: 300, resetsAt: 1 },
    secondary: null,
  });
  emit({
    type: 'history.appended',
    turnId: 't',
    entries: [{ type: 'unknown', raw: { type: 'new_item', x: 1 } }],
  });
  emit({
    type: 'turn.aborted',
    turnId: newId(),
    usage: usage(1),
    reason: 'shutdown',
  });
  writer.close();
  const run = await codex([[said('Fine')]], ['resume', id, 'Still there?']);
  check(
    'the real one resumes after failed and aborted turns',
    run.code === 0 &&
      containsInOrder(run.requests[0].input, [asked('Question'), said('Answer'), asked('Still there?')]),
    run.err,
  );
  check('  and complains of no line', !/pars/i.test(run.err), run.err);
  const lines = readFileSync(writer.path, 'utf8').split('\n');
  check(
    '  whose file stays JSON lines',
    lines.slice(0, -1).every((line) => JSON.parse(line)) && lines.at(-1) === '',
  );
}

try {
  await theirsToOurs();
  const id = await oursToTheirs();
  await compacted();
  await forked(id);
  await failedAndAborted();
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.log(failures === 0 ? 'All checks passed.' : `${failures} checks missed.`);
process.exitCode = failures === 0 ? 0 : 1;
