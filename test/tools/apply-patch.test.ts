// The apply_patch tool: all or nothing, items for every call, both forms of call, and patches inside shell commands.
import { mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileChangeItem } from '../../src/protocol/item.ts';
import { execCommandTool } from '../../src/tools/exec-command.ts';
import { applyPatchTool } from '../../src/tools/patch/apply-patch.ts';
import { patchInCommand } from '../../src/tools/patch/patch-in-command.ts';
import { shellCommandTool } from '../../src/tools/shell-command.ts';
import { FakeThread, fileError, realFiles } from './fake-context.ts';

let thread: FakeThread;
const tool = applyPatchTool('freeform');
const patch = (body: string): string => `*** Begin Patch\n${body}*** End Patch\n`;

beforeEach(() => {
  thread = new FakeThread();
});
afterEach(() => thread.dispose());

function finalItem(): FileChangeItem {
  const items = thread.items('completed');
  expect(items).toHaveLength(1);
  expect(thread.items('started')).toHaveLength(1);
  expect(thread.items('started')[0]?.id).toBe(items[0]?.id);
  return items[0] as FileChangeItem;
}

describe('a patch that fits', () => {
  test('is written, reported in Codex’s form, and shown with diffs', async () => {
    thread.put({ m: '1\n2\n3\n', d: 'gone\n', old: 'x\ny\n' });
    const text = patch(
      '*** Add File: n/a.txt\n+hello\n*** Update File: m\n@@\n 1\n-2\n+two\n*** Delete File: d\n*** Update File: old\n*** Move to: new\n@@\n-x\n+X\n',
    );
    const { text: output, success } = await thread.call(tool, text);
    expect(success).toBe(true);
    expect(output).toMatch(
      /^Exit code: 0\nWall time: \d+\.\d seconds\nOutput:\nSuccess\. Updated the following files:\nA n\/a\.txt\nM m\nM new\nD d\n$/,
    );
    expect(thread.text('n/a.txt') + thread.text('m') + thread.text('new')).toBe('hello\n1\ntwo\n3\nX\ny\n');
    expect(readdirSync(thread.cwd).toSorted()).toEqual(['m', 'n', 'new']);
    expect(finalItem()).toEqual({
      type: 'fileChange',
      id: 'call-1',
      status: 'completed',
      changes: [
        { path: join(thread.cwd, 'n/a.txt'), kind: { type: 'add' }, diff: 'hello\n' },
        {
          path: join(thread.cwd, 'm'),
          kind: { type: 'update', move_path: null },
          diff: '@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n',
        },
        { path: join(thread.cwd, 'd'), kind: { type: 'delete' }, diff: 'gone\n' },
        {
          path: join(thread.cwd, 'old'),
          kind: { type: 'update', move_path: join(thread.cwd, 'new') },
          diff: '@@ -1,2 +1,2 @@\n-x\n+X\n y\n',
        },
      ],
    });
    expect(thread.items('started')[0]).toMatchObject({ status: 'inProgress', changes: finalItem().changes });
  });

  test('may touch one file in several parts, which people see once', async () => {
    thread.put({ f: 'a\nb\n' });
    const text = patch('*** Update File: f\n@@\n-a\n+A\n*** Update File: ./f\n@@\n-b\n+B\n');
    expect((await thread.call(tool, text)).success).toBe(true);
    expect(finalItem().changes).toEqual([
      {
        path: join(thread.cwd, 'f'),
        kind: { type: 'update', move_path: null },
        diff: '@@ -1,2 +1,2 @@\n-a\n-b\n+A\n+B\n',
      },
    ]);
  });

  test('may put a folder where a file was', async () => {
    thread.put({ f: '1\n' });
    const text = patch('*** Delete File: f\n*** Add File: f/x\n+2\n');
    expect((await thread.call(tool, text)).success).toBe(true);
    expect(thread.text('f/x')).toBe('2\n');
  });

  test('a file of 10,000 lines takes many chunks', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `line ${i}`);
    thread.put({ f: `${lines.join('\n')}\n` });
    const at = Array.from({ length: 500 }, (_, i) => i * 20 + 5);
    const chunks = at.map((i) => `@@\n line ${i - 1}\n-line ${i}\n+changed ${i}\n line ${i + 1}\n`);
    const outcome = await thread.call(tool, patch(`*** Update File: f\n${chunks.join('')}`));
    expect(outcome.success).toBe(true);
    for (const i of at) lines[i] = `changed ${i}`;
    expect(thread.text('f')).toBe(`${lines.join('\n')}\n`);
  });
});

describe('a patch that does not fit', () => {
  test.each([
    ['*** Add File: n\n+1\n*** Update File: f\n@@\n-nope\n+x\n', 'Failed to find expected lines in f:\nnope'],
    ['*** Add File: n\n+1\n*** Update File: missing\n@@\n-1\n+x\n', 'Failed to read file to update missing'],
    ['*** Add File: n\n+1\n*** Delete File: dir\n', 'Failed to delete file dir: Is a directory'],
    ['*** Add File: n\n+1\n*** Add File: dir\n+1\n', 'Failed to write file dir: a directory is in the way'],
    ['*** Delete File: f\n*** Update File: f\n@@\n-1\n+x\n', 'an earlier part of this patch removed it'],
    ['*** Add File: n\n+1\n*** Frob: f\n', 'Invalid patch hunk on line 4'],
    ['', 'No files were modified'],
  ])('%j changes nothing and still has an item', async (body, message) => {
    thread.put({ f: '1\n' });
    mkdirSync(join(thread.cwd, 'dir'));
    const { text, success } = await thread.call(tool, patch(body));
    expect(success).toBe(false);
    expect(text).toMatch(/^apply_patch verification failed: /);
    expect(text).toContain(message);
    expect(finalItem().status).toBe('failed');
    expect(readdirSync(thread.cwd).toSorted()).toEqual(['dir', 'f']);
    expect(thread.text('f')).toBe('1\n');
  });

  test('shows the paths it wanted to change', async () => {
    await thread.call(tool, patch('*** Update File: a\n@@\n-1\n+2\n*** Delete File: b\n'));
    expect(finalItem().changes).toEqual([
      { path: join(thread.cwd, 'a'), kind: { type: 'update', move_path: null }, diff: '' },
      { path: join(thread.cwd, 'b'), kind: { type: 'delete' }, diff: '' },
    ]);
  });

  test('tells the model what is there instead', async () => {
    thread.put({ f: 'import a\n\nfunction total(items) {\n  return items.length;\n}\n' });
    const body =
      '*** Update File: f\n@@\n function total(items) {\n-  return items.size;\n+  return 1;\n }\n';
    const { text } = await thread.call(tool, patch(body));
    expect(text).toContain(
      'The nearest lines in the file are (from line 3):\nfunction total(items) {\n  return items.length;\n}',
    );
  });

  test('text that is not UTF-8 is left alone', async () => {
    thread.put({ f: Uint8Array.of(0x31, 0x0a, 0xff, 0x0a) });
    const { text } = await thread.call(tool, patch('*** Update File: f\n@@\n-1\n+2\n'));
    expect(text).toContain('is not UTF-8 text');
  });
});

describe('policy and failures while writing', () => {
  const two = patch('*** Add File: a\n+1\n*** Add File: b\n+1\n');

  test('a path that may not be written stops the whole patch', async () => {
    const guarded = new FakeThread({ files: realFiles((path) => path.endsWith('/b')) });
    const { text, success } = await guarded.call(tool, two);
    expect(success).toBe(false);
    expect(text).toMatch(
      /^patch rejected: writing is blocked by the read-only sandbox\. Nothing was changed\.$/,
    );
    expect(readdirSync(guarded.cwd)).toEqual([]);
    expect(guarded.items('completed')).toMatchObject([{ status: 'failed' }]);
    await guarded.dispose();
  });

  test('a refusal of the user is declined', async () => {
    const asked: string[][] = [];
    const refusing = new FakeThread({
      approvePatch: (paths) => {
        asked.push([...paths]);
        return Promise.resolve({ reason: 'the user said no', declined: true });
      },
    });
    const { text } = await refusing.call(tool, two);
    expect(text).toBe('patch rejected: the user said no');
    expect(asked).toEqual([[join(refusing.cwd, 'a'), join(refusing.cwd, 'b')]]);
    expect(refusing.items('completed')).toMatchObject([{ status: 'declined' }]);
    expect(readdirSync(refusing.cwd)).toEqual([]);
    await refusing.dispose();
  });

  test('a file that changes while somebody is asked is not overwritten', async () => {
    const slow: FakeThread = new FakeThread({
      approvePatch: () => {
        slow.put({ f: 'theirs\n' });
        utimesSync(join(slow.cwd, 'f'), 1, 1);
        return Promise.resolve(null);
      },
    });
    slow.put({ f: 'mine\n' });
    const { text } = await slow.call(tool, patch('*** Update File: f\n@@\n-mine\n+new\n'));
    expect(text).toContain('was changed by somebody else meanwhile');
    expect(slow.text('f')).toBe('theirs\n');
    await slow.dispose();
  });

  test('a failing write says exactly what was written before', async () => {
    const files = realFiles();
    const failing = new FakeThread({
      files: {
        ...files,
        write: (path, data) =>
          path.endsWith('/b') ? Promise.reject(fileError('ENOSPC', 'no space')) : files.write(path, data),
      },
    });
    failing.put({ z: 'keep me\n' });
    const { text, success } = await failing.call(tool, two.replace('*** End', '*** Delete File: z\n*** End'));
    expect(success).toBe(false);
    expect(text).toMatch(
      /^Exit code: 1\nWall time: .*\nOutput:\nFailed to write .*\/b: No space left on device \(os error 28\)\. Already done: write .*\/a\.\n$/,
    );
    expect(failing.text('z')).toBe('keep me\n');
    expect(failing.items('completed')).toMatchObject([{ status: 'failed' }]);
    await failing.dispose();
  });

  test('an aborted turn writes nothing any more', async () => {
    thread.interrupt();
    expect((await thread.call(tool, two)).text).toContain('aborted');
    expect(readdirSync(thread.cwd)).toEqual([]);
    expect(finalItem().status).toBe('failed');
  });
});

describe('forms of call', () => {
  const add = patch('*** Add File: a\n+1\n');

  test.each([
    ['raw text', add],
    ['a function call', JSON.stringify({ input: add })],
    ['a function call with `patch`', JSON.stringify({ patch: add })],
    ['a JSON string', JSON.stringify(add)],
    ['a here-document', `<<'PATCH'\n${add}PATCH\n`],
    ['CRLF', add.replaceAll('\n', '\r\n')],
  ])('%s, for both forms of the tool', async (_, input) => {
    for (const form of ['freeform', 'function'] as const) {
      expect(await thread.call(applyPatchTool(form), input)).toMatchObject({ success: true });
      expect(thread.text('a')).toBe('1\n');
    }
  });

  test('arguments without a patch are explained', async () => {
    expect((await thread.call(tool, '{"x": 1}')).text).toContain('missing field `input`');
    expect((await thread.call(tool, '{"input": ')).text).toContain('line 1 column 11');
  });
});

describe('patches inside shell commands', () => {
  const body = '*** Begin Patch\n*** Add File: a\n+$HOME `x`\n*** End Patch';

  test.each([
    [`apply_patch <<'EOF'\n${body}\nEOF\n`, null],
    [`apply_patch <<"EOF"\n${body}\nEOF`, null],
    [`applypatch << EOF\n${body}\nEOF`, null],
    [`cd sub && apply_patch <<'EOF'\n${body}\nEOF`, 'sub'],
    [`cd 'my sub' && apply_patch <<'EOF'\n${body}\nEOF`, 'my sub'],
    [`cat <<'EOF' | apply_patch\n${body}\nEOF`, null],
    [`apply_patch "$(cat <<'EOF'\n${body}\nEOF\n)"`, null],
    [`apply_patch '${body}'`, null],
  ])('%j is understood', (command, folder) => {
    expect(patchInCommand(command)).toEqual({ patch: body, folder });
  });

  test.each([
    `apply_patch <<'EOF'\n${body}\nEOF\nnpm test`,
    `apply_patch <<'EOF' && npm test\n${body}\nEOF`,
    `echo hi; apply_patch <<'EOF'\n${body}\nEOF`,
    `cd a; apply_patch <<'EOF'\n${body}\nEOF`,
    `cd "$X" && apply_patch <<'EOF'\n${body}\nEOF`,
    `apply_patch <<'EOF'\n${body}\nEOF\nrm -rf x\nEOF`,
    'apply_patch --help',
    'grep apply_patch src',
  ])('%j needs a shell', (command) => {
    expect(patchInCommand(command)).toBeNull();
  });

  test('run as the tool, in the folder they name', async () => {
    mkdirSync(join(thread.cwd, 'w/sub'), { recursive: true });
    const cmd = `cd sub && apply_patch <<'EOF'\n${body}\nEOF`;
    const outcome = await thread.call(execCommandTool(), { cmd, workdir: 'w' });
    expect(outcome.text).toContain('Success. Updated the following files:\nA a\n');
    expect(thread.text('w/sub/a')).toBe('$HOME `x`\n');
    expect(thread.requests).toEqual([]);
    expect(finalItem().type).toBe('fileChange');
  });

  test('as an argument vector of the old shell tool', async () => {
    const outcome = await thread.call(shellCommandTool('shell'), { command: ['apply_patch', body] });
    expect(outcome.success).toBe(true);
    expect(statSync(join(thread.cwd, 'a')).isFile()).toBe(true);
    const wrapped = { command: ['bash', '-lc', `apply_patch <<'EOF'\n${body}\nEOF`] };
    expect(await thread.call(shellCommandTool('shell'), wrapped)).toMatchObject({ success: true });
  });
});
