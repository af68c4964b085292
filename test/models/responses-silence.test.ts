// Silence ends in a time-out, an interruption at once; both close the connection.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TurnError } from '../../src/protocol/error.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import type { Reply, Script, ScriptedServer } from '../../src/models/scripted-server.ts';
import { collect, makeClient, makeRequest } from './support.ts';
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

describe('silence and interruption', () => {
  test.each<[string, Reply]>([
    ['before the headers', { type: 'silence' }],
    ['before the first byte', { type: 'raw', chunks: [], end: 'stall' }],
    ['in the middle', { type: 'stream', items: [{ type: 'message', text: 'hello' }], stallAfterBytes: 900 }],
  ])('silence %s ends in a time-out, and the connection is closed', async (_name, reply) => {
    const { error, requests } = await waitInVain(reply);
    expect(error).toMatchObject({ code: 'transport', retryable: true });
    expect(error?.message).toMatch(/^idle timeout waiting for SSE.*stream_idle_timeout_ms/);
    expect(await requests[0]?.closed).toEqual({ early: true });
  });

  test('silence in an error body ends as well', async () => {
    const headers = { 'content-type': 'application/json' };
    const { error, requests } = await waitInVain({ type: 'raw', chunks: ['{"err'], headers, end: 'stall' });
    expect(error).toBeInstanceOf(TurnError);
    expect(await requests[0]?.closed).toEqual({ early: true });
  });

  /** Asks, and lets the time of silence pass on a clock of the test's own once the request has arrived. */
  async function waitInVain(reply: Reply): Promise<Outcome & { requests: ScriptedServer['requests'] }> {
    const arrived = Promise.withResolvers<void>();
    const { baseUrl, requests } = await serve(() => {
      arrived.resolve();
      return reply;
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const settled = new AbortController();
      const outcome = collect(makeClient(baseUrl, { streamIdleTimeoutMs: 1000 })).finally(() =>
        settled.abort(),
      );
      await arrived.promise;
      while (!settled.signal.aborted) {
        await new Promise((resolve) => setImmediate(resolve));
        await vi.advanceTimersByTimeAsync(100);
      }
      return { ...(await outcome), requests };
    } finally {
      vi.useRealTimers();
    }
  }

  test.each<[string, Reply]>([
    ['while the server thinks', { type: 'silence' }],
    [
      'while it writes',
      { type: 'raw', chunks: ['data: {"type":"response.created","response":{"id":"r"}}\n\n'], end: 'stall' },
    ],
  ])('an abort %s closes the connection at once', async (_name, reply) => {
    const arrived = Promise.withResolvers<void>();
    const { baseUrl, requests } = await serve(() => {
      arrived.resolve();
      return reply;
    });
    const controller = new AbortController();
    const outcome = collect(makeClient(baseUrl), makeRequest(), controller.signal);
    await arrived.promise;
    controller.abort();
    expect((await outcome).error).toMatchObject({ code: 'interrupted', retryable: false });
    expect(await requests[0]?.closed).toEqual({ early: true });
  });

  test('after an abort nothing more comes out, not even what was read already', async () => {
    const items = [1, 2, 3].map((n) => ({ type: 'message', text: `number ${n}` }) as const);
    const { baseUrl } = await serve(() => ({ type: 'stream', items }));
    const controller = new AbortController();
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const event of makeClient(baseUrl)(makeRequest(), controller.signal)) {
        seen.push(event.type);
        controller.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'interrupted' });
    expect(seen).toEqual(['started']);
  });

  test('an abort before the start sends nothing; one while credentials are fetched neither', async () => {
    const { baseUrl, requests } = await serve(() => ({ type: 'stream', items: [] }));
    expect((await collect(makeClient(baseUrl), makeRequest(), AbortSignal.abort())).error).toMatchObject({
      code: 'interrupted',
    });
    const controller = new AbortController();
    const authHeaders = (): Promise<never> => {
      controller.abort();
      return new Promise(() => {});
    };
    const { error } = await collect(
      makeClient(baseUrl, {}, { authHeaders }),
      makeRequest(),
      controller.signal,
    );
    expect(error).toMatchObject({ code: 'interrupted' });
    expect(requests).toHaveLength(0);
  });

  test('leaving the iteration early closes the connection', async () => {
    const { baseUrl, requests } = await serve(() => ({
      type: 'stream',
      items: [{ type: 'message', text: 'hello' }],
      stallAfterBytes: 900,
    }));
    for await (const event of makeClient(baseUrl)(makeRequest(), new AbortController().signal)) {
      expect(event.type).toBe('started');
      break;
    }
    expect(await requests[0]?.closed).toEqual({ early: true });
  });
});

describe('silence, by a clock that the test moves', () => {
  const IDLE_MS = 1000;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** A body that the test writes by hand. */
  function handWritten(): { fetch: typeof fetch; write: (text: string) => void } {
    let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
    const send = (_url: unknown, init?: RequestInit): Promise<Response> => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          sink = controller;
          init?.signal?.addEventListener('abort', () => controller.error(new Error('aborted')));
        },
      });
      return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    };
    return { fetch: send, write: (text) => sink?.enqueue(new TextEncoder().encode(text)) };
  }

  const delta = (text: string): string =>
    `data: ${JSON.stringify({ type: 'response.output_text.delta', item_id: 'm', delta: text })}\n\n`;

  test('a slow but living stream is not cut, a silent one is', async () => {
    const { fetch, write } = handWritten();
    const outcome = collect(
      makeClient('http://mock.invalid/v1', { streamIdleTimeoutMs: IDLE_MS }, { fetch }),
    );
    await vi.advanceTimersByTimeAsync(0);
    for (let i = 0; i < 30; i++) {
      await vi.advanceTimersByTimeAsync(IDLE_MS - 100);
      // A comment is a sign of life as well.
      write(i % 2 === 0 ? delta('x') : ': still here\n\n');
    }
    await vi.advanceTimersByTimeAsync(IDLE_MS + 1);
    const { error, text } = await outcome;
    expect(text).toBe('x'.repeat(15));
    expect(error?.message).toMatch(/^idle timeout waiting for SSE/);
  });

  test('the time a consumer takes does not count as silence', async () => {
    const { fetch, write } = handWritten();
    const client = makeClient('http://mock.invalid/v1', { streamIdleTimeoutMs: IDLE_MS }, { fetch });
    const events = client(makeRequest(), new AbortController().signal)[Symbol.asyncIterator]();
    const first = events.next();
    await vi.advanceTimersByTimeAsync(0);
    write(delta('one'));
    expect((await first).value).toMatchObject({ type: 'textDelta', text: 'one' });
    await vi.advanceTimersByTimeAsync(IDLE_MS * 10);
    write(delta('two'));
    expect((await events.next()).value).toMatchObject({ type: 'textDelta', text: 'two' });
    await events.return?.();
  });
});
