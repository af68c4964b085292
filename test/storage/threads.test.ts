// Tests of listing, finding, naming and forking threads.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createUuid7 } from '../../src/lib/uuid.ts';
import type { ThreadMeta } from '../../src/protocol/thread.ts';
import { createRollout } from '../../src/storage/rollout-writer.ts';
import { findThread, forkThread, latestThread, listThreads, readThread } from '../../src/storage/threads.ts';
import { readThreadNames, renameThread } from '../../src/storage/thread-names.ts';
import { answered, asked, META, NOW, turnEvents, WORK } from './thread-script.ts';

let home: string;
let newId: () => string;
let clock: number;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'threads-')));
  clock = NOW;
  newId = createUuid7({ now: () => clock, fillRandom: (bytes) => bytes.fill(7) });
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Writes a thread; `age` in minutes before NOW. */
function write(
  text: string,
  options: { age?: number; cwd?: string; source?: ThreadMeta['source'] } = {},
): string {
  clock = NOW - (options.age ?? 0) * 60_000;
  const id = newId();
  const meta: ThreadMeta = {
    ...META,
    id,
    createdAt: new Date(clock).toISOString(),
    cwd: options.cwd ?? META.cwd,
    source: options.source ?? 'cli',
    instructions: 'Long. '.repeat(5000),
  };
  const writer = createRollout({ home, meta, now: () => clock });
  for (const event of turnEvents(text, 'Answer', { work: WORK })) writer.append(event);
  writer.close();
  utimesSync(writer.path as string, clock / 1000, clock / 1000);
  return id;
}

describe('listThreads', () => {
  test('is newest first by the last change, with preview and without the rest of the file', () => {
    const old = write('Old one', { age: 60 * 24 * 40 });
    const middle = write('Middle', { age: 60 });
    const latest = write('Latest\n\u001b]0;title\u0007 one', { age: 1 });
    const list = listThreads({ home, includeNonInteractive: false, limit: 10 });
    expect(list.map((thread) => thread.id)).toEqual([latest, middle, old]);
    expect(list[0]).toMatchObject({
      preview: 'Latest ]0;title one',
      cwd: META.cwd,
      source: 'cli',
      name: null,
      createdAt: new Date(NOW - 60_000).toISOString(),
      updatedAt: new Date(NOW - 60_000).toISOString(),
    });
    expect(listThreads({ home, includeNonInteractive: false, limit: 2 })).toHaveLength(2);
    const path = list[2]?.rolloutPath as string;
    utimesSync(path, NOW / 1000 + 10, NOW / 1000 + 10);
    expect(latestThread({ home, includeNonInteractive: false })?.id).toBe(old);
  });

  test('filters by folder and by source', () => {
    const here = write('Here', { cwd: '/here', age: 3 });
    const exec = write('Exec', { cwd: '/here', source: 'exec', age: 2 });
    write('Agent', { cwd: '/here', source: { subagent: 'worker' }, age: 1 });
    write('There', { cwd: '/here-too' });
    const ids = (includeNonInteractive: boolean): string[] =>
      listThreads({ home, cwd: '/here/', includeNonInteractive, limit: 10 }).map((thread) => thread.id);
    expect(ids(false)).toEqual([here]);
    expect(ids(true)).toEqual([exec, here]);
    expect(latestThread({ home, cwd: '/nowhere', includeNonInteractive: true })).toBeNull();
  });

  test('passes over files that are no rollouts and rollouts without a head', () => {
    const id = write('One');
    const folder = dirname(findThread(home, id).rolloutPath);
    writeFileSync(join(folder, 'notes.txt'), 'x');
    writeFileSync(join(folder, `rollout-2026-01-15T10-30-00-${newId()}.jsonl`), 'garbage\n');
    writeFileSync(join(folder, `rollout-2026-01-15T10-30-00-${newId()}.jsonl`), '');
    symlinkSync('/etc/passwd', join(folder, `rollout-2026-01-15T10-30-00-${newId()}.jsonl`));
    expect(listThreads({ home, includeNonInteractive: true, limit: 10 }).map((thread) => thread.id)).toEqual([
      id,
    ]);
  });

  test('an empty home has no threads', () => {
    expect(listThreads({ home: join(home, 'none'), includeNonInteractive: true, limit: 10 })).toEqual([]);
  });

  test('a sessions folder that is a link is refused', () => {
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'sessions'));
    expect(() => listThreads({ home, includeNonInteractive: true, limit: 10 })).toThrow(/symbolic link/);
  });
});

describe('findThread', () => {
  test('by id in any case, also archived, also in a folder where it does not belong', () => {
    const id = write('One');
    const path = findThread(home, id.toUpperCase()).rolloutPath;
    const odd = join(home, 'sessions', '2001', '01', '01');
    mkdirSync(odd, { recursive: true });
    renameSync(path, join(odd, basename(path)));
    expect(findThread(home, id)).toMatchObject({ id, archived: false });
    mkdirSync(join(home, 'archived_sessions'));
    renameSync(join(odd, basename(path)), join(home, 'archived_sessions', basename(path)));
    expect(findThread(home, id)).toMatchObject({ id, archived: true, preview: 'One' });
    expect(listThreads({ home, includeNonInteractive: true, limit: 9 })).toEqual([]);
    expect(listThreads({ home, includeNonInteractive: true, limit: 9, archived: true })).toHaveLength(1);
  });

  test('by the start of an id, when it is the only one', () => {
    const one = write('One', { age: 60 * 24 * 300 });
    const two = write('Two', { age: 1 });
    const three = write('Three', { age: 1 });
    expect(findThread(home, one.slice(0, 8)).id).toBe(one);
    expect(() => findThread(home, two.slice(0, 10))).toThrow(/2 thread ids start with/);
    expect(() => findThread(home, two.slice(0, 10))).toThrow(three);
    expect(() => findThread(home, one.slice(0, 3))).toThrow(/no rollout found/);
  });

  test('by name: the latest name of a thread, the newest thread of a name', () => {
    const one = write('One', { age: 9 });
    const two = write('Two', { age: 5 });
    renameThread({ home, id: one, name: 'Draft', now: NOW });
    renameThread({ home, id: one, name: '  Bug "42" näme ', now: NOW });
    expect(findThread(home, 'Bug "42" näme').id).toBe(one);
    expect(findThread(home, 'bug "42" NÄME')).toMatchObject({ id: one, name: 'Bug "42" näme' });
    expect(() => findThread(home, 'Draft')).toThrow(/no rollout found for thread id Draft/);
    renameThread({ home, id: two, name: 'Bug "42" näme', now: NOW });
    expect(findThread(home, 'Bug "42" näme').id).toBe(two);
    expect(listThreads({ home, includeNonInteractive: false, limit: 1 })[0]?.name).toBe('Bug "42" näme');
  });

  test('of an unknown id says what to do next', () => {
    expect(() => findThread(home, newId())).toThrow(
      /^no rollout found for thread id [0-9a-f-]{36}\. List .*skua resume/,
    );
  });
});

describe('names', () => {
  test('lie in the index of Codex, survive a torn line, and may not be empty', () => {
    renameThread({ home, id: 'a', name: 'x', now: NOW });
    const index = join(home, 'session_index.jsonl');
    expect(readFileSync(index, 'utf8')).toBe(
      `{"id":"a","thread_name":"x","updated_at":"${new Date(NOW).toISOString()}"}\n`,
    );
    appendFileSync(index, '{"id":"b","thr');
    renameThread({ home, id: 'c', name: 'y', now: NOW });
    expect([...readThreadNames(home)]).toEqual([
      ['a', 'x'],
      ['c', 'y'],
    ]);
    expect(() => renameThread({ home, id: 'a', name: ' ', now: NOW })).toThrow(/at least one character/);
  });
});

describe('forkThread', () => {
  test('starts with all of the origin, goes its own way, and leaves the origin alone', () => {
    const origin = readThread(findThread(home, write('First')));
    const before = readFileSync(origin.rolloutPath as string);
    const meta: ThreadMeta = { ...META, id: newId() };
    const writer = forkThread({ home, stored: origin, meta, now: () => NOW });
    for (const event of turnEvents('In the fork', 'Yes')) writer.append(event);
    writer.close();
    const fork = readThread(findThread(home, meta.id));
    expect(fork.meta).toEqual({ ...meta, forkedFrom: origin.meta.id });
    expect(fork.history).toEqual([...origin.history, asked('In the fork'), answered('Yes')]);
    expect(readFileSync(origin.rolloutPath as string).equals(before)).toBe(true);
    expect(findThread(home, meta.id).preview).toBe('First');
  });

  test('works from a thread that was never on disk, and drops a torn last line', () => {
    const origin = readThread(findThread(home, write('First')));
    const fromMemory = forkThread({
      home,
      stored: { ...origin, rolloutPath: null },
      meta: { ...META, id: newId() },
      now: () => NOW,
    });
    fromMemory.append(turnEvents('x', 'y')[0] as never);
    fromMemory.close();
    appendFileSync(origin.rolloutPath as string, '{"torn');
    const fromTorn = forkThread({ home, stored: origin, meta: { ...META, id: newId() }, now: () => NOW });
    fromTorn.append(turnEvents('x', 'y')[0] as never);
    fromTorn.close();
    for (const writer of [fromMemory, fromTorn]) {
      const path = writer.path as string;
      const id = path.slice(-42, -6);
      expect(readThread(findThread(home, id))).toMatchObject({ history: origin.history, warnings: [] });
    }
  });
});
