// What the host reads and keeps on disk beside the rollouts: images of the user, output too long for the model.
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  existsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readImage } from '../../src/host/images.ts';
import { chooseShell } from '../../src/host/shell-choice.ts';
import { createSpillFolder } from '../../src/host/spill.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skua-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('images', () => {
  test('are told apart by content', () => {
    const file = join(folder, 'called.png');
    writeFileSync(file, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]));
    expect(readImage(file)).toMatch(/^data:image\/jpeg;base64,/);
  });
  test.each([
    ['is missing', null, /cannot be read/],
    ['is no image', 'just text', /no PNG, JPEG, GIF or WebP/],
  ])('a file that %s is an error with the reason', (_name, content, reason) => {
    const file = join(folder, 'x.png');
    if (content !== null) writeFileSync(file, content);
    expect(() => readImage(file)).toThrow(reason);
  });
});

describe('spill files', () => {
  test('are private, and never those of an earlier run', () => {
    const first = createSpillFolder(folder, 'thread-1', () => Date.now()).open();
    first.write(Buffer.from('one'));
    first.close();
    first.write(Buffer.from('late'));
    const second = createSpillFolder(folder, 'thread-1', () => Date.now()).open();
    second.write(Buffer.from('two'));
    second.close();
    expect(readFileSync(first.path, 'utf8')).toBe('one');
    expect(readFileSync(second.path, 'utf8')).toBe('two');
    expect(statSync(first.path).mode & 0o777).toBe(0o600);
  });

  test('of threads left alone for a week are swept away', () => {
    const old = createSpillFolder(folder, 'old', () => Date.now()).open();
    old.close();
    const fresh = createSpillFolder(folder, 'fresh', () => Date.now()).open();
    fresh.close();
    const eightDaysAgo = Date.now() / 1000 - 8 * 24 * 3600;
    utimesSync(join(folder, 'tool-output', 'old'), eightDaysAgo, eightDaysAgo);
    createSpillFolder(folder, 'new', () => Date.now())
      .open()
      .close();
    expect(existsSync(old.path)).toBe(false);
    expect(existsSync(fresh.path)).toBe(true);
  });
});

test('the shell is the user’s when it speaks POSIX, else the platform’s', () => {
  expect(chooseShell({ SHELL: '/bin/sh' }, 'linux')).toBe('/bin/sh');
  expect(chooseShell({ SHELL: 'bash' }, 'linux')).toMatch(/^\/.*sh$/);
  const fish = join(folder, 'fish');
  mkdirSync(folder, { recursive: true });
  writeFileSync(fish, '', { mode: 0o755 });
  expect(chooseShell({ SHELL: fish }, 'linux')).not.toBe(fish);
  expect(chooseShell({}, 'win32')).toBe('powershell.exe');
});
