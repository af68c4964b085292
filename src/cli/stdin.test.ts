// The rules of stdin, over an injected stream and clock.
import { describe, expect, test } from 'vitest';
import { userTextOf } from '../frontends/exec/options.ts';
import { UsageError } from '../protocol/error.ts';
import type { StdinMode } from './invocation.ts';
import { MAX_INPUT_CHARACTERS, resolveInput, type StdinSource } from './stdin.ts';

type Fake = StdinSource & { closed: boolean };

/** Gives the chunks, then ends; `silent` never gives anything. */
function source(kind: StdinSource['kind'], chunks: Iterable<Uint8Array | string> | 'silent' = []): Fake {
  const iterator = chunks === 'silent' ? null : chunks[Symbol.iterator]();
  return {
    kind,
    closed: false,
    read() {
      if (!iterator) return new Promise(() => undefined);
      const next = iterator.next();
      if (next.done) return Promise.resolve(null);
      return Promise.resolve(typeof next.value === 'string' ? Buffer.from(next.value) : next.value);
    },
    close() {
      this.closed = true;
    },
  };
}

async function run(
  prompt: string | null,
  stdin: Fake,
  options: { mode?: StdinMode; isPromptOptional?: boolean; hint?: string } = {},
): Promise<{ text: string; notes: string[]; slept: number[] }> {
  const notes: string[] = [];
  const slept: number[] = [];
  const input = await resolveInput(
    {
      prompt,
      mode: options.mode ?? 'auto',
      isPromptOptional: options.isPromptOptional ?? false,
      hint: options.hint ?? null,
    },
    {
      source: stdin,
      note: (line) => notes.push(line),
      // The clock only runs out when nothing else can happen.
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          slept.push(ms);
          const timer = setImmediate(() => resolve());
          signal.addEventListener('abort', () => (clearImmediate(timer), resolve()));
        }),
    },
  );
  return { text: userTextOf({ ...input, images: [] }), notes, slept };
}

async function failure(...args: Parameters<typeof run>): Promise<UsageError> {
  const error = await run(...args).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof UsageError) return error;
  throw new Error(`expected a UsageError, got ${String(error)}`);
}

describe('the table of Codex', () => {
  test('a prompt and a pipe: a stdin block, with a newline before its end', async () => {
    const additional = ['Reading additional input from stdin...'];
    expect(await run('P', source('open', ['da', 'ta']))).toMatchObject({
      text: 'P\n\n<stdin>\ndata\n</stdin>',
      notes: additional,
    });
    expect((await run('P', source('open', ['data\n']))).text).toBe('P\n\n<stdin>\ndata\n</stdin>');
    expect((await run('P', source('open', []))).text).toBe('P');
    expect((await run('P', source('open', [' \n']))).text).toBe('P');
  });

  test('-: stdin as it is, without a notice', async () => {
    expect(await run('-', source('open', ['a\n', 'b\n\n']))).toMatchObject({ text: 'a\nb\n\n', notes: [] });
  });

  test('no prompt: stdin is the prompt, with a notice', async () => {
    expect(await run(null, source('open', ['a\n']))).toMatchObject({
      text: 'a\n',
      notes: ['Reading prompt from stdin...'],
    });
  });

  test.each([
    ['empty', source('open', [])],
    ['blank', source('open', [' \n\t'])],
    ['closed', source('closed')],
    ['/dev/null', source('null-device')],
  ])('no prompt and %s stdin: exit 1', async (_name, stdin) => {
    const error = await failure(null, stdin);
    expect(error.exitCode).toBe(1);
    expect(error.message).toBe('No prompt provided via stdin.');
  });

  test('a terminal: no prompt is an error, - reads it', async () => {
    expect((await failure(null, source('terminal'))).message).toContain(
      'No prompt provided. Either specify one',
    );
    expect((await run('-', source('terminal', ['typed']))).text).toBe('typed');
    expect((await run('P', source('terminal', 'silent'))).text).toBe('P');
  });
});

describe('beyond Codex', () => {
  test.each([['closed' as const], ['null-device' as const]])(
    'a prompt and %s: at once, no notice',
    async (kind) => {
      expect(await run('P', source(kind, 'silent'))).toEqual({ text: 'P', notes: [], slept: [] });
    },
  );

  test('a pipe that nobody writes: 3 s, said, and on', async () => {
    const stdin = source('open', 'silent');
    const result = await run('P', stdin);
    expect(result.text).toBe('P');
    expect(result.slept).toEqual([3000]);
    expect(result.notes[1]).toMatch(/No input on stdin for 3 s: going on without it.*--stdin=/);
    expect(stdin.closed).toBe(true);
  });

  test('--stdin=ignore reads nothing, --stdin=require wants something', async () => {
    expect((await run('P', source('open', ['data']), { mode: 'ignore' })).text).toBe('P');
    expect((await failure(null, source('open', ['data']), { mode: 'ignore' })).message).toContain(
      '--stdin=ignore',
    );
    expect((await run('P', source('open', ['data']), { mode: 'require' })).text).toContain('data');
    expect((await failure('P', source('open', []), { mode: 'require' })).message).toContain(
      '--stdin=require',
    );
    expect((await failure('P', source('closed'), { mode: 'require' })).exitCode).toBe(1);
  });

  test('a review of a scope leaves stdin alone', async () => {
    const stdin = source('open', 'silent');
    expect(await run(null, stdin, { isPromptOptional: true })).toEqual({ text: '', notes: [], slept: [] });
  });

  test('an empty prompt is no prompt, but data beside it is', async () => {
    expect((await failure('', source('null-device'))).message).toContain('empty');
    expect((await run('', source('open', ['data']))).text).toContain('data');
  });

  test('the hint comes with the error', async () => {
    expect((await failure(null, source('closed'), { hint: 'HINT' })).message).toContain('HINT');
  });
});

describe('encodings', () => {
  const bytes = (...parts: (string | number[])[]): Uint8Array =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

  test('marks are removed, UTF-16 is read', async () => {
    expect((await run('-', source('open', [bytes([0xef, 0xbb, 0xbf], 'é😀')]))).text).toBe('é😀');
    expect((await run('-', source('open', [bytes([0xff, 0xfe]), Buffer.from('é😀', 'utf16le')]))).text).toBe(
      'é😀',
    );
    const big = Buffer.from('é😀', 'utf16le').swap16();
    expect((await run('P', source('open', [bytes([0xfe, 0xff]), big]))).text).toContain('<stdin>\né😀\n');
  });

  test('a character cut between two reads is whole', async () => {
    const smile = Buffer.from('😀');
    expect((await run('-', source('open', [smile.subarray(0, 1), smile.subarray(1)]))).text).toBe('😀');
  });

  test.each([
    ['stray byte', bytes('ab', [0xff], 'cd'), 2],
    ['cut at the end', bytes('abc', [0xf0, 0x9f, 0x98]), 3],
    ['overlong', bytes('é', [0xc0, 0xaf]), 2],
    ['surrogate', bytes('a', [0xed, 0xa0, 0x80]), 1],
    ['beyond Unicode', bytes([0xf4, 0x90, 0x80, 0x80]), 0],
    ['UTF-16 with an odd byte', bytes([0xff, 0xfe, 0x61, 0x00, 0x62]), 4],
    ['UTF-16 with half a pair', bytes([0xff, 0xfe, 0x00, 0xd8, 0x61, 0x00]), 2],
  ])('invalid text names the byte: %s', async (_name, data, offset) => {
    for (const prompt of [null, 'P']) {
      const error = await failure(prompt, source('open', [data]));
      expect(error.exitCode).toBe(1);
      expect(error.message).toContain(`invalid byte at offset ${offset})`);
    }
  });
});

describe('length', () => {
  const ofLength = (length: number): string => 'x'.repeat(length);

  test('exactly the limit passes, one more is refused', async () => {
    expect((await run('-', source('open', [ofLength(MAX_INPUT_CHARACTERS)]))).text).toHaveLength(
      MAX_INPUT_CHARACTERS,
    );
    const error = await failure('-', source('open', [ofLength(MAX_INPUT_CHARACTERS + 1)]));
    expect(error.exitCode).toBe(1);
    expect(error.message).toContain('Input exceeds the maximum length of 1048576 characters');
    expect(error.message).toContain('1048577');
  });

  test('characters are counted, not bytes or halves', async () => {
    const text = '😀'.repeat(MAX_INPUT_CHARACTERS);
    expect((await run('-', source('open', [text]))).text.length).toBe(2 * MAX_INPUT_CHARACTERS);
  });

  test('the prompt and its data count together, and the message says what is what', async () => {
    const error = await failure('P', source('open', [ofLength(MAX_INPUT_CHARACTERS)]));
    expect(error.message).toContain(`${MAX_INPUT_CHARACTERS} of them from stdin`);
    expect(error.message).toContain('Save the data to a file');
    expect((await failure(ofLength(MAX_INPUT_CHARACTERS + 1), source('closed'))).exitCode).toBe(1);
  });

  test('50 MB is counted without being kept, an endless pipe is cut off', async () => {
    const megabyte = new Uint8Array(1 << 20).fill(120);
    function* times(count: number): Iterable<Uint8Array> {
      for (let i = 0; i < count; i++) yield megabyte;
    }
    expect((await failure('P', source('open', times(50)))).message).toContain('52428800 bytes');
    const endless = source('open', times(Infinity));
    expect((await failure(null, endless)).message).toContain('more than');
    expect(endless.closed).toBe(true);
  });
});
