// What goes over the wire: body, prefix, headers and address of a request.
import { afterEach, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { ToolSpec } from '../../src/protocol/model.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import type { RecordedRequest, Reply, Script, ScriptedServer } from '../../src/models/scripted-server.ts';
import { collect, makeClient, makeRequest, TEST_KEY, userMessage } from './support.ts';

let server: ScriptedServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

const OK: Reply = { type: 'stream', items: [{ type: 'message', text: 'ok' }] };

async function serve(script: Script = () => OK): Promise<ScriptedServer> {
  server = await startScriptedServer(script);
  return server;
}

const TOOLS: ToolSpec[] = [
  {
    name: 'exec_command',
    description: 'Runs.',
    input: { type: 'json', schema: { type: 'object', properties: {} } },
  },
  {
    name: 'strict_one',
    description: 'Strict.',
    input: { type: 'json', schema: { type: 'object' }, strict: true },
  },
  {
    name: 'apply_patch',
    description: 'Edits.',
    input: { type: 'freeform', syntax: 'lark', definition: 'start: "a"' },
  },
];

async function sent(
  request: Parameters<typeof makeRequest>[0],
  provider: Parameters<typeof makeClient>[1] = {},
  options: Parameters<typeof makeClient>[2] = {},
): Promise<RecordedRequest> {
  const { baseUrl, requests } = await serve();
  const { error } = await collect(makeClient(baseUrl, provider, options), makeRequest(request));
  expect(error).toBeNull();
  return requests[0] as RecordedRequest;
}

describe('body', () => {
  test('has the fields of the Responses API, input last', async () => {
    const { body, bodyText } = await sent({
      input: [userMessage('hi')],
      tools: TOOLS,
      hostedTools: [{ type: 'web_search', external_web_access: false }],
      reasoning: { effort: 'high', summary: 'auto' },
      verbosity: 'low',
      serviceTier: 'fast',
      outputSchema: { type: 'object' },
    });
    expect(body).toEqual({
      model: 'gpt-5.3-codex',
      instructions: 'Be brief.',
      tools: [
        {
          type: 'function',
          name: 'exec_command',
          description: 'Runs.',
          strict: false,
          parameters: { type: 'object', properties: {} },
        },
        {
          type: 'function',
          name: 'strict_one',
          description: 'Strict.',
          strict: true,
          parameters: { type: 'object' },
        },
        {
          type: 'custom',
          name: 'apply_patch',
          description: 'Edits.',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
        },
        { type: 'web_search', external_web_access: false },
      ],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { effort: 'high', summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      service_tier: 'priority',
      prompt_cache_key: '0199a213-81c0-7800-8aa1-bbab2a035a53',
      text: {
        verbosity: 'low',
        format: {
          type: 'json_schema',
          strict: true,
          name: 'codex_output_schema',
          schema: { type: 'object' },
        },
      },
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
    });
    expect(Object.keys(body as object).at(-1)).toBe('input');
    expect(bodyText).toBe(JSON.stringify(body));
  });

  test('leaves out what is not set', async () => {
    const { body } = await sent({ serviceTier: 'flex', toolChoice: 'none' });
    expect(body).toMatchObject({
      reasoning: null,
      include: [],
      service_tier: 'flex',
      tool_choice: 'none',
      input: [],
    });
    expect(body).not.toHaveProperty('text');
    expect((await sent({ reasoning: { summary: 'none' } })).body).toMatchObject({ reasoning: {} });
  });

  const withIds: HistoryEntry[] = [
    { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: 'abc' },
    { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'f', arguments: '{ "a" : 1 }' },
    { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'x' }] },
    { type: 'unknown', raw: { type: 'new_thing', id: 'nt_1', deep: { id: 'kept' } } },
  ];

  test('item ids stay at home unless the provider stores responses', async () => {
    expect((await sent({ input: withIds })).body).toMatchObject({
      store: false,
      input: [
        { type: 'reasoning', summary: [], encrypted_content: 'abc' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{ "a" : 1 }' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'x' }] },
        { type: 'new_thing', id: 'nt_1', deep: { id: 'kept' } },
      ],
    });
    const { body } = await sent({ input: withIds });
    expect((body as { input: object[] }).input[0]).not.toHaveProperty('id');
    expect((body as { input: object[] }).input[0]).not.toHaveProperty('content');
    const azure = await sent({ input: withIds }, { id: 'azure' });
    expect(azure.body).toMatchObject({ store: true, input: [{ id: 'rs_1' }, { id: 'fc_1' }, {}, {}] });
  });
});

describe('prefix', () => {
  test('each of 200 requests begins with the bytes of the one before', async () => {
    const { baseUrl, requests } = await serve((_request, index) => ({
      type: 'stream',
      items: [
        { type: 'reasoning', summary: [`thought ${index}`], encrypted: `e${index}` },
        { type: 'functionCall', name: 'exec_command', arguments: { cmd: `echo ${index} "ż🦅"` } },
      ],
    }));
    const client = makeClient(baseUrl);
    const history: HistoryEntry[] = [userMessage('go')];
    for (let turn = 0; turn < 200; turn++) {
      const settings = {
        tools: TOOLS,
        reasoning: { effort: 'low' } as const,
        turnId: `turn-${Math.floor(turn / 10)}`,
      };
      const { entries, error } = await collect(client, makeRequest({ ...settings, input: [...history] }));
      expect(error).toBeNull();
      history.push(...entries);
      for (const entry of entries) {
        if (entry.type !== 'function_call') continue;
        history.push({ type: 'function_call_output', call_id: entry.call_id, output: `out ${turn}\n` });
      }
    }
    expect(requests).toHaveLength(200);
    for (let i = 1; i < requests.length; i++) {
      const before = requests[i - 1]?.bodyText ?? '';
      expect(before.endsWith(']}')).toBe(true);
      expect(requests[i]?.bodyText.startsWith(before.slice(0, -2)), `request ${i}`).toBe(true);
    }
  });

  test('an entry is written once, however often it is sent', async () => {
    const { baseUrl, requests } = await serve();
    let reads = 0;
    const entry = {
      ...userMessage('hi'),
      get role() {
        reads += 1;
        return 'user';
      },
    } as unknown as HistoryEntry;
    const client = makeClient(baseUrl);
    for (let i = 0; i < 3; i++) await collect(client, makeRequest({ input: [entry] }));
    expect(requests).toHaveLength(3);
    expect(requests[2]?.bodyText).toBe(requests[0]?.bodyText);
    expect(reads).toBe(1);
  });
});

describe('headers and address', () => {
  test('name the program, the thread and the turn', async () => {
    const { headers, url, method } = await sent({});
    expect(method).toBe('POST');
    expect(url).toBe('/v1/responses');
    expect(headers).toMatchObject({
      accept: 'text/event-stream',
      authorization: `Bearer ${TEST_KEY}`,
      'content-type': 'application/json',
      originator: 'skua_test',
      'user-agent': 'skua_test/1.2.3',
      session_id: '0199a213-81c0-7800-8aa1-bbab2a035a53',
      'x-client-request-id': '0199a213-81c0-7800-8aa1-bbab2a035a53',
    });
    expect(JSON.parse(headers['x-codex-turn-metadata'] ?? '')).toEqual({
      session_id: '0199a213-81c0-7800-8aa1-bbab2a035a53',
      turn_id: 'turn-1',
      sandbox: 'workspace-write',
    });
    expect(headers).not.toHaveProperty('version');
    expect(headers).not.toHaveProperty('content-encoding');
    expect((await sent({}, { id: 'openai' })).headers).toHaveProperty('version', '1.2.3');
  });

  test('take in those of the provider, and those from the environment that are set', async () => {
    const { headers, url } = await sent(
      {},
      {
        headers: { 'X-Team': 'blue', Originator: 'mine' },
        envHeaders: { 'X-One': 'ONE', 'X-Two': 'TWO', 'X-Three': 'THREE' },
        queryParams: { 'api-version': '2025-04-01 preview', a: '&' },
      },
      { env: { ONE: 'first', TWO: '' } },
    );
    expect(headers).toMatchObject({ 'x-team': 'blue', originator: 'mine', 'x-one': 'first' });
    expect(headers).not.toHaveProperty('x-two');
    expect(headers).not.toHaveProperty('x-three');
    expect(new URL(url, 'http://x').searchParams.get('api-version')).toBe('2025-04-01 preview');
    expect(new URL(url, 'http://x').searchParams.get('a')).toBe('&');
  });

  test('a turn state goes back within its turn only', async () => {
    const { baseUrl, requests } = await serve(() => ({
      type: 'stream',
      items: [],
      headers: { 'x-codex-turn-state': 'sticky' },
    }));
    const client = makeClient(baseUrl);
    for (const turnId of ['a', 'a', 'b', 'b']) await collect(client, makeRequest({ turnId }));
    expect(requests.map((request) => request.headers['x-codex-turn-state'])).toEqual([
      undefined,
      'sticky',
      undefined,
      'sticky',
    ]);
  });

  test.each(['', 'nonsense', 'ftp://host/v1', 'file:///etc', 'http://', '/v1'])(
    'no request goes to %j',
    async (baseUrl) => {
      let calls = 0;
      const fetch = (): Promise<Response> => {
        calls += 1;
        return Promise.reject(new Error('must not be called'));
      };
      const { error } = await collect(makeClient(baseUrl, {}, { fetch }));
      expect(error).toMatchObject({ code: 'bad_request', retryable: false });
      expect(error?.message).toContain('base_url');
      expect(calls).toBe(0);
    },
  );

  test('an address with a password is refused without showing it', async () => {
    const { error } = await collect(makeClient('http://me:hunter22@127.0.0.1:1/v1?key=topsecret'));
    expect(error?.code).toBe('bad_request');
    expect(error?.message).not.toMatch(/hunter22|topsecret/);
  });

  test('a header that HTTP does not allow is named, its value is not', async () => {
    const { error } = await collect(
      makeClient('http://127.0.0.1:9/v1', { headers: { 'X-Bad': 'line1\nsecret-line' } }),
    );
    expect(error).toMatchObject({ code: 'bad_request', retryable: false });
    expect(error?.message).toContain('"x-bad"');
    expect(error?.message).not.toContain('secret-line');
  });

  test('one connection serves more than one request', async () => {
    const server = await serve();
    const client = makeClient(server.baseUrl);
    // The client reads the end of a body in its own time, so a request that comes at once may need a new connection.
    for (let i = 0; i < 50 && server.connections >= server.requests.length; i++) {
      await collect(client);
      await server.requests[i]?.closed;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.connections).toBeLessThan(server.requests.length);
  });
});
