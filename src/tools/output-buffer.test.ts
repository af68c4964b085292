// Shows that the ring keeps exactly the first and the last bytes, whatever sizes the chunks have.
import { expect, test } from 'vitest';
import { OutputBuffer, renderBytes } from './output-buffer.ts';

test('keeps the first and last half for every way of cutting the stream', () => {
  for (const total of [0, 1, 7, 8, 9, 15, 16, 17, 40, 101]) {
    const stream = Uint8Array.from({ length: total }, (_, i) => i + 1);
    for (const size of [1, 2, 3, 5, 8, 13, 200]) {
      const buffer = new OutputBuffer(16);
      for (let at = 0; at < total; at += size) buffer.push(stream.subarray(at, at + size));
      const { head, dropped, tail } = buffer.read();
      expect([...head, ...tail]).toEqual(
        total <= 16 ? [...stream] : [...stream.slice(0, 8), ...stream.slice(-8)],
      );
      expect(dropped).toBe(Math.max(0, total - 16));
      expect(buffer.size).toBe(total);
    }
  }
});

test('does not keep hold of the chunks it was given', () => {
  const buffer = new OutputBuffer(100);
  const chunk = Uint8Array.of(65);
  buffer.push(chunk);
  chunk[0] = 66;
  expect(renderBytes(buffer.read(), 10).text).toBe('A');
});

test('counts lines, also one without an end', () => {
  const buffer = new OutputBuffer(4);
  buffer.push(Buffer.from('a\nb\nc'));
  expect(buffer.read().lines).toBe(3);
  buffer.push(Buffer.from('\n'));
  expect(buffer.read().lines).toBe(3);
  buffer.clear();
  expect(buffer.read()).toEqual({ head: new Uint8Array(0), dropped: 0, tail: new Uint8Array(0), lines: 0 });
});

test('a dropped middle counts as truncated, at the edges of characters', () => {
  const buffer = new OutputBuffer(21);
  buffer.push(Buffer.from('→'.repeat(20)));
  expect(renderBytes(buffer.read(), 100).text).toBe('→→→…11 tokens truncated…→→→');
});
