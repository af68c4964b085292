// The template must take exactly the events whose parsing would give the same, and leave every other one alone.
import { describe, expect, test } from 'vitest';
import { DeltaTemplate } from './delta-template.ts';

const event = (sequence: number, delta: string, more: object = {}): string =>
  JSON.stringify({
    type: 'response.output_text.delta',
    sequence_number: sequence,
    item_id: 'msg_1',
    output_index: 0,
    content_index: 0,
    delta,
    logprobs: [],
    ...more,
  });

const read = (template: DeltaTemplate | null, data: string): unknown => {
  const text = `data: ${data}\n\n`;
  return template?.read(text, 6, 6 + data.length) ?? null;
};

describe('a delta template', () => {
  const template = DeltaTemplate.learn(event(4, 'hello '), 4, 'hello ');

  test.each(['', 'word ', '漢字', "it's", 'a"b', 'a\nb', '\\', '\\"', 'tab\t\u0001', '{"delta":"x"}'])(
    'takes %j',
    (delta) => {
      expect(read(template, event(17, delta))).toEqual({ sequence: 17, text: delta });
      expect(read(template, event(17, delta, { obfuscation: 'abc' }))).toEqual({ sequence: 17, text: delta });
    },
  );

  test.each([
    ['another item', event(5, 'x', { item_id: 'msg_2' })],
    ['another kind', event(5, 'x', { type: 'response.refusal.delta' })],
    ['no number', event(5, 'x').replace('"sequence_number":5,', '')],
    ['a cut event', event(5, 'word').slice(0, -20)],
    ['a wrong escape', event(5, 'wXrd').replace('X', String.raw`\q`)],
    ['an event without an end', event(5, 'word').replace('word"', 'word')],
  ])('leaves %s to the parser', (_name, data) => {
    expect(read(template, data)).toBeNull();
  });

  test('is not learnt from an event of another form', () => {
    expect(DeltaTemplate.learn(event(4, 'a\nb'), 4, 'a\nb')).toBeNull();
    expect(
      DeltaTemplate.learn('{"delta":"x","type":"response.output_text.delta"}', undefined, 'x'),
    ).toBeNull();
    const twice = event(4, 'x', { extra: '"delta":"' });
    expect(read(DeltaTemplate.learn(twice, 4, 'x'), event(5, 'y'))).toEqual({ sequence: 5, text: 'y' });
  });
});
