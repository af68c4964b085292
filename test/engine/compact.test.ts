// Compaction: strictly smaller or refused, instructions supplied anew, no endless circle.
import { describe, expect, test } from 'vitest';
import { COMPACT_PROMPT } from '../../src/engine/compact.ts';
import { SYSTEM_PROMPT } from '../../src/engine/system-prompt.ts';
import { TurnError } from '../../src/protocol/error.ts';
import { approximateTokens } from '../../src/lib/tokens.ts';
import { call, done, fakeTool, MODEL, rig, text } from './harness.ts';

const big = fakeTool('big', () => ({ output: 'x'.repeat(40_000), success: true }));
const small = { ...MODEL, contextWindow: 10_000, autoCompactTokenLimit: 9_000 };
const tooLong = (): TurnError => new TurnError('context_length', 'too long');

describe('compaction', () => {
  test('replaces the history near the limit, keeping the user words and the opening', async () => {
    const { run, inputs, requests, log } = rig(
      [
        [call('a', 'big'), done()],
        [...text('s', 'SUMMARY'), done(50)],
        [...text('m', 'ok'), done()],
      ],
      { tools: [big], ports: { modelInfo: small } },
    );
    expect(await run('please do it')).toMatchObject({ status: 'completed', lastMessage: 'ok' });
    expect(requests[1]?.toolChoice).toBe('none');
    expect(JSON.stringify(inputs[1]?.at(-1))).toContain(COMPACT_PROMPT.slice(0, 40));
    const after = JSON.stringify(inputs[2]);
    expect(after).toContain('please do it');
    expect(after).toContain('SUMMARY');
    expect(after.match(/<environment_context>/g)).toHaveLength(1);
    expect(after).not.toContain('xxxx');
    expect(log()).toContain('history.replaced');
  });

  test('is refused when the summary is not smaller, and not tried again at once', async () => {
    const { run, log, requests } = rig(
      [
        [call('a', 'big'), done()],
        [...text('s', 'y'.repeat(60_000)), done(50)],
        [...text('m', 'ok'), done()],
      ],
      { tools: [big], ports: { modelInfo: small } },
    );
    expect(await run()).toMatchObject({ status: 'completed', lastMessage: 'ok' });
    expect(log()).toContain('warning');
    expect(log()).not.toContain('history.replaced');
    expect(requests).toHaveLength(3);
  });

  test('works when the context is already too long, also for the summary itself', async () => {
    const { run, inputs } = rig(
      [
        [call('a', 'big'), done()],
        [tooLong()],
        [tooLong()],
        [...text('s', 'SUMMARY'), done(50)],
        [...text('m', 'ok'), done()],
      ],
      { tools: [big] },
    );
    expect(await run()).toMatchObject({ status: 'completed', lastMessage: 'ok' });
    expect(JSON.stringify(inputs[3])).toContain('output left out');
  });

  test('stops with advice when it leads nowhere', async () => {
    const circle = Array.from({ length: 20 }, () => [[tooLong()], [...text('s', 'S'), done(5)]]).flat();
    const { run } = rig([[call('a', 'big'), done()], ...circle], { tools: [big] });
    const result = await run();
    expect(result).toMatchObject({ status: 'failed', error: { code: 'context_length' } });
    expect(result.status === 'failed' && result.error.message).toContain('larger window');
  });

  test('is not tried where there is nothing but the user words', async () => {
    const { run, requests } = rig([[tooLong()]]);
    expect(await run()).toMatchObject({ status: 'failed', error: { code: 'context_length' } });
    expect(requests).toHaveLength(1);
  });

  test('can be asked for, and keeps the plan word for word', async () => {
    const rigged = rig(
      [
        [call('a', 'big'), done()],
        [...text('m', 'ok'), done()],
        [...text('s', 'SUMMARY'), done()],
      ],
      { tools: [big] },
    );
    await rigged.run();
    rigged.thread.publish({
      type: 'item.updated',
      turnId: 't',
      item: { type: 'todoList', id: 'todo', items: [{ text: 'paint it', status: 'pending' }] },
    });
    expect(await rigged.thread.compact()).toMatchObject({ status: 'completed' });
    expect(JSON.stringify(rigged.thread.history.entries)).toContain('[pending] paint it');
  });
});

test('the system prompt stays within 3,000 tokens', () => {
  expect(approximateTokens(SYSTEM_PROMPT)).toBeLessThanOrEqual(3_000);
});

test('a prompt that fills the window by itself is sent, not summarised', async () => {
  const { run, requests } = rig([[...text('m', 'ok'), done()]], { ports: { modelInfo: small } });
  expect(await run('z'.repeat(60_000))).toMatchObject({ status: 'completed' });
  expect(requests).toHaveLength(1);
});
