// Tests of private files: modes whatever the umask, and nothing through links, pipes or folders.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  appendPrivateFile,
  createPrivateFile,
  ensurePrivateDirectory,
  openPrivateAppend,
  readPrivateFile,
  replacePrivateFile,
  UnsafeFileError,
} from './private-files.ts';

let folder: string;
let umask: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skua-private-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe.skipIf(process.platform === 'win32').each([0o000, 0o022, 0o777])('with umask %o', (mask) => {
  beforeEach(() => {
    umask = process.umask(mask);
  });
  afterEach(() => void process.umask(umask));

  test('new files are 0600 and new folders 0700', () => {
    ensurePrivateDirectory(join(folder, 'a/b/c'));
    expect(['a', 'a/b', 'a/b/c'].map((path) => mode(join(folder, path)))).toEqual(['700', '700', '700']);
    createPrivateFile(join(folder, 'new'), 'x');
    replacePrivateFile(join(folder, 'replaced'), 'x');
    appendPrivateFile(join(folder, 'log'), 'x');
    expect(['new', 'replaced', 'log'].map((path) => mode(join(folder, path)))).toEqual(['600', '600', '600']);
    replacePrivateFile(join(folder, 'config'), 'x', { mode: 0o644 });
    expect(mode(join(folder, 'config'))).toBe('644');
  });

  test('modes that are too wide are repaired', () => {
    writeFileSync(join(folder, 'wide'), 'x');
    chmodSync(join(folder, 'wide'), 0o666);
    expect(readPrivateFile(join(folder, 'wide'))?.toString()).toBe('x');
    expect(mode(join(folder, 'wide'))).toBe('600');
    chmodSync(join(folder, 'wide'), 0o666);
    appendPrivateFile(join(folder, 'wide'), 'y');
    expect(mode(join(folder, 'wide'))).toBe('600');
    chmodSync(folder, 0o755);
    ensurePrivateDirectory(folder);
    expect(mode(folder)).toBe('700');
  });
});

describe.skipIf(process.platform === 'win32')('what is no plain file', () => {
  /** Each puts something else at `path`; `target` must stay as it is. */
  const STRANGERS: [string, (path: string, target: string) => void][] = [
    ['a symbolic link', (path, target) => symlinkSync(target, path)],
    ['a link to nothing', (path) => symlinkSync(join(folder, 'nothing'), path)],
    ['a hard link', (path, target) => linkSync(target, path)],
    ['a pipe', (path) => void execFileSync('mkfifo', [path])],
    ['a folder', (path) => mkdirSync(path)],
  ];

  test.each(STRANGERS)('%s is refused by every call', (_, put) => {
    const [path, target] = [join(folder, 'store'), join(folder, 'target')];
    writeFileSync(target, 'theirs');
    put(path, target);
    expect(() => readPrivateFile(path)).toThrow(UnsafeFileError);
    expect(() => openPrivateAppend(path)).toThrow(UnsafeFileError);
    expect(() => replacePrivateFile(path, 'ours')).toThrow(UnsafeFileError);
    expect(() => createPrivateFile(path, 'ours')).toThrow(/EEXIST/);
    expect(readFileSync(target, 'utf8')).toBe('theirs');
    expect(readdirSync(folder).sort()).toEqual(['store', 'target']);
  });

  test('a link or a file where a folder should be is refused', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    writeFileSync(join(folder, 'file'), '');
    expect(() => ensurePrivateDirectory(join(folder, 'link'))).toThrow(UnsafeFileError);
    expect(() => ensurePrivateDirectory(join(folder, 'file'))).toThrow(UnsafeFileError);
  });
});

test('nothing there: read gives null, create makes it once', () => {
  const path = join(folder, 'x');
  expect(readPrivateFile(path)).toBeNull();
  expect(readPrivateFile(join(path, 'below'))).toBeNull();
  createPrivateFile(path, 'one');
  expect(() => createPrivateFile(path, 'two')).toThrow(/EEXIST/);
  expect(readPrivateFile(path)?.toString()).toBe('one');
});

test('a replacement that is called off leaves everything as it was', () => {
  const path = join(folder, 'x');
  createPrivateFile(path, 'old');
  const beforeRename = (): void => {
    throw new Error('called off');
  };
  expect(() => replacePrivateFile(path, 'new', { beforeRename })).toThrow('called off');
  expect(readdirSync(folder)).toEqual(['x']);
  expect(readPrivateFile(path)?.toString()).toBe('old');
});

test('appending adds to the end', () => {
  const path = join(folder, 'log');
  appendPrivateFile(path, 'one\n');
  const fd = openPrivateAppend(path);
  writeSync(fd, 'two\n');
  closeSync(fd);
  expect(readPrivateFile(path)?.toString()).toBe('one\ntwo\n');
});
