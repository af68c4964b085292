// edit, write and read: exact replacement, helpful errors, kept line ends, and what files they refuse.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { editTool } from '../../src/tools/edit.ts';
import { readTool } from '../../src/tools/read.ts';
import { writeTool } from '../../src/tools/write.ts';
import { FakeThread, realFiles } from './fake-context.ts';

const edit = editTool();
const write = writeTool();
const read = readTool();
let thread: FakeThread;

beforeEach(() => {
  thread = new FakeThread();
});
afterEach(() => thread.dispose());

describe('edit', () => {
  test('replaces the one place and shows a diff', async () => {
    thread.put({ f: '1\n2\n3\n' });
    const outcome = await thread.call(edit, { path: 'f', old_string: '2\n', new_string: 'two\n' });
    expect(outcome).toMatchObject({ success: true, text: 'Changed f in 1 place.' });
    expect(thread.text('f')).toBe('1\ntwo\n3\n');
    expect(thread.items('started')).toMatchObject([{ type: 'fileChange', status: 'inProgress' }]);
    expect(thread.items('completed')).toEqual([
      {
        type: 'fileChange',
        id: 'call-1',
        status: 'completed',
        changes: [
          {
            path: join(thread.cwd, 'f'),
            kind: { type: 'update', move_path: null },
            diff: '@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n',
          },
        ],
      },
    ]);
  });

  test('replaces every place on request, taking $ literally', async () => {
    thread.put({ f: 'a b a\na' });
    const outcome = await thread.call(edit, {
      path: 'f',
      old_string: 'a',
      new_string: '$&$1',
      replace_all: true,
    });
    expect(outcome.text).toBe('Changed f in 3 places.');
    expect(thread.text('f')).toBe('$&$1 b $&$1\n$&$1');
  });

  test.each([
    ['1\r\n2\r\n3\r\n', '1\n2\n', 'a\nb\n', 'a\r\nb\r\n3\r\n'],
    ['1\r\n2\r\n', '2', 'x\ny', '1\r\nx\r\ny\r\n'],
    ['1\n2\n', '1\r\n2', 'a\r\nb', 'a\nb\n'],
    ['\uFEFF1\n', '1', '2', '\uFEFF2\n'],
  ])('keeps the line ends of %j', async (before, old_string, new_string, after) => {
    thread.put({ f: before });
    expect((await thread.call(edit, { path: 'f', old_string, new_string })).success).toBe(true);
    expect(thread.text('f')).toBe(after);
  });

  test('names the lines when the text is not unique', async () => {
    thread.put({ f: 'x\ny\nx\nz\nx\n' });
    const { text } = await thread.call(edit, { path: 'f', old_string: 'x', new_string: 'q' });
    expect(text).toContain('old_string occurs 3 times (lines 1, 3, 5)');
  });

  test('shows the nearest lines when the text is missing', async () => {
    thread.put({ f: 'a\nconst total = price * count;\nb\n' });
    const { text } = await thread.call(edit, {
      path: 'f',
      old_string: 'const total = price * amount;',
      new_string: '',
    });
    expect(text).toContain('(from line 2):\nconst total = price * count;');
  });

  test('notices line numbers copied from read', async () => {
    thread.put({ f: 'one\n' });
    const { text } = await thread.call(edit, { path: 'f', old_string: '     1\tone', new_string: '' });
    expect(text).toContain('leave out the line numbers');
  });

  test.each([
    [{ path: 'none', old_string: 'a', new_string: 'b' }, 'cannot read none: No such file'],
    [{ path: 'dir', old_string: 'a', new_string: 'b' }, 'Is a directory'],
    [{ path: 'bin', old_string: 'a', new_string: 'b' }, 'is not UTF-8 text'],
    [{ path: 'f', old_string: 'a', new_string: 'a' }, 'are the same'],
    [{ path: 'f', old_string: '', new_string: 'a' }, 'exists and is not empty'],
    [{ path: 'f\u001b', old_string: 'a', new_string: 'b' }, 'f\\u{1b}'],
  ])('refuses %j with an item', async (args, message) => {
    thread.put({ f: 'a\n', bin: Uint8Array.of(97, 255) });
    mkdirSync(join(thread.cwd, 'dir'));
    const { text, success } = await thread.call(edit, args);
    expect(success).toBe(false);
    expect(text).toContain(message);
    expect(thread.items('completed')).toMatchObject([{ type: 'fileChange', status: 'failed' }]);
    expect(thread.text('f')).toBe('a\n');
  });

  test('with no old text makes a new file', async () => {
    await thread.call(edit, { path: 'd/n', old_string: '', new_string: 'x\n' });
    expect(thread.text('d/n')).toBe('x\n');
    expect(thread.items('completed')).toMatchObject([{ changes: [{ kind: { type: 'add' }, diff: 'x\n' }] }]);
  });
});

describe('write', () => {
  test('makes a file with its folders, and replaces one', async () => {
    expect((await thread.call(write, { path: 'a/b', content: '1\n' })).text).toBe('Created a/b.');
    const again = await thread.call(write, { path: join(thread.cwd, 'a/b'), content: '2\n' });
    expect(again.text).toContain('Replaced the content');
    expect(thread.text('a/b')).toBe('2\n');
    expect(thread.items('completed')).toMatchObject([
      { changes: [{ kind: { type: 'add' } }] },
      { changes: [{ kind: { type: 'update' }, diff: '@@ -1 +1 @@\n-1\n+2\n' }] },
    ]);
  });

  test('respects policy and people', async () => {
    const denied = new FakeThread({ files: realFiles(() => true) });
    expect((await denied.call(write, { path: 'a', content: '' })).text).toBe(
      'patch rejected: writing is blocked by the read-only sandbox.',
    );
    expect(denied.items('completed')).toMatchObject([{ status: 'failed' }]);
    await denied.dispose();
    const refused = new FakeThread({ approvePatch: () => Promise.resolve({ reason: 'no', declined: true }) });
    expect((await refused.call(write, { path: 'a', content: '' })).text).toBe('patch rejected: no');
    expect(refused.items('completed')).toMatchObject([{ status: 'declined' }]);
    expect(readdirSync(refused.cwd)).toEqual([]);
    await refused.dispose();
  });
});

describe('read', () => {
  test('numbers the lines', async () => {
    thread.put({ f: 'one\r\ntwo\n\nfour' });
    expect((await thread.call(read, { path: 'f' })).text).toBe(
      '     1\tone\n     2\ttwo\n     3\t\n     4\tfour',
    );
    expect(thread.emitted).toEqual([]);
  });

  test('shows a part and says how to go on', async () => {
    thread.put({ f: Array.from({ length: 10 }, (_, i) => `${i + 1}\n`).join('') });
    expect((await thread.call(read, { path: 'f', offset: 3, limit: 2 })).text).toBe(
      '     3\t3\n     4\t4\n(lines 5 to 10 follow: read on with offset 5)',
    );
    expect((await thread.call(read, { path: 'f', offset: 99 })).text).toContain('only 10 lines');
  });

  test('stays within the token limit and shortens endless lines', async () => {
    const small = new FakeThread({ outputTokenLimit: 50 });
    small.put({ f: 'line of text\n'.repeat(100), long: '😀'.repeat(3000) });
    const { text } = await small.call(read, { path: 'f' });
    expect(text.length).toBeLessThan(300);
    expect(text).toMatch(/read on with offset 11\)$/);
    const long = await small.call(read, { path: 'long' });
    expect(long.text).toMatch(/😀… \(4000 more characters\)$/);
    await small.dispose();
  });

  test.each([
    ['none', 'No such file or directory (os error 2). Find it with'],
    ['dir', 'is a folder'],
    ['bin', 'is not text (3 bytes)'],
    ['pic', 'is an image (image/png); use view_image'],
  ])('explains why %s cannot be read', async (path, message) => {
    mkdirSync(join(thread.cwd, 'dir'));
    thread.put({ bin: Uint8Array.of(1, 0, 2), pic: Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1') });
    const outcome = await thread.call(read, { path });
    expect(outcome.success).toBe(false);
    expect(outcome.text).toContain(message);
  });

  test('does not load a huge file', async () => {
    const files = realFiles();
    const huge = new FakeThread({
      files: {
        ...files,
        stat: () => Promise.resolve({ kind: 'file', size: 1e9, mode: 0, mtimeMs: 0 }),
        read: () => Promise.reject(new Error('must not be called')),
      },
    });
    expect((await huge.call(read, { path: 'f' })).text).toContain('too many to read whole');
    await huge.dispose();
  });

  test('an empty file is said to be empty', async () => {
    thread.put({ f: '' });
    expect((await thread.call(read, { path: 'f' })).text).toBe('(the file is empty)');
  });
});
