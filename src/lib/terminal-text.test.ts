// No escape sequence survives; ordinary text does.
import { expect, test } from 'vitest';
import { oneLine, stripControls } from './terminal-text.ts';

test.each([
  ['plain text\twith tab\nand newline', 'plain text\twith tab\nand newline'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]52;c;ZXZpbA==\u0007clip', 'clip'],
  ['\u001b]0;title\u001b\\x', 'x'],
  ['\u001b]8;;http://evil\u0007link\u001b]8;;\u0007', 'link'],
  ['\u001bP1$r\u001b\\dcs', 'dcs'],
  ['unfinished \u001b]0;title', 'unfinished '],
  ['c1 \u009b31m csi \u0085', 'c1  csi '],
  ['bell\u0007 back\u0008space nul\u0000', 'bell backspace nul'],
  ['progress 1\rprogress 2\r\n', 'progress 1\nprogress 2\n'],
  ['\u202eevil\u202c \u2066x\u2069', 'evil x'],
  ['漢字 👩‍👩‍👧 é', '漢字 👩‍👩‍👧 é'],
  ['\u001b', ''],
  ['\u001bc reset', ' reset'],
])('%j', (input, output) => {
  expect(stripControls(input)).toBe(output);
});

test('random bytes never leave a control character', () => {
  let seed = 7;
  const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31);
  for (let round = 0; round < 2_000; round++) {
    const text = String.fromCharCode(...Array.from({ length: 40 }, () => next() % 0xa8));
    expect(stripControls(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  }
});

test('one line', () => {
  expect(oneLine('a\n  b\u001b[2J\nc')).toBe('a b c');
});
