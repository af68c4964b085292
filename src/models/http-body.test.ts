// Requests carry no time limit of the runtime's own.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createUntimedFetch } from './http-body.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Dispatchers are how Node's fetch is told; Bun has an option of its own. */
const onNode = describe.skipIf(process.versions['bun'] !== undefined);

onNode('untimed fetch', () => {
  test('switches the limits of both runtimes off, and keeps what was asked for', async () => {
    const seen: (RequestInit & { dispatcher?: { constructor: { name: string } }; timeout?: unknown })[] = [];
    vi.stubGlobal('fetch', (_input: string, init: RequestInit) => {
      seen.push(init);
      return Promise.resolve(new Response('ok'));
    });
    const send = createUntimedFetch();
    await send('http://127.0.0.1:1/', { method: 'POST', redirect: 'manual' });
    await send('http://127.0.0.1:1/', {});
    expect(seen[0]).toMatchObject({ method: 'POST', redirect: 'manual', timeout: false });
    const holder = globalThis as unknown as Record<symbol, object>;
    const theirs = holder[Symbol.for('undici.globalDispatcher.1')];
    expect(seen[0]?.dispatcher?.constructor).toBe(theirs?.constructor);
    expect(seen[0]?.dispatcher).not.toBe(theirs);
    // One pool of connections for all requests.
    expect(seen[1]?.dispatcher).toBe(seen[0]?.dispatcher);
  });

  test('two clients share no connections', async () => {
    const seen: unknown[] = [];
    vi.stubGlobal('fetch', (_input: string, init: { dispatcher?: unknown }) => {
      seen.push(init.dispatcher);
      return Promise.resolve(new Response('ok'));
    });
    await createUntimedFetch()('http://127.0.0.1:1/');
    await createUntimedFetch()('http://127.0.0.1:1/');
    expect(seen[0]).not.toBe(seen[1]);
  });
});
