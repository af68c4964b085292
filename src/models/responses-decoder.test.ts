// However a stream repeats, delays or leaves out its events, each item comes out exactly once.
import { describe, expect, test } from 'vitest';
import { isToolCall } from '../protocol/history.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import { ResponsesDecoder, readUsage } from './responses-decoder.ts';
import { streamPieces } from './scripted-reply.ts';
import type { ScriptedItem } from './scripted-reply.ts';

const context = {
  provider: { id: 'mock' } as ProviderSettings,
  shownUrl: 'http://mock/',
  secrets: [],
  now: () => 0,
};

function decode(events: readonly string[]): { entries: HistoryEntry[]; end: string | undefined } {
  let ids = 0;
  const decoder = new ResponsesDecoder({
    context,
    model: null,
    usedCallIds: () => new Set(),
    freshId: () => `fresh${ids++}`,
  });
  for (const event of events) decoder.push(event);
  const entries = decoder.take().flatMap((event) => (event.type === 'entry' ? [event.entry] : []));
  return { entries, end: decoder.end?.type };
}

const ITEMS: ScriptedItem[] = [
  { type: 'reasoning', summary: ['think'], encrypted: 'e' },
  { type: 'message', text: 'first I look' },
  { type: 'functionCall', name: 'exec_command', arguments: { cmd: 'ls' } },
  { type: 'functionCall', name: 'exec_command', arguments: { cmd: 'ls' } },
  { type: 'customToolCall', name: 'apply_patch', input: 'patch' },
  { type: 'message', text: 'first I look' },
];

function record(): string[] {
  const settings = { model: 'm', idPrefix: 'x', createdAt: 0, inputTokens: 1, cachedTokens: 0 };
  const body = [...streamPieces({ type: 'stream', items: ITEMS }, settings)]
    .map((piece) => piece.text)
    .join('');
  return [...body.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data);
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

describe('decoder', () => {
  const recorded = record();
  const last = recorded.at(-1) ?? '';
  const plain = decode(recorded);
  const keysOf = (entries: readonly HistoryEntry[]): string[] =>
    entries.map((entry) => JSON.stringify(entry)).sort((a, b) => a.localeCompare(b));

  test('the plain stream gives all items', () => {
    expect(plain.end).toBe('completed');
    expect(plain.entries).toHaveLength(ITEMS.length);
    expect(plain.entries.filter(isToolCall)).toHaveLength(3);
  });

  test('events repeated, late, or missing change nothing, as long as the final one comes', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = randomFrom(seed);
      const events: string[] = [];
      for (const event of recorded.slice(0, -1)) {
        if (random(6) === 0) continue;
        events.push(event);
        // A repetition right behind, or somewhere before: as late as the stream is long.
        while (random(3) === 0) events.push(events[random(events.length)] ?? event);
      }
      const { entries, end } = decode([...events, last, ...recorded]);
      expect(end).toBe('completed');
      expect(keysOf(entries), `seed ${seed}`).toEqual(keysOf(plain.entries));
    }
  });

  test('nothing counts after the end', () => {
    const failed = JSON.stringify({
      type: 'response.failed',
      response: { error: { code: 'server_error', message: 'x' } },
    });
    expect(decode([...recorded, failed, '{broken']).end).toBe('completed');
    expect(decode([failed, ...recorded])).toEqual({ entries: [], end: 'failed' });
  });

  test('an item with one id for everything does not swallow its neighbours', () => {
    const done = (index: number, text: string): string =>
      JSON.stringify({
        type: 'response.output_item.done',
        output_index: index,
        item: { type: 'message', id: 'always', content: [{ type: 'output_text', text }] },
      });
    expect(decode([done(0, 'a'), done(1, 'b'), done(1, 'b')]).entries).toHaveLength(2);
  });

  test.each([
    [null, null],
    [{}, { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0, totalTokens: 0 }],
    [
      { input_tokens: 5, input_tokens_details: null, output_tokens: 2.9, total_tokens: 'many' },
      { inputTokens: 5, cachedInputTokens: 0, outputTokens: 2, reasoningOutputTokens: 0, totalTokens: 7 },
    ],
  ])('usage %j', (usage, expected) => {
    expect(readUsage(usage)).toEqual(expected);
  });
});
