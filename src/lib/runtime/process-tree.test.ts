// Reading process tables, and when output counts as complete.
import { describe, expect, test } from 'vitest';
import { OutputEnd } from './output-end.ts';
import { parseStat, type ProcessEntry, selectTree } from './process-tree.ts';

test('names of processes may hold blanks and brackets', () => {
  expect(parseStat('42 (a) b) S 7 40 39 0 -1')).toEqual({
    pid: 42,
    parent: 7,
    group: 40,
    session: 39,
    name: 'a) b',
    state: 'S',
  });
  expect(parseStat('')).toBeNull();
});

test('a tree is the root, its descendants, and what its group and session hold', () => {
  const entry = (pid: number, parent: number, group: number, session: number): ProcessEntry => ({
    pid,
    parent,
    group,
    session,
    name: 'x',
    state: 'S',
  });
  const all = [
    entry(10, 1, 10, 10),
    entry(11, 10, 10, 10),
    entry(12, 11, 12, 12), // left the session, still a child
    entry(13, 1, 10, 10), // lost its parent, still in the group
    entry(14, 1, 14, 10), // own group, same session
    entry(15, 12, 15, 15),
    entry(16, 1, 16, 16),
  ];
  expect(selectTree(all, 10).map(({ pid }) => pid)).toEqual(expect.arrayContaining([10, 11, 12, 13, 14, 15]));
  expect(selectTree(all, 10)[0]?.pid).toBe(10);
  expect(selectTree(all, 10).some(({ pid }) => pid === 16)).toBe(false);
});

describe('the end of output', () => {
  test('comes at once when all streams have ended', async () => {
    const end = new OutputEnd(2);
    end.streamEnded();
    end.processExited();
    let isComplete = false;
    void end.complete.then(() => {
      isComplete = true;
    });
    await Promise.resolve();
    expect(isComplete).toBe(false);
    end.streamEnded();
    await end.complete;
  });

  test('waits for the process, and then only while there is something to hear', async () => {
    const end = new OutputEnd(1);
    end.chunkArrived();
    end.processExited();
    const talking = setInterval(() => end.chunkArrived(), 10);
    const first = await Promise.race([
      end.complete.then(() => 'complete'),
      new Promise((resolve) => setTimeout(resolve, 150, 'waiting')),
    ]);
    clearInterval(talking);
    expect(first).toBe('waiting');
    await end.complete;
  });
});
