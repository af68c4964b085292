// The loop, driven by a scripted model: what is asked, what is shown, what is remembered.
import { describe, expect, test } from 'vitest';
import { TurnError, UsageError } from '../../src/protocol/error.ts';
import { isToolCall, isToolOutput } from '../../src/protocol/history.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import { call, done, fakeTool, rig, text } from './harness.ts';

const cut = (): TurnError => new TurnError('transport', 'stream disconnected', { retryable: true });
const outputs = (entries: readonly HistoryEntry[]): string[] =>
  entries
    .filter(isToolOutput)
    .map((entry) => `${entry.call_id}=${typeof entry.output === 'string' ? entry.output : 'parts'}`);

describe('a turn', () => {
  test('answers with a message', async () => {
    const { run, log, events, thread } = rig([[...text('m1', 'hi'), done()]]);
    const result = await run();
    expect(result).toMatchObject({ status: 'completed', lastMessage: 'hi', usage: { inputTokens: 100 } });
    expect(log()).toEqual([
      'turn.started',
      'history.appended',
      'item.started userMessage',
      'item.completed userMessage',
      'item.started agentMessage',
      'item.delta',
      'history.appended',
      'item.completed agentMessage',
      'usage.updated',
      'turn.completed',
    ]);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index));
    expect(thread.history.entries).toHaveLength(3);
  });

  test('runs tool calls and goes on until none is left', async () => {
    const echo = fakeTool('echo', (input) => ({ output: `got ${input}`, success: true }));
    const { run, inputs, log } = rig(
      [
        [call('c1', 'echo', '1'), done()],
        [call('c2', 'echo', '2'), done()],
        [...text('m', 'ok'), done()],
      ],
      { tools: [echo] },
    );
    expect(await run()).toMatchObject({ status: 'completed', lastMessage: 'ok' });
    expect(outputs(inputs[2] ?? [])).toEqual(['c1=got 1', 'c2=got 2']);
    expect(log().filter((line) => line === 'item.completed fileChange')).toHaveLength(2);
  });

  test('sends a history whose beginning never changes over 200 turns', async () => {
    const echo = fakeTool('echo', (input) => ({ output: input, success: true }));
    const steps = Array.from({ length: 200 }, (_, i) => [
      [call(`c${i}`, 'echo', `${i}`), done()],
      [...text(`m${i}`, `answer ${i}`), done()],
    ]).flat();
    const { run, inputs, requests } = rig(steps, { tools: [echo] });
    for (let i = 0; i < 200; i++) await run(`question ${i}`);
    expect(inputs).toHaveLength(400);
    for (let i = 1; i < inputs.length; i++) {
      const before = inputs[i - 1] as HistoryEntry[];
      // The very same objects: an adapter may cache their serialised form.
      expect(inputs[i]?.slice(0, before.length).every((entry, at) => entry === before[at])).toBe(true);
      const { input: _a, turnId: _b, ...head } = requests[i] as object & { input: unknown; turnId: string };
      const { input: _c, turnId: _d, ...first } = requests[0] as object & { input: unknown; turnId: string };
      expect(head).toEqual(first);
    }
  });

  test('starts a call while the response is still coming in', async () => {
    let started = false;
    const tool = fakeTool('early', () => {
      started = true;
      return { output: 'x', success: true };
    });
    let seen = false;
    const { run } = rig(
      [
        [
          call('c1', 'early'),
          async () => {
            await new Promise((resolve) => setImmediate(resolve));
            seen = started;
          },
          done(),
        ],
        [...text('m', 'ok'), done()],
      ],
      { tools: [tool] },
    );
    await run();
    expect(seen).toBe(true);
  });

  test('runs parallel tools side by side and exclusive ones alone', async () => {
    let active = 0;
    const peak: Record<string, number> = {};
    const body = (name: string) => async () => {
      active++;
      for (let i = 0; i < 5; i++) {
        peak[name] = Math.max(peak[name] ?? 0, active);
        await new Promise((resolve) => setImmediate(resolve));
      }
      active--;
      return { output: name, success: true };
    };
    const tools = [fakeTool('shared', body('shared'), { parallel: true }), fakeTool('alone', body('alone'))];
    const { run } = rig(
      [
        [call('a', 'shared'), call('b', 'shared'), call('c', 'alone'), call('d', 'shared'), done()],
        [...text('m', 'ok'), done()],
      ],
      { tools },
    );
    await run();
    expect(peak).toEqual({ shared: 2, alone: 1 });
  });

  test('answers unknown tools, bad input and crashing tools with data', async () => {
    const tools = [
      fakeTool('crash', () => {
        throw new Error('boom');
      }),
    ];
    const { run, inputs, log } = rig(
      [
        [call('a', 'nope'), call('b', 'crash', 'bad'), call('c', 'crash'), done()],
        [...text('m', 'ok'), done()],
      ],
      { tools },
    );
    expect(await run()).toMatchObject({ status: 'completed' });
    expect(outputs(inputs[1] ?? [])).toEqual([
      'a=unsupported call: nope',
      'b=failed to parse function arguments: bad',
      'c=crash failed unexpectedly: boom',
    ]);
    expect(log()).toContain('warning');
    expect(log().filter((line) => line.startsWith('item.started fileChange'))).toHaveLength(1);
    expect(log().filter((line) => line.startsWith('item.completed fileChange'))).toHaveLength(1);
  });

  test('gives a reused call id a fresh name', async () => {
    const echo = fakeTool('echo', (input) => ({ output: input, success: true }));
    const { run, inputs } = rig(
      [
        [call('call_0', 'echo', 'first'), done()],
        [call('call_0', 'echo', 'second'), done()],
        [...text('m', 'ok'), done()],
      ],
      { tools: [echo] },
    );
    await run();
    const calls = (inputs[2] ?? []).filter(isToolCall).map((entry) => entry.call_id);
    expect(new Set(calls).size).toBe(2);
    expect(outputs(inputs[2] ?? []).map((line) => line.split('=')[1])).toEqual(['first', 'second']);
  });

  test('takes steering before the next request', async () => {
    const tool = fakeTool('work', () => ({ output: 'x', success: true }));
    const rigged = rig(
      [
        [call('a', 'work'), () => rigged.thread.steer([{ type: 'text', text: 'also this' }]), done()],
        [...text('m', 'ok'), () => rigged.thread.steer([{ type: 'text', text: 'and that' }]), done()],
        [...text('m2', 'really'), done()],
      ],
      { tools: [tool] },
    );
    expect(await rigged.run()).toMatchObject({ lastMessage: 'really' });
    expect(JSON.stringify(rigged.inputs[1]?.at(-1))).toContain('also this');
    expect(JSON.stringify(rigged.inputs[2]?.at(-1))).toContain('and that');
  });
});

describe('broken streams', () => {
  test('a response cut before anything was final is asked for again and shown once', async () => {
    const { run, events, requests, thread } = rig([
      [...text('m1', 'half'), cut()],
      [...text('m2', 'whole'), done()],
    ]);
    expect(await run()).toMatchObject({ status: 'completed', lastMessage: 'whole' });
    expect(requests).toHaveLength(2);
    expect(events.find((event) => event.type === 'model.retrying')).toMatchObject({
      attempt: 1,
      maxAttempts: 5,
      discardedItemIds: ['m1'],
    });
    const messages = events.filter(
      (event) => event.type === 'item.completed' && event.item.type === 'agentMessage',
    );
    expect(messages).toHaveLength(1);
    expect(thread.history.entries.filter((entry) => entry.type === 'message')).toHaveLength(3);
  });

  test('a response cut after a call runs the call once and goes on from its output', async () => {
    let runs = 0;
    const tool = fakeTool('count', () => ({ output: `run ${++runs}`, success: true }));
    const { run, inputs, events } = rig(
      [
        [
          ...text('m1', 'let me'),
          call('c1', 'count'),
          { type: 'textDelta', itemId: 'm2', text: 'par' },
          cut(),
        ],
        [...text('m3', 'ok'), done()],
      ],
      { tools: [tool] },
    );
    expect(await run()).toMatchObject({ status: 'completed', lastMessage: 'ok' });
    expect(runs).toBe(1);
    expect(outputs(inputs[1] ?? [])).toEqual(['c1=run 1']);
    const started = events.filter((event) => event.type === 'item.started').length;
    const completed = events.filter((event) => event.type === 'item.completed').length;
    expect(completed).toBe(started);
  });

  test('gives up after the configured retries, with growing waits', async () => {
    const { run, clock, requests } = rig(Array.from({ length: 6 }, () => [...text('m', 'x'), cut()]));
    const result = await run();
    expect(result).toMatchObject({ status: 'failed', error: { code: 'transport' } });
    expect(requests).toHaveLength(6);
    expect(clock.slept).toEqual([200, 400, 800, 1600, 3200]);
  });

  test('does not retry what cannot succeed', async () => {
    const { run, requests } = rig([[new TurnError('auth', '401 Unauthorized', { status: 401 })]]);
    expect(await run()).toMatchObject({ status: 'failed', error: { code: 'auth', status: 401 } });
    expect(requests).toHaveLength(1);
  });

  test('honours Retry-After, but not a wait of a day', async () => {
    const limited = (ms: number): TurnError =>
      new TurnError('rate_limited', 'too many', { retryable: true, retryAfterMs: ms });
    const patient = rig([[limited(2_000)], [...text('m', 'ok'), done()]]);
    expect(await patient.run()).toMatchObject({ status: 'completed' });
    expect(patient.clock.slept).toEqual([2_000]);
    const refused = rig([[limited(86_400_000)]]);
    const result = await refused.run();
    expect(result.status === 'failed' && result.error.message).toContain('86400 s');
    expect(refused.requests).toHaveLength(1);
  });
});

describe('interruption', () => {
  test('answers every call, keeps the history valid and tells the model', async () => {
    const tool = fakeTool('slow', async (_input, ctx) => {
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      return { output: 'stopped', success: false };
    });
    const rigged = rig(
      [
        [call('a', 'slow'), call('b', 'slow'), done()],
        [...text('m', 'resumed'), done()],
      ],
      { tools: [tool] },
    );
    rigged.thread.subscribe((event) => {
      if (event.type === 'usage.updated' && rigged.requests.length === 1)
        setImmediate(() => rigged.thread.interrupt());
    });
    expect(await rigged.run()).toMatchObject({ status: 'aborted' });
    expect(rigged.log().at(-1)).toBe('turn.aborted');
    const history = rigged.thread.history;
    expect(history.unansweredCalls()).toEqual([]);
    expect(outputs(history.entries)[0]).toBe('a=stopped');
    expect(outputs(history.entries)[1]).toContain('b=aborted');
    expect(JSON.stringify(history.entries.at(-1))).toContain('<turn_aborted>');
    expect(await rigged.run('again')).toMatchObject({ status: 'completed', lastMessage: 'resumed' });
  });

  test('closes a message that was on screen', async () => {
    const rigged = rig([
      [
        { type: 'textDelta', itemId: 'm1', text: 'so f' },
        (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new TurnError('interrupted', 'aborted')));
            setImmediate(() => rigged.thread.interrupt());
          }),
      ],
    ]);
    expect(await rigged.run()).toMatchObject({ status: 'aborted' });
    const completed = rigged.events
      .filter((event) => event.type === 'item.completed')
      .map((event) => event.item.id);
    expect(completed).toContain('m1');
  });
});

describe('limits', () => {
  test('stop before the next request, resumably', async () => {
    const tool = fakeTool('work', () => ({ output: 'x', success: true }));
    const steps = Array.from({ length: 5 }, (_, i) => [call(`c${i}`, 'work'), done()]);
    const { run, requests, thread } = rig(steps, {
      tools: [tool],
      budget: { maxRequests: 2, maxTokens: null, deadline: null },
    });
    expect(await run()).toMatchObject({ status: 'failed', error: { code: 'budget' } });
    expect(requests).toHaveLength(2);
    expect(thread.history.unansweredCalls()).toEqual([]);
  });

  test('tokens are counted over the run', async () => {
    const tool = fakeTool('work', () => ({ output: 'x', success: true }));
    const steps = Array.from({ length: 5 }, (_, i) => [call(`c${i}`, 'work'), done(100)]);
    const { run, requests } = rig(steps, {
      tools: [tool],
      budget: { maxRequests: null, maxTokens: 200, deadline: null },
    });
    expect(await run()).toMatchObject({ status: 'failed', error: { code: 'budget' } });
    expect(requests).toHaveLength(2);
  });

  test('time ends a running tool', async () => {
    const tool = fakeTool('slow', async (_input, ctx) => {
      rigged.clock.advance(120_000);
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      return { output: 'stopped', success: false };
    });
    const rigged = rig([[call('a', 'slow'), done()]], {
      tools: [tool],
      budget: { maxRequests: null, maxTokens: null, deadline: 1_700_000_000_000 + 100_000 },
    });
    const result = await rigged.run();
    expect(result).toMatchObject({ status: 'failed', error: { code: 'budget' } });
    expect(rigged.thread.history.unansweredCalls()).toEqual([]);
  });
});

describe('storage', () => {
  test('nothing is shown that was not written, and a full disk fails the turn', async () => {
    let writable = true;
    const written: string[] = [];
    const rigged = rig([[...text('m1', 'hi'), done()]], {
      ports: {
        record(event) {
          if (!writable) throw new Error('ENOSPC: no space left on device');
          written.push(event.type);
        },
      },
    });
    rigged.thread.subscribe((event) => {
      if (event.type === 'item.delta') writable = false;
    });
    const result = await rigged.run();
    expect(result).toMatchObject({ status: 'failed', error: { code: 'storage' } });
    expect(result.status === 'failed' && result.error.message).toContain('ENOSPC');
    expect(rigged.events.map((event) => event.type).slice(0, -1)).toEqual(written);
    expect(rigged.log().at(-1)).toBe('turn.failed');
  });
});

test('a record that fails while a tool runs ends the turn, and nothing hangs', async () => {
  let writable = true;
  const tool = fakeTool('work', (_input, ctx) => {
    writable = false;
    // As a background session does: from a callback of its own, where nobody catches.
    ctx.emitDelta('x', { kind: 'commandOutput', text: 'more' });
    return { output: 'x', success: true };
  });
  const rigged = rig([[call('a', 'work'), done()]], {
    tools: [tool],
    ports: {
      record() {
        if (!writable) throw new Error('ENOSPC: no space left on device');
      },
    },
  });
  const result = await rigged.run();
  expect(result).toMatchObject({ status: 'failed', error: { code: 'storage' } });
});

test('an image that cannot be read is a mistake of the user, not a fault of the program', async () => {
  const rigged = rig([], {
    ports: { readImage: () => Promise.reject(new UsageError('x.png is no PNG, JPEG, GIF or WebP image.')) },
  });
  const result = await rigged.thread.run([{ type: 'localImage', path: 'x.png' }]);
  expect(result).toMatchObject({ status: 'failed', error: { code: 'bad_request' } });
  expect(result.status === 'failed' && result.error.message).toBe(
    'x.png is no PNG, JPEG, GIF or WebP image.',
  );
});

describe('a resumed thread', () => {
  test('closes calls that never got an output and does not repeat its opening', async () => {
    const first = rig([[...text('m', 'one'), done()]]);
    await first.run();
    const history: HistoryEntry[] = [
      ...first.thread.history.entries,
      { type: 'function_call', call_id: 'lost', name: 'work', arguments: '{}' },
    ];
    const second = rig([[...text('m', 'two'), done()]], {
      resumed: { history, usage: first.thread.usage, lastUsage: null },
    });
    await second.run('go on');
    const input = second.inputs[0] ?? [];
    expect(input.slice(0, history.length)).toEqual(history);
    expect(outputs(input)[0]).toContain('lost=interrupted');
    expect(JSON.stringify(input).match(/<environment_context>/g)).toHaveLength(1);
    expect(second.thread.usage.inputTokens).toBe(200);
  });
});
