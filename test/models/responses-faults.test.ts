// What a failing provider or network becomes: one typed error each, nothing lost, nothing doubled, no secret shown.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { TurnError } from '../../src/protocol/error.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import type { Reply, Script, ScriptedServer } from '../../src/models/scripted-server.ts';
import { collect, makeClient, TEST_KEY } from './support.ts';
import type { Outcome } from './support.ts';

const servers: ScriptedServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startScriptedServer(script, { idPrefix: 'x' });
  servers.push(server);
  return server;
}

async function ask(reply: Reply, provider: Parameters<typeof makeClient>[1] = {}): Promise<Outcome> {
  const { baseUrl } = await serve(() => reply);
  return collect(makeClient(baseUrl, provider, { now: () => Date.UTC(2026, 0, 1) }));
}

function http(status: number, body: string | object, headers: Record<string, string> = {}): Reply {
  return { type: 'http', status, body, headers };
}

describe('HTTP errors', () => {
  test.each([
    [400, { error: { message: 'bad thing', code: 'x' } }, 'bad_request', false],
    [401, { error: { message: 'Incorrect API key provided' } }, 'auth', false],
    [402, 'pay', 'quota', false],
    [403, { error: { message: 'country not supported' } }, 'auth', false],
    [404, { error: { message: 'no such model' } }, 'bad_request', false],
    [408, 'slow', 'transport', true],
    [413, 'big', 'bad_request', false],
    [418, 'tea', 'bad_request', false],
    [422, { detail: 'cannot process' }, 'bad_request', false],
    [429, { error: { message: 'slow down please', code: 'rate_limit_exceeded' } }, 'rate_limited', true],
    [500, 'oops', 'transport', true],
    [502, '<html><head><title>502 Bad Gateway</title></head></html>', 'transport', true],
    [503, { error: { message: 'busy', code: 'server_is_overloaded' } }, 'overloaded', true],
    [503, { error: { message: 'busy', code: 'slow_down' } }, 'overloaded', true],
    [503, 'busy', 'transport', true],
    [529, 'busy', 'overloaded', true],
    // A server in trouble may say anything of the account.
    [500, { error: { message: 'no credit', code: 'insufficient_quota' } }, 'transport', true],
    [400, { error: { message: 'too long', code: 'context_length_exceeded' } }, 'context_length', false],
    [429, { error: { message: 'no credit', code: 'insufficient_quota' } }, 'quota', false],
    [
      429,
      { error: { type: 'usage_limit_reached', plan_type: 'plus', resets_at: 1_767_229_200 } },
      'quota',
      false,
    ],
    [403, { error: { type: 'usage_not_included', message: 'no' } }, 'quota', false],
  ])('%i %j is %s', async (status, body, code, retryable) => {
    const { error, events } = await ask(http(status, body), {
      queryParams: { 'api-version': 'hidden-value' },
    });
    expect(error).toBeInstanceOf(TurnError);
    expect(error).toMatchObject({ code, retryable, status });
    expect(events).toEqual([]);
    // Where it happened, without what may be secret, and a sentence on what to do.
    expect(error?.message).toMatch(/http:\/\/127\.0\.0\.1:\d+\/v1\/responses\?api-version=\[redacted\]/);
    expect(error?.message).not.toContain('hidden-value');
    expect(error?.message.split('. ').length).toBeGreaterThan(1);
  });

  test('say what the provider said, in the words Codex users know', async () => {
    const unauthorized = await ask(http(401, { error: { message: 'Incorrect API key provided' } }));
    expect(unauthorized.error?.message).toMatch(
      /^unexpected status 401 Unauthorized: Incorrect API key provided, url: http:\S+\/v1\/responses\. .*MOCK_KEY/,
    );
    const raw = '{"error":{"message":"bad thing"}}';
    expect((await ask(http(400, raw))).error?.message.split('\n')[0]).toBe(raw);
    expect((await ask(http(429, 'x'))).error?.message).toMatch(/^last status: 429 Too Many Requests/);
    const limit = { error: { type: 'usage_limit_reached', plan_type: 'plus', resets_at: 1_767_229_200 } };
    expect((await ask(http(429, limit))).error?.message).toMatch(/plan "plus".*2026-01-01T01:00:00Z/);
    expect((await ask(http(502, '<html><head><title>502 Bad Gateway</title>'))).error?.message).toContain(
      'an HTML page: 502 Bad Gateway',
    );
  });

  test.each([
    [429, { 'retry-after': '2' }, '', 2000],
    [429, { 'retry-after': '1.5' }, '', 1500],
    [503, { 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }, '', 7000],
    [503, { 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, '', 0],
    [429, { 'retry-after-ms': '250', 'retry-after': '9' }, '', 250],
    [429, {}, 'Please try again in 1.5s.', 1500],
    [429, {}, 'Please try again in 350ms.', 350],
    [429, { 'retry-after': 'soon' }, 'nothing', undefined],
    [400, { 'retry-after': '5' }, '', undefined],
  ])('%i with %j %j waits %s ms', async (status, headers, message, expected) => {
    const { error } = await ask(http(status, { error: { message } }, headers));
    expect(error?.retryAfterMs).toBe(expected);
  });

  test('a huge body is read in part only, and control characters do not reach the terminal', async () => {
    const nasty = `\u001b]52;c;aGFjaw==\u0007\u001b[2J\u202e${'<p>x</p>'.repeat(40_000)}`;
    for (const status of [400, 404, 500]) {
      const { error } = await ask(http(status, nasty));
      expect(error?.message.length).toBeLessThan(3000);
      expect(error?.message.replace('\n', ' ')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test('no secret is ever shown', async () => {
    const provider = {
      headers: { 'X-Team': 'team-secret-1' },
      envHeaders: { 'X-Env': 'ENV_SECRET' },
      queryParams: { k: 'query-secret-1' },
    };
    const echo = `key ${TEST_KEY} ${encodeURIComponent('env secret/2')} env secret/2 team-secret-1 query-secret-1 sk-proj-AbCdEf0123456789`;
    const replies: Reply[] = [
      http(401, { error: { message: echo } }),
      http(400, echo),
      http(500, `<title>${echo}</title><html>`),
      http(302, '', { location: `https://evil.example/${TEST_KEY}?k=${TEST_KEY}` }),
      { type: 'stream', items: [], ending: { type: 'failed', code: 'server_error', message: echo } },
      { type: 'stream', items: [], ending: { type: 'failed', code: TEST_KEY, message: echo } },
      { type: 'stream', items: [], ending: { type: 'incomplete', reason: echo } },
      { type: 'raw', chunks: [echo], headers: { 'content-type': `text/html; ${TEST_KEY}` } },
    ];
    for (const reply of replies) {
      const { baseUrl } = await serve(() => reply);
      const { error } = await collect(makeClient(baseUrl, provider, { env: { ENV_SECRET: 'env secret/2' } }));
      expect(error).toBeInstanceOf(TurnError);
      const shown = `${error?.message} ${JSON.stringify(error?.info)}`;
      expect(shown).not.toMatch(/0123456789abcdef|env secret|env%20secret|team-secret|query-secret|sk-proj/);
    }
  });

  test('a 401 brings new credentials once, and only if they differ', async () => {
    const { baseUrl, requests } = await serve((request) =>
      request.headers['authorization'] === 'Bearer new-token'
        ? { type: 'stream', items: [] }
        : http(401, 'expired'),
    );
    const reasons: string[] = [];
    const client = (renewed: string) =>
      makeClient(
        baseUrl,
        {},
        {
          authHeaders: (reason) => {
            reasons.push(reason);
            return Promise.resolve({
              Authorization: `Bearer ${reason === 'request' ? 'old-token' : renewed}`,
            });
          },
        },
      );
    expect((await collect(client('new-token'))).error).toBeNull();
    expect(reasons.splice(0)).toEqual(['request', 'unauthorized']);
    expect(requests.splice(0)).toHaveLength(2);
    expect((await collect(client('old-token'))).error).toMatchObject({ code: 'auth', status: 401 });
    expect(requests.splice(0)).toHaveLength(1);
    expect((await collect(client('other-token'))).error).toMatchObject({
      code: 'auth',
      status: 401,
      retryable: false,
    });
    expect(requests).toHaveLength(2);
  });

  test('without credentials nothing is sent', async () => {
    const { baseUrl, requests } = await serve(() => http(500, ''));
    const authHeaders = (): Promise<never> => Promise.reject(new Error('helper ended with 9'));
    const { error } = await collect(makeClient(baseUrl, {}, { authHeaders }));
    expect(error).toMatchObject({ code: 'auth', retryable: false });
    expect(error?.message).toContain('helper ended with 9');
    expect(requests).toHaveLength(0);
  });

  test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
    const other = await serve(() => ({ type: 'stream', items: [] }));
    const location = `${other.baseUrl}/responses?token=abcdefgh`;
    const { error } = await ask(http(status, 'moved', { location }));
    expect(error).toMatchObject({ code: 'bad_request', retryable: false, status });
    expect(error?.message).toContain(new URL(other.baseUrl).host);
    expect(error?.message).not.toContain('abcdefgh');
    expect(other.requests).toHaveLength(0);
  });

  test.each(['text/html; charset=utf-8', 'application/json'])(
    'a good status with %s is no answer',
    async (type) => {
      const { error } = await ask(
        http(200, '<html><body>Please log in</body></html>', { 'content-type': type }),
      );
      expect(error).toMatchObject({ code: 'bad_request', retryable: false });
      expect(error?.message).toContain('Please log in');
      expect(error?.message).toContain('base_url');
    },
  );
});

describe('errors inside the stream', () => {
  test.each([
    ['context_length_exceeded', 'too long', 'context_length', false],
    ['insufficient_quota', 'no credit', 'quota', false],
    ['usage_not_included', 'no', 'quota', false],
    ['invalid_prompt', 'no', 'bad_request', false],
    ['image_too_large', 'no', 'bad_request', false],
    ['server_is_overloaded', 'busy', 'overloaded', true],
    ['slow_down', 'busy', 'overloaded', true],
    ['rate_limit_exceeded', 'Limit reached. Please try again in 1.898s.', 'rate_limited', true],
    ['server_error', 'oops', 'transport', true],
    ['something_new', 'oops', 'transport', true],
  ])('%s', async (code, message, expected, retryable) => {
    const items = [{ type: 'message', text: 'half' } as const];
    const { error, entries, events } = await ask({
      type: 'stream',
      items,
      ending: { type: 'failed', code, message },
    });
    expect(error).toMatchObject({ code: expected, retryable });
    expect(error?.message).toContain('/v1/responses');
    expect(error?.retryAfterMs).toBe(code === 'rate_limit_exceeded' ? 1898 : undefined);
    expect(entries).toHaveLength(1);
    expect(events.some((event) => event.type === 'completed')).toBe(false);
  });

  test.each([
    { type: 'error', code: 'rate_limit_exceeded', message: 'try again in 2s', param: null },
    { type: 'error', error: { code: 'rate_limit_exceeded', message: 'try again in 2s' } },
  ])('an error event: %j', async (event) => {
    const { error } = await ask({ type: 'raw', chunks: [`data: ${JSON.stringify(event)}\n\n`] });
    expect(error).toMatchObject({ code: 'rate_limited', retryable: true, retryAfterMs: 2000 });
  });

  test.each([
    ['max_output_tokens', /largest size/],
    ['content_filter', /content filter/],
    ['other_reason', /other_reason/],
  ])('a response cut short by %s is not asked for again', async (reason, text) => {
    const { error } = await ask({
      type: 'stream',
      items: [{ type: 'message', text: 'half' }],
      ending: { type: 'incomplete', reason },
    });
    expect(error).toMatchObject({ code: 'incomplete', retryable: false });
    expect(error?.message).toMatch(text);
    expect(error?.message).toContain(reason);
  });

  test('half a call never runs', async () => {
    const item = {
      type: 'function_call',
      id: 'f',
      call_id: 'c',
      name: 'exec_command',
      arguments: '{"cmd":"rm -rf /tm',
      status: 'incomplete',
    };
    const events = [
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: 'r', output: [item] } },
    ];
    const { entries, error } = await ask({
      type: 'raw',
      chunks: events.map((event) => `data: ${JSON.stringify(event)}\n\n`),
    });
    expect(entries).toEqual([]);
    expect(error).toMatchObject({ code: 'incomplete', retryable: false });
  });

  test.each([
    ['damaged JSON', '{"type":"response.output_item.done","item":{"type":"function_ca'],
    ['no object', '42'],
    ['an item that is missing', '{"type":"response.output_item.done","output_index":0}'],
    [
      'a call without a name',
      '{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","arguments":"{}"}}',
    ],
    [
      'a call without arguments',
      '{"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"f"}}',
    ],
    ['a message without content', '{"type":"response.output_item.done","item":{"type":"message"}}'],
    ['a broken final list', '{"type":"response.completed","response":{"output":[null]}}'],
  ])('%s is an error, not a silence', async (_name, data) => {
    const good = '{"type":"response.output_text.delta","item_id":"m","delta":"before"}';
    const { error, text, events } = await ask({
      type: 'raw',
      chunks: [`data: ${good}\n\ndata: ${data}\n\n`],
    });
    expect(text).toBe('before');
    expect(error).toMatchObject({ code: 'transport', retryable: true });
    expect(error?.message).toMatch(/^stream disconnected before completion: malformed event/);
    expect(events.some((event) => event.type === 'completed')).toBe(false);
  });
});

describe('broken connections', () => {
  const items = [
    { type: 'message', text: 'Looking: ż🦅' },
    { type: 'functionCall', name: 'exec_command', arguments: { cmd: 'ls' } },
    { type: 'customToolCall', name: 'apply_patch', input: '*** Begin Patch\n*** End Patch\n' },
  ] as const;

  test('a stream without its end', async () => {
    const { error, entries } = await ask({ type: 'stream', items, ending: { type: 'missing' } });
    expect(entries).toHaveLength(3);
    expect(error).toMatchObject({ code: 'transport', retryable: true });
    expect(error?.message).toMatch(
      /^stream disconnected before completion: stream closed before response\.completed/,
    );
  });

  test('an empty answer, and one that hangs up', async () => {
    expect((await ask({ type: 'raw', chunks: [] })).error).toMatchObject({
      code: 'transport',
      retryable: true,
    });
    expect((await ask({ type: 'hangUp' })).error).toMatchObject({ code: 'transport', retryable: true });
  });

  test('nobody listens there', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const { error } = await collect(makeClient(`http://127.0.0.1:${port}/v1`));
    expect(error).toMatchObject({ code: 'transport', retryable: true });
    expect(error?.message).toMatch(/refused.*Is the server running/);
  });

  test('something that does not speak HTTP, or closes at once', async () => {
    for (const answer of ['SSH-2.0-OpenSSH_9\r\n', '']) {
      const odd = createServer((socket) => {
        socket.on('error', () => {});
        socket.end(answer);
      }).listen(0, '127.0.0.1');
      await once(odd, 'listening');
      const { error } = await collect(
        makeClient(`http://127.0.0.1:${(odd.address() as AddressInfo).port}/v1`),
      );
      expect(error).toMatchObject({ code: 'transport', retryable: true });
      odd.close();
    }
  });

  test('cut at any byte: the whole result, or an error after a true beginning of it', async () => {
    let body = new Uint8Array();
    const recorder = await serve(() => ({ type: 'stream', items }));
    const response = await fetch(`${recorder.baseUrl}/responses`, { method: 'POST', body: '{"model":"m"}' });
    body = new Uint8Array(await response.arrayBuffer());
    const whole = await replay(body, body.length);
    expect(whole.error).toBeNull();
    expect(whole.entries).toHaveLength(3);
    let finished = 0;
    for (let cut = 0; cut <= body.length; cut++) {
      const { entries, error, text } = await replay(body, cut);
      expect(entries).toEqual(whole.entries.slice(0, entries.length));
      expect(whole.text.startsWith(text)).toBe(true);
      if (error === null) {
        finished += 1;
        expect(entries).toHaveLength(3);
      } else expect(error).toMatchObject({ code: 'transport', retryable: true });
    }
    // Only when the last event is whole is the answer complete.
    expect(finished).toBeLessThanOrEqual(2);
    expect(finished).toBeGreaterThan(0);
  });

  /** Plays a recorded body up to a byte, in small reads, without a network. */
  async function replay(body: Uint8Array, cut: number): Promise<Outcome> {
    const fetch = (): Promise<Response> => {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < cut; at += 997) controller.enqueue(body.slice(at, Math.min(at + 997, cut)));
          controller.close();
        },
      });
      return Promise.resolve(new Response(stream, { headers: { 'content-type': 'text/event-stream' } }));
    };
    return collect(makeClient('http://mock.invalid/v1', {}, { fetch }));
  }

  test('a connection that breaks is an error too', async () => {
    const plain = await ask({ type: 'stream', items });
    for (const cutAfterBytes of [0, 1, 100, 1000, 2000, 3000, 4000]) {
      const { entries, error } = await ask({ type: 'stream', items, cutAfterBytes });
      expect(error, `cut after ${cutAfterBytes}`).toMatchObject({ code: 'transport', retryable: true });
      expect(error?.message).toMatch(/^stream disconnected before completion: /);
      expect(entries).toEqual(plain.entries.slice(0, entries.length));
    }
  });
});
