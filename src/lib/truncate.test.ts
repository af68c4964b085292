// Shows that cut text keeps both ends, whole characters, and an honest count of what is missing.
import { describe, expect, test } from 'vitest';
import { headOf, tailOf, truncateMiddle, unfinishedTail } from './truncate.ts';

describe('truncateMiddle', () => {
  test('leaves a text alone that fits', () => {
    expect(truncateMiddle('x'.repeat(40), 10)).toEqual({ text: 'x'.repeat(40), omittedTokens: 0 });
  });

  test('keeps both ends and counts the missing tokens', () => {
    const cut = truncateMiddle(`${'a'.repeat(100)}${'b'.repeat(100)}`, 10);
    expect(cut).toEqual({
      text: `${'a'.repeat(20)}…40 tokens truncated…${'b'.repeat(20)}`,
      omittedTokens: 40,
    });
  });

  test('never cuts through a character', () => {
    for (const char of ['é', '→', '😀'])
      for (let tokens = 0; tokens < 12; tokens++)
        for (const lead of ['', 'x', 'xx', 'xxx']) {
          const { text } = truncateMiddle(lead + char.repeat(50), tokens);
          expect(text).not.toContain('�');
          expect(text).toMatch(/…\d+ tokens truncated…/);
        }
  });
});

test('ends of bytes that are no text at all are cut by size', () => {
  const noise = new Uint8Array(20).fill(0x80);
  expect(headOf(noise, 10)).toBe(10);
  expect(tailOf(noise, 10)).toBe(7);
});

test('unfinishedTail counts the bytes of a character that is still coming', () => {
  const euro = Buffer.from('a€');
  expect(unfinishedTail(euro)).toBe(0);
  expect(unfinishedTail(euro.subarray(0, 3))).toBe(2);
  expect(unfinishedTail(euro.subarray(0, 2))).toBe(1);
  expect(unfinishedTail(Buffer.from('😀').subarray(0, 3))).toBe(3);
  expect(unfinishedTail(Uint8Array.of(0x80, 0x80, 0x80))).toBe(0);
  expect(unfinishedTail(Uint8Array.of(0x61, 0xff))).toBe(0);
});
