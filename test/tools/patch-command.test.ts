// The stand-alone apply_patch command: Codex's scenarios (state and exit code), its messages, and where ours is better.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runApplyPatchCommand } from '../../src/tools/patch/run-command.ts';
import { realFiles } from './fake-context.ts';

const SCENARIOS = join(import.meta.dirname, '..', 'fixtures', 'apply-patch');

/** Scenarios whose patch the real command refuses; all others succeed. */
const REFUSED = new Set(
  ['005', '006', '007', '008', '009', '012', '013', '015'].map((number) => Number(number)),
);

let dir: string;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'skua-patch-')));
});
afterEach(() => rmSync(dir, { recursive: true }));

function tree(root: string): Record<string, string> {
  if (!existsSync(root)) return {};
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'latin1')]),
  );
}

function put(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
}

async function run(
  argv: string[],
  stdin = new Uint8Array(),
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runApplyPatchCommand({
    argv,
    cwd: dir,
    files: realFiles(),
    stdin: () => Promise.resolve(stdin),
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
  });
  return { code, out, err };
}

const patch = (body: string): string => `*** Begin Patch\n${body}*** End Patch\n`;
const update = (chunks: string, name = 'f'): string => patch(`*** Update File: ${name}\n${chunks}`);

describe('scenarios of openai/codex', () => {
  const names = readdirSync(SCENARIOS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

  test('all 23 are here', () => expect(names).toHaveLength(23));

  test.each(names)('%s', async (name) => {
    const scenario = join(SCENARIOS, name);
    if (existsSync(join(scenario, 'input'))) cpSync(join(scenario, 'input'), dir, { recursive: true });
    const { code, out, err } = await run([readFileSync(join(scenario, 'patch.txt'), 'utf8')]);
    expect(tree(dir)).toEqual(tree(join(scenario, 'expected')));
    expect(code).toBe(REFUSED.has(Number(name.slice(0, 3))) ? 1 : 0);
    expect(code === 0 ? out : err).not.toBe('');
    expect(code === 0 ? err : out).toBe('');
  });
});

describe('messages and exit codes', () => {
  test.each([
    [patch(''), 'No files were modified.\n'],
    [update('@@\n-x\n-y\n+z\n'), 'Failed to find expected lines in f:\nx\ny\n'],
    [update('@@ nope\n-1\n+z\n'), "Failed to find context 'nope' in f\n"],
    [
      update('@@\n-1\n+2\n', 'q'),
      'Failed to read file to update q: No such file or directory (os error 2)\n',
    ],
    [update(''), "Invalid patch hunk on line 2: Update file hunk for path 'f' is empty\n"],
    [
      patch('*** Frob File: f\n'),
      "Invalid patch hunk on line 2: '*** Frob File: f' is not a valid hunk header. Valid hunk headers: '*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'\n",
    ],
    [
      '*** Begin Patch\n*** Add File: x\n+1\n',
      "Invalid patch: The last line of the patch must be '*** End Patch'\n",
    ],
    [
      '*** Add File: x\n*** End Patch',
      "Invalid patch: The first line of the patch must be '*** Begin Patch'\n",
    ],
    [
      update('@@\n-1\nxx\n+z\n'),
      "Invalid patch hunk on line 5: Expected update hunk to start with a @@ context marker, got: 'xx'\n",
    ],
    [
      update('@@\nxx\n+z\n'),
      "Invalid patch hunk on line 4: Unexpected line found in update hunk: 'xx'. Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)\n",
    ],
    [update('@@\n'), 'Invalid patch hunk on line 4: Update hunk does not contain any lines\n'],
    [update('@@\n-4\n+a\n@@\n-2\n+b\n'), 'Failed to find expected lines in f:\n2\n'],
    [update('@@\n-1\n+a\n*** End of File\n'), 'Failed to find expected lines in f:\n1\n'],
  ])('%j', async (text, message) => {
    put({ f: '1\n2\n3\n4\n5\n' });
    expect(await run([text])).toEqual({ code: 1, out: '', err: message });
    expect(tree(dir)).toEqual({ f: '1\n2\n3\n4\n5\n' });
  });

  test('wrong use is exit code 2', async () => {
    expect((await run([])).code).toBe(2);
    expect((await run(['a', 'b'])).code).toBe(2);
  });

  test('reads the patch from stdin, in a here-document too', async () => {
    const text = `<<'EOF'\n${patch('*** Add File: a/b.txt\n+1\n')}EOF\n`;
    expect(await run([], Buffer.from(text))).toEqual({
      code: 0,
      out: 'Success. Updated the following files:\nA a/b.txt\n',
      err: '',
    });
    expect((await run([], Uint8Array.of(0xff))).code).toBe(1);
  });

  test('lists added files first, then changed, then deleted ones', async () => {
    put({ f: '1\n', g: '1\n' });
    const { out } = await run([
      patch('*** Delete File: g\n*** Update File: f\n@@\n-1\n+2\n*** Add File: z\n+1\n'),
    ]);
    expect(out).toBe('Success. Updated the following files:\nA z\nM f\nD g\n');
  });

  test('no escape sequence of a path reaches the terminal', async () => {
    const { out, err } = await run([patch('*** Add File: a\u001b[31mb\n+1\n')]);
    expect(out + err).toContain('A a\\u{1b}[31mb');
    expect((await run([patch('*** Delete File: \u009bx\u202e\n')])).err).toContain('\\u{9b}x\\u{202e}');
  });
});

describe('where ours does better than the real command', () => {
  test('a rename without changes keeps every byte', async () => {
    const noise = String.fromCharCode(0, 255, 10, 13);
    writeFileSync(join(dir, 'f'), Buffer.from(noise, 'latin1'));
    expect((await run([patch('*** Update File: f\n*** Move to: d/g\n')])).code).toBe(0);
    expect(tree(dir)).toEqual({ 'd/g': noise });
  });

  test('a move onto itself loses nothing', async () => {
    put({ f: '1\n' });
    expect((await run([patch('*** Update File: f\n*** Move to: ./f\n@@\n-1\n+2\n')])).code).toBe(0);
    expect(tree(dir)).toEqual({ f: '2\n' });
  });

  test('a move onto a link to itself loses nothing', async () => {
    put({ f: '1\n' });
    symlinkSync('f', join(dir, 'link'));
    expect((await run([patch('*** Update File: f\n*** Move to: link\n@@\n-1\n+2\n')])).code).toBe(0);
    expect(readFileSync(join(dir, 'link'), 'utf8')).toBe('2\n');
  });

  test.each([
    [
      'stacked headers lead inwards',
      'a:\n x\nb:\n f:\n  x\n',
      '@@ b:\n@@  f:\n-  x\n+  y\n',
      'a:\n x\nb:\n f:\n  y\n',
    ],
    ['an addition with a context goes after it', '1\n2\n3\n', '@@ 2\n+new\n', '1\n2\nnew\n3\n'],
    ['a git-style header is a plain one', '1\n2\n', '@@ -1,2 +1,2 @@\n-2\n+b\n', '1\nb\n'],
    ['a git-style header may name a place', 'x\nf:\nx\n', '@@ -1,2 +1,2 @@ f:\n-x\n+y\n', 'x\nf:\ny\n'],
    ['a closing @@ is ignored', 'x\nf:\nx\n', '@@ f: @@\n-x\n+y\n', 'x\nf:\ny\n'],
    ['CRLF stays', '1\r\n2\r\n3\r\n', '@@\n 1\n-2\n+b\n+c\n', '1\r\nb\r\nc\r\n3\r\n'],
    ['mixed line ends stay where they are', '1\r\n2\n3\r\n', '@@\n 1\n+x\n 2\n', '1\r\nx\r\n2\n3\r\n'],
    [
      'kept lines stay as the file has them',
      'a  \n\tb\nc\u00a0\n',
      '@@\n a\n-b\n+B\n c\n',
      'a  \nB\nc\u00a0\n',
    ],
    ['empty lines at the end stay', 'a\nb\n\n\n', '@@\n-a\n+A\n', 'A\nb\n\n\n'],
    ['a byte order mark stays', '\uFEFF1\n2\n', '@@\n-1\n+x\n 2\n', '\uFEFFx\n2\n'],
    ['empty lines around chunks are ignored', 'x\n1\n', '@@\n-1\n+2\n\n\n', 'x\n2\n'],
  ])('%s', async (_, before, chunks, after) => {
    put({ f: before });
    expect(await run([update(chunks)])).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe(after);
  });

  test('empty lines inside an added file are content', async () => {
    expect((await run([patch('*** Add File: x\n+1\n\n+2\n\n*** Add File: y\n+3\n')])).code).toBe(0);
    expect(tree(dir)).toEqual({ x: '1\n\n2\n', y: '3\n' });
  });
});
