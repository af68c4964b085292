// Requests of the client and events of the scripted server, checked against OpenAI's own description of the API.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { ModelRequest } from '../../src/protocol/model.ts';
import { demoScript } from '../../src/models/demo.ts';
import type { ScriptedItem } from '../../src/models/scripted-reply.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import type { Reply, ScriptedServer } from '../../src/models/scripted-server.ts';
import { collect, makeClient, makeRequest, userMessage } from './support.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/responses/openai-schemas.json');

let ajv: Ajv2020;
let server: ScriptedServer | null = null;

beforeAll(() => {
  const { $defs } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as { $defs: object };
  ajv = new Ajv2020({ strict: false, allErrors: false });
  ajv.addSchema({ $id: 'openai', $defs });
});

afterEach(async () => {
  await server?.close();
  server = null;
});

function validatorOf(name: string): ValidateFunction {
  return ajv.compile({ $ref: `openai#/$defs/${name}` });
}

function expectValid(validate: ValidateFunction, value: unknown): void {
  const isValid = validate(value);
  expect(isValid ? [] : validate.errors, JSON.stringify(value).slice(0, 400)).toEqual([]);
}

async function bodyOf(request: Partial<ModelRequest>): Promise<Record<string, unknown>> {
  server = await startScriptedServer(() => ({ type: 'stream', items: [] }));
  expect((await collect(makeClient(server.baseUrl), makeRequest(request))).error).toBeNull();
  return server.requests[0]?.body as Record<string, unknown>;
}

async function eventsOf(reply: Reply, body: object = { model: 'gpt-x' }): Promise<Record<string, unknown>[]> {
  server = await startScriptedServer(() => reply);
  const response = await fetch(`${server.baseUrl}/responses`, { method: 'POST', body: JSON.stringify(body) });
  const frames = (await response.text()).trimEnd().split('\n\n');
  return frames.map((frame) => {
    const [event = '', data = ''] = frame.split('\n');
    const parsed = JSON.parse(data.replace(/^data: /, '')) as Record<string, unknown>;
    expect(event).toBe(`event: ${String(parsed['type'])}`);
    return parsed;
  });
}

/**
 * The document is stricter than the service: it wants an id in items that are sent without one to a provider that
 * stores nothing (as Codex does), and `status` in searches.
 */
function withIds(input: readonly object[]): object[] {
  return input.map((item) => {
    const { type } = item as { type: string };
    return type === 'reasoning' || type === 'web_search_call' ? { id: 'added', ...item } : item;
  });
}

describe('requests', () => {
  const input: HistoryEntry[] = [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
    userMessage('hello'),
    {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' }],
    },
    {
      type: 'reasoning',
      id: 'rs',
      summary: [{ type: 'summary_text', text: 's' }],
      content: null,
      encrypted_content: 'e',
    },
    { type: 'function_call', id: 'fc', call_id: 'c1', name: 'exec_command', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c1', output: 'out' },
    { type: 'custom_tool_call', id: 'ct', call_id: 'c2', name: 'apply_patch', input: 'x' },
    { type: 'custom_tool_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'done' }] },
    { type: 'web_search_call', id: 'ws', status: 'completed', action: { type: 'search', query: 'q' } },
    { type: 'compaction', encrypted_content: 'zzz' },
  ];

  const full: Partial<ModelRequest> = {
    input,
    tools: [
      { name: 'exec_command', description: 'Runs.', input: { type: 'json', schema: { type: 'object' } } },
      {
        name: 'apply_patch',
        description: 'Edits.',
        input: { type: 'freeform', syntax: 'lark', definition: 's: "a"' },
      },
    ],
    hostedTools: [{ type: 'web_search', external_web_access: true }],
    reasoning: { effort: 'xhigh', summary: 'detailed' },
    verbosity: 'high',
    serviceTier: 'fast',
    outputSchema: { type: 'object', properties: {}, additionalProperties: false },
  };

  test.each<[string, Partial<ModelRequest>]>([
    ['a bare one', {}],
    ['one with everything', full],
    [
      'one for a summary',
      { ...full, toolChoice: 'none', serviceTier: 'flex', outputSchema: { type: 'array' } },
    ],
  ])('%s fits CreateResponse', async (_name, request) => {
    const body = await bodyOf(request);
    expectValid(validatorOf('CreateResponse'), { ...body, input: withIds(body['input'] as object[]) });
  });

  test('each input item fits InputItem', async () => {
    const validate = validatorOf('InputItem');
    const body = await bodyOf(full);
    for (const item of withIds(body['input'] as object[])) expectValid(validate, item);
  });

  test('the check can fail', () => {
    const validate = validatorOf('CreateResponse');
    expect(validate({ model: 'm', input: 'hi', stream: 'yes' })).toBe(false);
    expect(validate({ model: 'm', input: [{ type: 'function_call', name: 5 }] })).toBe(false);
  });
});

describe('events of the scripted server', () => {
  const items: ScriptedItem[] = [
    { type: 'reasoning', summary: ['one', 'two'], content: ['raw'], encrypted: 'e' },
    { type: 'message', text: 'hello there, 🦅', phase: 'commentary' },
    { type: 'burst', delta: 'tok ', count: 250 },
    { type: 'functionCall', name: 'exec_command', arguments: { cmd: 'ls' } },
    { type: 'customToolCall', name: 'apply_patch', input: 'patch' },
    { type: 'webSearch', query: 'q' },
  ];

  test.each<[string, Reply]>([
    [
      'a completed answer',
      { type: 'stream', items, usage: { input: 9, cached: 3, output: 4, reasoning: 2 } },
    ],
    ['an answer with estimated usage', { type: 'stream', items: [] }],
    [
      'a failed answer',
      { type: 'stream', items, ending: { type: 'failed', code: 'server_error', message: 'no' } },
    ],
    [
      'an answer cut short',
      { type: 'stream', items, ending: { type: 'incomplete', reason: 'max_output_tokens' } },
    ],
  ])('%s fits ResponseStreamEvent, numbered without gaps', async (_name, reply) => {
    const validate = validatorOf('ResponseStreamEvent');
    const events = await eventsOf(reply);
    for (const event of events) expectValid(validate, event);
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, index) => index));
  });

  test('no kind of event is missing', async () => {
    const types = new Set((await eventsOf({ type: 'stream', items })).map((event) => event['type']));
    for (const kind of [
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
    ]) {
      expect(types).toContain(`response.${kind}`);
    }
    for (const kind of ['output_text.done', 'content_part.done', 'output_item.done', 'completed']) {
      expect(types).toContain(`response.${kind}`);
    }
    for (const kind of [
      'function_call_arguments',
      'custom_tool_call_input',
      'reasoning_summary_text',
      'reasoning_text',
    ]) {
      expect(types).toContain(`response.${kind}.delta`);
      expect(types).toContain(`response.${kind}.done`);
    }
    expect(types).toContain('response.web_search_call.searching');
  });

  test('the demo model speaks it too', async () => {
    const validate = validatorOf('ResponseStreamEvent');
    const body = {
      model: 'demo',
      tools: [
        { type: 'function', name: 'exec_command' },
        { type: 'custom', name: 'apply_patch' },
      ],
      input: [userMessage('fix the failing test')],
    };
    const request = {
      method: 'POST',
      url: '/v1/responses',
      headers: {},
      bodyText: '',
      body,
      closed: Promise.resolve({ early: false }),
    };
    const events = await eventsOf(demoScript(request), body);
    for (const event of events) expectValid(validate, event);
    expect(events.some((event) => event['type'] === 'response.function_call_arguments.done')).toBe(true);
  });
});

describe('the scripted server', () => {
  test('refuses WebSocket upgrades with 426, and other addresses with 404', async () => {
    server = await startScriptedServer(() => ({ type: 'stream', items: [] }));
    const { request } = await import('node:http');
    const { status, upgraded } = await new Promise<{ status: number | undefined; upgraded: boolean }>(
      (resolve, reject) => {
        const headers = {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        };
        const call = request(`${server?.baseUrl}/responses`, { headers });
        call.on('response', (response) => resolve({ status: response.resume().statusCode, upgraded: false }));
        call.on('upgrade', (response) => resolve({ status: response.statusCode, upgraded: true }));
        call.on('error', reject);
        call.end();
      },
    );
    expect({ status, upgraded }).toEqual({ status: 426, upgraded: false });
    expect((await fetch(`${server.baseUrl}/models`)).status).toBe(404);
    expect(server.requests).toHaveLength(1);
  });

  test('counts a longer prompt as cached where it repeats the one before', async () => {
    server = await startScriptedServer(() => ({
      type: 'stream',
      items: [{ type: 'message', text: 'hello' }],
    }));
    const client = makeClient(server.baseUrl);
    const usages = [];
    for (const words of [['a'.repeat(400)], ['a'.repeat(400), 'b']]) {
      const { events } = await collect(client, makeRequest({ input: words.map(userMessage) }));
      usages.push(events.find((event) => event.type === 'completed')?.usage);
    }
    expect(usages[0]).toMatchObject({ cachedInputTokens: 0 });
    expect(usages[0]?.inputTokens).toBe(Math.ceil((server.requests[0]?.bodyText.length ?? 0) / 4));
    expect(usages[1]?.cachedInputTokens).toBeGreaterThan(100);
    expect(usages[1]?.cachedInputTokens).toBeLessThan(usages[1]?.inputTokens ?? 0);
  });

  test('a script that throws answers 500', async () => {
    server = await startScriptedServer(() => {
      throw new Error('script bug');
    });
    const { error } = await collect(makeClient(server.baseUrl));
    expect(error).toMatchObject({ status: 500 });
    expect(error?.message).toContain('script bug');
  });
});
