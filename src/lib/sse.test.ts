// Events come out of the parser the same however the bytes are cut.
import { describe, expect, test } from 'vitest';
import { SseOverflowError, SseParser } from './sse.ts';

const encoder = new TextEncoder();

function parse(chunks: readonly (string | Uint8Array)[]): string[] {
  const seen: string[] = [];
  const parser = new SseParser((data) => seen.push(data));
  for (const chunk of chunks) parser.push(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
  return seen;
}

/** Reference reading of a whole stream, written for clarity and not for speed. */
function readWhole(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  lines.pop();
  for (const line of lines) {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*)(?::[ ]?([^]*))?$/.exec(line) ?? [];
    if (field === 'data') data.push(value ?? '');
  }
  return events;
}

/** Small deterministic generator (mulberry32), so that a failure can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('sse parser', () => {
  test.each([
    ['line feeds', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['CR alone', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['several data lines', 'data: a\ndata:\ndata:  b\n\n', ['a\n\n b']],
    ['no space after the colon', 'data:{"a":1}\n\n', ['{"a":1}']],
    ['a field without a colon', 'data\n\n', ['']],
    ['comments and other fields', ': hi\nevent: x\nid: 1\nretry: 5\ndatum: no\ndata: a\n\n', ['a']],
    ['blank lines without data', '\n\n\nevent: x\n\ndata: a\n\n', ['a']],
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['an end marker', 'data: [DONE]\n\n', ['[DONE]']],
    ['an unfinished event', 'data: a\n\ndata: b\n', ['a']],
    ['characters of four bytes', 'data: zażółć 🦅\n\n', ['zażółć 🦅']],
  ])('%s', (_name, text, expected) => {
    expect(parse([text])).toEqual(expected);
    expect(parse([...encoder.encode(text)].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test('every cut into two reads gives the same events', () => {
    const bytes = encoder.encode('\uFEFF: c\r\ndata: é🦅\r\ndata: 2\r\n\r\nevent: x\rdata: b\r\rdata: c\n\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(['é🦅\n2', 'b', 'c']);
    }
  });

  test('any chunking of any stream gives the events of the whole', () => {
    const pieces = [
      'data: ',
      'data:',
      'data',
      ':',
      ' ',
      'x',
      '🦅',
      'é',
      '\n',
      '\n\n',
      '\r\n',
      '\r',
      'event: y',
      '\0',
    ];
    for (let seed = 1; seed <= 2000; seed++) {
      const random = randomFrom(seed);
      const text = Array.from({ length: random(40) }, () => pieces[random(pieces.length)]).join('');
      const bytes = encoder.encode(text);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = 1 + random(9);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      // A CR at the very end ends its line at once, as the reference reads it.
      expect(parse(chunks), `seed ${seed}`).toEqual(readWhole(text));
    }
  });

  test('a huge event in small reads comes out whole', () => {
    const payload = 'x'.repeat(8_000_000);
    const bytes = encoder.encode(`data: ${payload}\n\ndata: after\n\n`);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 4096) chunks.push(bytes.subarray(at, at + 4096));
    const events = parse(chunks);
    expect(events.map((event) => event.length)).toEqual([payload.length, 5]);
    expect(events[0] === payload).toBe(true);
  });

  test('an event beyond the limit is refused', () => {
    const parser = new SseParser(() => {}, { maxEventChars: 1000 });
    const flood = (): void => {
      for (let i = 0; i < 101; i++) parser.push(encoder.encode('data: 0123456789\n'));
    };
    expect(flood).toThrow(SseOverflowError);
    const endless = new SseParser(() => {}, { maxEventChars: 1000 });
    expect(() => endless.push(encoder.encode('y'.repeat(1001)))).toThrow(SseOverflowError);
  });

  test('the limit counts one event, not the stream', () => {
    const parser = new SseParser(() => {}, { maxEventChars: 100 });
    for (let i = 0; i < 1000; i++) parser.push(encoder.encode(': ping\n\ndata: 0123456789\n\n'));
    for (let i = 0; i < 1000; i++) {
      for (const piece of [': pi', 'ng\n\nda', 'ta: 01234', '56789\n', '\n'])
        parser.push(encoder.encode(piece));
    }
  });
});
