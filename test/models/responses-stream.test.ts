// What comes out of good streams, and of streams that repeat, reorder or leave out parts of themselves.
import { afterEach, describe, expect, test } from 'vitest';
import { isToolCall } from '../../src/protocol/history.ts';
import type { ModelEvent } from '../../src/protocol/model.ts';
import type { ScriptedItem, StreamReply } from '../../src/models/scripted-reply.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import type { Reply, ScriptedServer, ScriptedServerOptions } from '../../src/models/scripted-server.ts';
import { collect, makeClient, makeRequest, userMessage } from './support.ts';
import type { Outcome } from './support.ts';

let server: ScriptedServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(
  reply: Reply,
  options: ScriptedServerOptions = { idPrefix: 'x' },
): Promise<ScriptedServer> {
  await server?.close();
  server = await startScriptedServer(() => reply, options);
  return server;
}

async function ask(reply: Reply, request = makeRequest()): Promise<Outcome> {
  const { baseUrl } = await serve(reply);
  return collect(makeClient(baseUrl), request);
}

/** A stream of events written by hand. */
function sse(...events: object[]): Reply {
  return { type: 'raw', chunks: events.map((event) => `data: ${JSON.stringify(event)}\n\n`) };
}

const CREATED = { type: 'response.created', response: { id: 'resp_1', model: 'gpt-x' } };

function completed(output: object[] = []): object {
  return { type: 'response.completed', response: { id: 'resp_1', output } };
}

function call(fields: object): object {
  return { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}', ...fields };
}

function done(index: number, item: object): object {
  return { type: 'response.output_item.done', output_index: index, item };
}

function callsOf(outcome: Outcome): { id: string; input: string }[] {
  return outcome.entries.filter(isToolCall).map((entry) => ({
    id: entry.call_id,
    input: entry.type === 'function_call' ? entry.arguments : entry.input,
  }));
}

const ITEMS: ScriptedItem[] = [
  {
    type: 'reasoning',
    summary: ['First thought.', 'Second thought.'],
    content: ['raw'],
    encrypted: 'c2VjcmV0',
  },
  { type: 'message', text: 'I look around: zażółć 🦅.', phase: 'commentary' },
  { type: 'functionCall', name: 'exec_command', arguments: { cmd: 'ls -la' } },
  { type: 'customToolCall', name: 'apply_patch', input: '*** Begin Patch\n*** End Patch\n' },
  { type: 'webSearch', query: 'sea eagles' },
];

describe('a good stream', () => {
  test('gives each item once, in order, and ends with completed', async () => {
    const usage = { input: 100, cached: 80, output: 40, reasoning: 15 };
    const { events, entries, error } = await ask({ type: 'stream', items: ITEMS, usage });
    expect(error).toBeNull();
    expect(entries).toEqual([
      {
        id: 'rs_x0_0',
        type: 'reasoning',
        summary: [
          { type: 'summary_text', text: 'First thought.' },
          { type: 'summary_text', text: 'Second thought.' },
        ],
        content: [{ type: 'reasoning_text', text: 'raw' }],
        encrypted_content: 'c2VjcmV0',
      },
      {
        id: 'msg_x0_1',
        type: 'message',
        role: 'assistant',
        phase: 'commentary',
        content: [{ type: 'output_text', text: 'I look around: zażółć 🦅.' }],
      },
      {
        id: 'fc_x0_2',
        type: 'function_call',
        call_id: 'call_x0_2',
        name: 'exec_command',
        arguments: '{"cmd":"ls -la"}',
      },
      {
        id: 'ctc_x0_3',
        type: 'custom_tool_call',
        call_id: 'call_x0_3',
        name: 'apply_patch',
        input: '*** Begin Patch\n*** End Patch\n',
      },
      expect.objectContaining({ id: 'ws_x0_4', type: 'web_search_call' }),
    ]);
    expect(events[0]).toEqual({ type: 'started', responseId: 'resp_x0', model: 'gpt-5.3-codex' });
    expect(events.at(-1)).toEqual({
      type: 'completed',
      responseId: 'resp_x0',
      usage: {
        inputTokens: 100,
        cachedInputTokens: 80,
        outputTokens: 40,
        reasoningOutputTokens: 15,
        totalTokens: 140,
      },
    });
    expect(events.filter((event) => event.type === 'webSearchStarted')).toEqual([
      { type: 'webSearchStarted', itemId: 'ws_x0_4' },
    ]);
  });

  test('its deltas carry all text, before the item they belong to', async () => {
    const { events } = await ask({ type: 'stream', items: ITEMS });
    const joined = new Map<string, string>();
    const finished = new Set<string>();
    for (const event of events) {
      if (event.type === 'entry') finished.add(event.itemId);
      if (event.type !== 'textDelta' && event.type !== 'reasoningDelta' && event.type !== 'toolInputDelta')
        continue;
      expect(finished.has(event.itemId)).toBe(false);
      const key =
        event.type === 'reasoningDelta' ? `${event.itemId} ${event.part} ${event.index}` : event.itemId;
      joined.set(key, (joined.get(key) ?? '') + event.text);
    }
    expect(Object.fromEntries(joined)).toEqual({
      'rs_x0_0 summary 0': 'First thought.',
      'rs_x0_0 summary 1': 'Second thought.',
      'rs_x0_0 content 0': 'raw',
      msg_x0_1: 'I look around: zażółć 🦅.',
      fc_x0_2: '{"cmd":"ls -la"}',
      ctc_x0_3: '*** Begin Patch\n*** End Patch\n',
    });
  });

  test('a burst arrives whole, in few events', async () => {
    const count = 20_000;
    const { events, entries, text } = await ask({
      type: 'stream',
      items: [{ type: 'burst', delta: 'token ', count }],
    });
    expect(text).toBe('token '.repeat(count));
    expect(entries).toHaveLength(1);
    expect(events.filter((event) => event.type === 'textDelta').length).toBeLessThan(count / 10);
  });

  test('items of a kind nobody knows are kept as they came', async () => {
    const item = { type: 'time_travel_call', id: 'tt_1', to: 1999 };
    const { entries } = await ask(sse(CREATED, done(0, item), completed([item])));
    expect(entries).toEqual([{ type: 'unknown', raw: item }]);
  });

  test('limits come from headers and from events; the model from its header', async () => {
    const headers = {
      'x-codex-primary-used-percent': '12.5',
      'x-codex-primary-window-minutes': '300',
      'x-codex-primary-reset-at': '1700000000',
      'openai-model': 'gpt-real',
    };
    const limits = {
      primary: { used_percent: 13, window_minutes: 300, reset_at: 5 },
      secondary: { used_percent: 2 },
    };
    const extraEvents = [{ type: 'codex.rate_limits', plan_type: 'plus', rate_limits: limits }];
    const { events } = await ask({ type: 'stream', items: [], headers, extraEvents });
    expect(events.slice(0, 3)).toEqual([
      {
        type: 'rateLimits',
        primary: { usedPercent: 12.5, windowMinutes: 300, resetsAt: 1_700_000_000 },
        secondary: null,
      },
      { type: 'started', responseId: 'resp_x0', model: 'gpt-real' },
      {
        type: 'rateLimits',
        primary: { usedPercent: 13, windowMinutes: 300, resetsAt: 5 },
        secondary: { usedPercent: 2, windowMinutes: null, resetsAt: null },
      },
    ]);
  });

  test('comments, unknown events, CRLF and end markers do no harm', async () => {
    const lines = [
      CREATED,
      { type: 'response.new_thing', x: 1 },
      { hello: 1 },
      done(0, call({ id: 'a', call_id: 'c' })),
      completed(),
    ];
    const body = lines
      .map((event) => `: hi\r\nevent: e\r\nid: 7\r\ndata: ${JSON.stringify(event)}\r\n\r\n`)
      .join('');
    const { entries, error } = await ask({ type: 'raw', chunks: ['\uFEFF', body, 'data: [DONE]\r\n\r\n'] });
    expect(error).toBeNull();
    expect(entries).toHaveLength(1);
  });
});

describe('every item exactly once', () => {
  const items: ScriptedItem[] = [
    ...ITEMS,
    { type: 'functionCall', name: 'exec_command', arguments: { cmd: 'pwd' } },
  ];

  async function entriesOf(change: Partial<StreamReply>): Promise<Outcome> {
    return ask({ type: 'stream', items, ...change });
  }

  test('when every event comes two or three times', async () => {
    const plain = await entriesOf({});
    for (const repeatEvents of [2, 3]) {
      const repeated = await entriesOf({ repeatEvents });
      expect(repeated.entries).toEqual(plain.entries);
      expect(repeated.text).toBe(plain.text);
      expect(repeated.events.filter((event) => event.type === 'completed')).toHaveLength(1);
      expect(repeated.events.filter((event) => event.type === 'started')).toHaveLength(1);
    }
  });

  test('when items come only as they finish, or only at the end', async () => {
    const plain = await entriesOf({});
    expect((await entriesOf({ omit: 'finalOutput' })).entries).toEqual(plain.entries);
    expect((await entriesOf({ omit: 'itemEvents' })).entries).toEqual(plain.entries);
  });

  test('when a part of them is only in the final response', async () => {
    const first = call({ id: 'fc_1', call_id: 'call_1' });
    const second = call({ id: 'fc_2', call_id: 'call_2', arguments: '{"cmd":"pwd"}' });
    const message = {
      type: 'message',
      id: 'msg_3',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'bye' }],
    };
    const outcome = await ask(sse(CREATED, done(0, first), completed([first, second, message])));
    expect(callsOf(outcome).map((entry) => entry.id)).toEqual(['call_1', 'call_2']);
    expect(outcome.entries.map((entry) => entry.type)).toEqual(['function_call', 'function_call', 'message']);
  });

  test('when the final response lacks ids and positions', async () => {
    const first = call({ id: 'fc_1', call_id: 'call_1' });
    const text = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'same' }] };
    const { id: _id, ...anonymous } = first as { id: string };
    const events = [
      CREATED,
      done(3, { ...text, id: 'msg_1' }),
      done(5, first),
      completed([anonymous, text, text]),
    ];
    const outcome = await ask(sse(...events));
    // Two equal messages in the final list, one of them streamed: the other one is new.
    expect(outcome.entries.map((entry) => entry.type)).toEqual(['message', 'function_call', 'message']);
  });

  test('when the final response writes the same thing in other words', async () => {
    const streamed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'one' };
    const outcome = await ask(
      sse(
        CREATED,
        done(0, streamed),
        done(1, call({ id: 'fc_1', call_id: 'call_1', arguments: '{"cmd":"ls"}' })),
        completed([
          { ...streamed, encrypted_content: 'two' },
          call({ id: 'fc_1', call_id: 'call_1', arguments: '{ "cmd": "ls" }' }),
        ]),
      ),
    );
    expect(outcome.entries).toHaveLength(2);
  });

  test('a text that was only streamed is kept', async () => {
    const delta = (text: string): object => ({
      type: 'response.output_text.delta',
      output_index: 0,
      item_id: 'm',
      delta: text,
    });
    const added = {
      type: 'response.output_item.added',
      output_index: 0,
      item: { type: 'message', id: 'm', content: [] },
    };
    const { entries } = await ask(sse(CREATED, added, delta('Hel'), delta('lo'), completed()));
    expect(entries).toEqual([
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
    ]);
  });
});

describe('call ids', () => {
  test('a call without one gets one, and equal calls at two places stay two', async () => {
    const outcome = await ask(
      sse(CREATED, done(0, call({})), done(0, call({})), done(1, call({})), completed()),
    );
    const ids = callsOf(outcome).map((entry) => entry.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^call_\w{10,}/);
  });

  test('two calls that share one get two', async () => {
    const one = call({ id: 'fc_1', call_id: 'dup', arguments: '{"cmd":"a"}' });
    const two = call({ id: 'fc_2', call_id: 'dup', arguments: '{"cmd":"b"}' });
    const outcome = await ask(sse(CREATED, done(0, one), done(1, two), completed([one, two])));
    const calls = callsOf(outcome);
    expect(calls.map((entry) => entry.input)).toEqual(['{"cmd":"a"}', '{"cmd":"b"}']);
    expect(new Set(calls.map((entry) => entry.id)).size).toBe(2);
    expect(calls[0]?.id).toBe('dup');
  });

  test('one that the history holds already is replaced', async () => {
    const input = [
      userMessage('hi'),
      { type: 'function_call', call_id: 'call_0', name: 'exec_command', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_0', output: 'ok' },
    ] as const;
    const reply = sse(CREATED, done(0, call({ id: 'fc_9', call_id: 'call_0' })), completed());
    const outcome = await ask(reply, makeRequest({ input: [...input] }));
    expect(callsOf(outcome)).toHaveLength(1);
    expect(callsOf(outcome)[0]?.id).not.toBe('call_0');
  });

  test('arguments given as an object become their text', async () => {
    const outcome = await ask(
      sse(CREATED, done(0, call({ call_id: 'c', arguments: { cmd: 'ls' } })), completed()),
    );
    expect(callsOf(outcome)).toEqual([{ id: 'c', input: '{"cmd":"ls"}' }]);
  });
});

describe('deltas of servers that do not count', () => {
  const delta = (text: string, sequence: object): object => ({
    type: 'response.output_text.delta',
    item_id: 'm',
    output_index: 0,
    delta: text,
    ...sequence,
  });

  test.each([
    ['no numbers', {}],
    ['the same number always', { sequence_number: 0 }],
  ])('%s: equal deltas are all shown', async (_name, sequence) => {
    const { text } = await ask(
      sse(CREATED, delta('ha', sequence), delta('ha', sequence), delta('ha', sequence), completed()),
    );
    expect(text).toBe('hahaha');
  });

  test('items without ids still tie deltas and entry together', async () => {
    const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hi' }] };
    const added = {
      type: 'response.output_item.added',
      output_index: 4,
      item: { type: 'message', content: [] },
    };
    const piece = { type: 'response.output_text.delta', output_index: 4, delta: 'hi' };
    const { events } = await ask(sse(CREATED, added, piece, done(4, item), completed([])));
    const ids = events.flatMap((event: ModelEvent) => ('itemId' in event ? [event.itemId] : []));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});

test('deltas of two messages that alternate stay apart, in one read and in many', async () => {
  let sequence = 0;
  const delta = (item: string, text: string): object => ({
    type: 'response.output_text.delta',
    sequence_number: sequence++,
    item_id: item,
    output_index: item === 'a' ? 0 : 1,
    content_index: 0,
    delta: text,
    logprobs: [],
  });
  const texts = Array.from({ length: 60 }, (_, i) => [
    i % 3 === 0 ? 'a' : 'b',
    `${i}${i % 7 === 0 ? '\n"' : ' '}`,
  ]);
  const events = texts.map(([item, text]) => delta(item as string, text as string));
  // Some come twice, under the number they had.
  events.splice(20, 0, events[3] as object, events[19] as object);
  const streams = [[CREATED, ...events, completed()].map((event) => `data: ${JSON.stringify(event)}\n\n`)];
  streams.push([(streams[0] as string[]).join('')]);
  for (const chunks of streams) {
    const { events: seen } = await ask({ type: 'raw', chunks });
    for (const item of ['a', 'b']) {
      const got = seen.flatMap((event) =>
        event.type === 'textDelta' && event.itemId === item ? [event.text] : [],
      );
      const sent = texts.flatMap(([name, text]) => (name === item ? [text] : []));
      expect(got.join('')).toBe(sent.join(''));
    }
  }
});
