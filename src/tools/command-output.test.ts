// Shows that output read in pieces loses nothing: split characters wait, and the spill file starts at the beginning.
import { expect, test } from 'vitest';
import { CommandOutput } from './command-output.ts';

function collect(): {
  output: CommandOutput;
  spilled: () => string;
  opened: () => number;
  closed: () => boolean;
} {
  const chunks: Uint8Array[] = [];
  let opened = 0;
  let closed = false;
  const output = new CommandOutput({
    openSpill: () => {
      opened++;
      return {
        path: '/spill',
        write: (chunk) => void chunks.push(chunk.slice()),
        close: () => {
          closed = true;
        },
      };
    },
    showLive: () => {},
  });
  const spilled = (): string => Buffer.concat(chunks).toString('utf8');
  return { output, spilled, opened: () => opened, closed: () => closed };
}

test('a character that is split between two reads comes whole with the second', () => {
  const { output } = collect();
  const bytes = Buffer.from('a😀b');
  for (const [from, to, text] of [
    [0, 3, 'a'],
    [3, 4, ''],
    [4, 6, '😀b'],
  ] as const) {
    output.push(bytes.subarray(from, to));
    expect(output.take(100, { final: false })).toMatchObject({ text });
  }
});

test('a character that never ends is replaced at the end', () => {
  const { output } = collect();
  output.push(Uint8Array.of(97, 0xf0, 0x9f));
  expect(output.take(100, { final: false }).text).toBe('a');
  expect(output.take(100, { final: true }).text).toBe('�');
});

test('each read counts its own tokens and is cut on its own', () => {
  const { output, opened } = collect();
  output.push(Buffer.from('x'.repeat(40)));
  expect(output.take(10, { final: false })).toEqual({ text: 'x'.repeat(40), originalTokens: 10 });
  output.push(Buffer.from('y'.repeat(20)));
  expect(output.take(10, { final: false })).toEqual({ text: 'y'.repeat(20), originalTokens: 5 });
  expect(opened()).toBe(0);
});

test('the spill file has everything from the start, also what was read before it was needed', () => {
  const { output, spilled, opened, closed } = collect();
  output.push(Buffer.from('first\n'));
  output.take(10, { final: false });
  output.push(Buffer.from('second\n'.repeat(20)));
  const { text } = output.take(5, { final: false });
  expect(text).toMatch(/^Total output lines: 20\nFull output: \/spill\n\nsecond\nsec…\d+ tokens truncated…/);
  output.push(Buffer.from('third\n'));
  output.close();
  expect(spilled()).toBe(`first\n${'second\n'.repeat(20)}third\n`);
  expect(opened()).toBe(1);
  expect(closed()).toBe(true);
});

test('a spill file that is needed only after the end is closed as well', () => {
  const { output, spilled, closed } = collect();
  output.push(Buffer.from('x'.repeat(100)));
  output.close();
  output.take(5, { final: true });
  expect(spilled()).toBe('x'.repeat(100));
  expect(closed()).toBe(true);
});
