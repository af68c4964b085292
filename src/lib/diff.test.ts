// Shows that diffs are right (they rebuild the new text), small, like git's, and quick on big files.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diffLines, splitLines, unifiedDiff } from './diff.ts';

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function rebuild(before: string[], after: string[]): string[] {
  const out: string[] = [];
  let at = 0;
  for (const change of diffLines(before, after)) {
    out.push(...before.slice(at, change.oldStart), ...after.slice(change.newStart, change.newEnd));
    at = change.oldEnd;
  }
  return [...out, ...before.slice(at)];
}

describe('diffLines', () => {
  test('rebuilds the new text from the old one, for random texts', () => {
    const next = random(7);
    for (let round = 0; round < 500; round++) {
      const make = (): string[] => Array.from({ length: next(40) }, () => `${next(6)}`);
      const before = make();
      const after = make();
      expect(rebuild(before, after)).toEqual(after);
    }
  });

  test('finds the smallest difference of small texts', () => {
    const changes = diffLines('abcabba'.split(''), 'cbabac'.split(''));
    const edits = changes.reduce((sum, c) => sum + c.oldEnd - c.oldStart + c.newEnd - c.newStart, 0);
    expect(edits).toBe(5);
  });

  test('stays bounded when 50,000 lines are shuffled or replaced', () => {
    const next = random(3);
    const before = Array.from({ length: 50_000 }, (_, i) => `line ${i}`);
    const shuffled = before.map((line) => ({ line, at: next(1e9) })).toSorted((x, y) => x.at - y.at);
    const after = shuffled.map((entry) => entry.line);
    expect(rebuild(before, after)).toEqual(after);
    const other = before.map((line) => `${line}!`);
    expect(diffLines(before, other)).toEqual([{ oldStart: 0, oldEnd: 50_000, newStart: 0, newEnd: 50_000 }]);
  });
});

describe('unifiedDiff', () => {
  test('is empty for equal texts', () => {
    expect(unifiedDiff('a\nb\n', 'a\nb\n')).toBe('');
  });

  test('joins changes that are near and splits those that are not', () => {
    const before = Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join('');
    const after = before.replace('2\n', 'two\n').replace('\n19\n', '\nnineteen\n');
    expect(unifiedDiff(before, after)).toBe(
      '@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -16,5 +16,5 @@\n 16\n 17\n 18\n-19\n+nineteen\n 20\n',
    );
  });

  test('says when a last line has no end', () => {
    expect(unifiedDiff('a', 'a\n')).toBe('@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n');
    expect(unifiedDiff('', 'a\n')).toBe('@@ -0,0 +1 @@\n+a\n');
  });

  test('git applies what it writes', () => {
    const dir = mkdtempSync(join(tmpdir(), 'skua-diff-'));
    try {
      const next = random(11);
      for (let round = 0; round < 15; round++) {
        const before = Array.from({ length: 1 + next(60) }, () => `${next(9)}\n`).join('');
        const lines = splitLines(before);
        for (let edit = 0; edit < 5; edit++)
          lines.splice(
            next(lines.length),
            next(3),
            ...Array.from({ length: next(3) }, () => `n${next(9)}\n`),
          );
        const after = lines.join('');
        if (after === before || after === '') continue;
        writeFileSync(join(dir, 'f'), before);
        const patch = unifiedDiff(before, after, { oldLabel: 'a/f', newLabel: 'b/f' });
        execFileSync('git', ['apply', '-'], { cwd: dir, input: patch, stdio: ['pipe', 'pipe', 'pipe'] });
        const result = execFileSync('cat', ['f'], { cwd: dir, encoding: 'utf8' });
        expect(result).toBe(after);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
