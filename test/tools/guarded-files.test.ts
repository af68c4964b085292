// File tools over the real guarded file access: inside the workspace they work, outside and through links they do not.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileAccess } from '../../src/protocol/files.ts';
import type { SandboxPolicy } from '../../src/protocol/sandbox.ts';
import { openFileAccess } from '../../src/sandbox/files.ts';
import { editTool } from '../../src/tools/edit.ts';
import { applyPatchTool } from '../../src/tools/patch/apply-patch.ts';
import { runApplyPatchCommand } from '../../src/tools/patch/run-command.ts';
import { readTool } from '../../src/tools/read.ts';
import { FakeThread } from './fake-context.ts';

let thread: FakeThread;
let outside: string;
let files: FileAccess;

beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'skua-outside-')));
  const policy = (): SandboxPolicy => ({
    mode: 'workspace-write',
    workspace: thread.cwd,
    writableRoots: [],
    writableTmp: { tmpdir: false, slashTmp: false },
    denyRead: [join(outside, 'secret')],
    protectedPaths: [join(thread.cwd, '.git')],
    network: 'off',
  });
  files = openFileAccess(policy, { tmpdir: null });
  thread = new FakeThread({ files });
  thread.put({ f: 'one\ntwo\n', 'old.txt': 'x\n' });
});
afterEach(async () => {
  await thread.dispose();
  rmSync(outside, { recursive: true });
});

const patch = (body: string): string => `*** Begin Patch\n${body}*** End Patch\n`;

test('a patch, an edit and a read work in the workspace', async () => {
  const body =
    '*** Add File: d/n\n+1\n*** Update File: f\n@@\n-one\n+1\n*** Update File: old.txt\n*** Move to: d/new.txt\n';
  expect((await thread.call(applyPatchTool('freeform'), patch(body))).text).toContain(
    'A d/n\nM f\nM d/new.txt\n',
  );
  await thread.call(editTool(), { path: 'f', old_string: 'two', new_string: '2' });
  expect((await thread.call(readTool(), { path: 'f' })).text).toBe('     1\t1\n     2\t2');
  expect(thread.text('d/new.txt')).toBe('x\n');
  expect(existsSync(join(thread.cwd, 'old.txt'))).toBe(false);
});

test.each(['../escaped', '.git/hooks/pre-commit', 'link/escaped', '/etc/skua-escaped'])(
  'nothing of a patch is written when a part of it goes to %s',
  async (path) => {
    symlinkSync(outside, join(thread.cwd, 'link'));
    mkdirSync(join(thread.cwd, '.git'));
    const { text, success } = await thread.call(
      applyPatchTool('freeform'),
      patch(`*** Update File: f\n@@\n-one\n+1\n*** Add File: ${path}\n+1\n`),
    );
    expect(success).toBe(false);
    expect(text).toMatch(/^patch rejected: .* may not be changed: .*Nothing was changed\.$/);
    expect(thread.text('f')).toBe('one\ntwo\n');
    expect(existsSync(join(outside, 'escaped'))).toBe(false);
    expect(thread.items('completed')).toMatchObject([{ status: 'failed' }]);
  },
);

test('a file that may not be read is neither shown nor patched', async () => {
  mkdirSync(join(outside, 'secret'));
  const path = join(outside, 'secret', 'key');
  expect((await thread.call(readTool(), { path })).text).toContain('may not be read');
  const { text } = await thread.call(
    applyPatchTool('freeform'),
    patch(`*** Update File: ${path}\n@@\n-a\n+b\n`),
  );
  expect(text).toContain('may not be read');
});

test('an edit through a link that leaves the workspace is refused', async () => {
  thread.put({ g: 'a\n' });
  const target = join(outside, 'target');
  symlinkSync(target, join(thread.cwd, 'dangling'));
  const { success } = await thread.call(editTool(), { path: 'dangling', old_string: '', new_string: 'x' });
  expect(success).toBe(false);
  expect(existsSync(target)).toBe(false);
  expect(readFileSync(join(thread.cwd, 'g'), 'utf8')).toBe('a\n');
});

test('a move onto a link to the file itself loses nothing, as tool and as command', async () => {
  const text = patch('*** Update File: f\n*** Move to: alias\n@@\n-one\n+1\n');
  symlinkSync('f', join(thread.cwd, 'alias'));
  expect((await thread.call(applyPatchTool('freeform'), text)).success).toBe(true);
  expect(thread.text('alias')).toBe('1\ntwo\n');

  rmSync(join(thread.cwd, 'alias'));
  thread.put({ f: 'one\ntwo\n' });
  symlinkSync('f', join(thread.cwd, 'alias'));
  const code = await runApplyPatchCommand({
    argv: [text],
    cwd: thread.cwd,
    files,
    stdin: () => Promise.resolve(new Uint8Array()),
    stdout: () => {},
    stderr: () => {},
  });
  expect(code).toBe(0);
  expect(thread.text('alias')).toBe('1\ntwo\n');
});
