// Tests of making a damaged history valid again.
import { describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../protocol/history.ts';
import { repairHistory } from './history-repair.ts';

const call = (id: string, args = '{}'): HistoryEntry => ({
  type: 'function_call',
  call_id: id,
  name: 'exec_command',
  arguments: args,
});
const output = (id: string, text = 'ok'): HistoryEntry => ({
  type: 'function_call_output',
  call_id: id,
  output: text,
});
const said: HistoryEntry = {
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'x' }],
};

describe('repairHistory', () => {
  test('leaves a sound history alone, also a call that still waits for its output', () => {
    const sound = [said, call('a'), call('b'), output('b'), output('a'), said, call('c')];
    expect(repairHistory(sound)).toEqual({ history: sound, warnings: [] });
  });

  test('drops a repeated call with its repeated output', () => {
    const { history, warnings } = repairHistory([call('a'), output('a'), call('a'), output('a'), said]);
    expect(history).toEqual([call('a'), output('a'), said]);
    expect(warnings).toHaveLength(1);
  });

  test('gives another call with a used id an id of its own, and its output the same', () => {
    const entries = [
      call('a'),
      output('a', '1'),
      call('a', '{"x":1}'),
      output('a', '2'),
      call('a', '{"x":2}'),
      output('a', '3'),
    ];
    expect(repairHistory(entries).history).toEqual([
      call('a'),
      output('a', '1'),
      call('a-2', '{"x":1}'),
      output('a-2', '2'),
      call('a-3', '{"x":2}'),
      output('a-3', '3'),
    ]);
  });

  test('drops outputs without a call and moves early ones behind their call', () => {
    const { history, warnings } = repairHistory([
      output('x'),
      output('b'),
      said,
      call('a'),
      call('b'),
      output('a'),
    ]);
    expect(history).toEqual([said, call('a'), call('b'), output('b'), output('a')]);
    expect(warnings).toEqual(['1 tool outputs without a call were left out.']);
  });

  test('pairs items of unknown types by their call id', () => {
    const search: HistoryEntry = { type: 'unknown', raw: { type: 'tool_search_call', call_id: 's' } };
    const found: HistoryEntry = {
      type: 'unknown',
      raw: { type: 'tool_search_output', call_id: 's', tools: [] },
    };
    const shell: HistoryEntry = { type: 'unknown', raw: { type: 'local_shell_call', call_id: 'l' } };
    const entries = [search, found, shell, output('l')];
    expect(repairHistory(entries).history).toEqual(entries);
    expect(repairHistory([found]).history).toEqual([]);
  });

  test('gives every order of the entries a history in which no output stands before its call', () => {
    const entries = [
      call('a'),
      output('a'),
      call('b', '{"n":1}'),
      output('b'),
      call('b', '{"n":2}'),
      output('b', '2'),
    ];
    let seed = 7;
    for (let round = 0; round < 200; round++) {
      const shuffled = entries
        .map((entry) => ({ entry, key: (seed = (seed * 48_271) % 2_147_483_647) }))
        .toSorted((x, y) => x.key - y.key)
        .map(({ entry }) => entry);
      const calls = new Set<string>();
      const outputs = new Set<string>();
      for (const entry of repairHistory(shuffled).history) {
        if (entry.type === 'function_call') {
          expect(calls.has(entry.call_id)).toBe(false);
          calls.add(entry.call_id);
        } else if (entry.type === 'function_call_output') {
          expect(calls.has(entry.call_id) && !outputs.has(entry.call_id)).toBe(true);
          outputs.add(entry.call_id);
        }
      }
    }
  });
});
