// Properties of patches over random input: edits written as patches apply, and the parser fails only in its own way.
import { describe, expect, test } from 'vitest';
import { diffLines } from '../../lib/diff.ts';
import { applyChunks } from './apply-chunks.ts';
import { mentionedPaths, parsePatch, PatchSyntaxError } from './parse-patch.ts';

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The patch a careful model would write: three lines of context, near changes in one chunk, chunks in order. */
function renderPatch(before: readonly string[], after: readonly string[]): string {
  const out = ['*** Begin Patch', '*** Update File: f'];
  const changes = diffLines(before, after);
  let at = -1;
  for (const [index, change] of changes.entries()) {
    if (at < change.oldStart - 3 || at < 0) {
      out.push('@@');
      at = Math.max(0, at, change.oldStart - 3);
    }
    for (; at < change.oldStart; at++) out.push(` ${before[at]}`);
    for (; at < change.oldEnd; at++) out.push(`-${before[at]}`);
    for (let i = change.newStart; i < change.newEnd; i++) out.push(`+${after[i]}`);
    const end = Math.min(before.length, at + 3, changes[index + 1]?.oldStart ?? Infinity);
    for (; at < end; at++) out.push(` ${before[at]}`);
  }
  out.push('*** End Patch');
  return out.join('\n');
}

describe('random edits', () => {
  test.each(['\n', '\r\n'])('rendered as patches apply back, with line ends %j', (lineEnd) => {
    const next = random(lineEnd.length);
    for (let round = 0; round < 300; round++) {
      // Distinct lines: with repeated ones, a patch without line numbers may be ambiguous.
      const before = Array.from({ length: 1 + next(60) }, (_, i) => `${i} ${'x'.repeat(next(5))}`);
      const after = before.slice();
      for (let edit = 0; edit <= next(5); edit++)
        after.splice(
          next(after.length + 1),
          next(3),
          ...Array.from({ length: next(3) }, () => `new ${next(1e6)}`),
        );
      if (before.join('\n') === after.join('\n')) continue;
      const [hunk] = parsePatch(renderPatch(before, after));
      if (hunk?.type !== 'update') throw new Error('an update was expected');
      const text = before.map((line) => line + lineEnd).join('');
      const applied = applyChunks(text, hunk.chunks);
      expect(applied).toEqual({ ok: true, text: after.map((line) => line + lineEnd).join('') });
    }
  });
});

describe('the parser', () => {
  test('throws nothing but its own error, and names a line that exists', () => {
    const next = random(42);
    const pieces = [
      '*** Begin Patch',
      '*** End Patch',
      '*** Add File: a',
      '*** Update File: b',
      '*** Delete File: c',
      '*** Move to: d',
      '*** End of File',
      '@@',
      '@@ x',
      '+1',
      '-1',
      ' 1',
      '',
      '  ',
      'junk',
      '<<EOF',
      'EOF',
      '\0',
      '\ud800',
      '+\r',
      '*** Environment ID: 1',
    ];
    let parsed = 0;
    for (let round = 0; round < 20_000; round++) {
      const lines = Array.from({ length: next(12) }, () => pieces[next(pieces.length)] as string);
      const text = (next(4) === 0 ? lines : ['*** Begin Patch', ...lines, '*** End Patch']).join('\n');
      try {
        parsePatch(text);
        parsed++;
      } catch (error) {
        if (!(error instanceof PatchSyntaxError)) throw error;
        const line = /on line (\d+):/.exec(error.message)?.[1];
        if (line !== undefined) expect(Number(line)).toBeLessThanOrEqual(text.split('\n').length);
      }
    }
    expect(parsed).toBeGreaterThan(100);
  });

  test('finds the paths in a text that is no patch', () => {
    expect(mentionedPaths('x\n *** Update File: a b \n*** Delete File: c')).toEqual([
      { verb: 'Update', path: 'a b' },
      { verb: 'Delete', path: 'c' },
    ]);
  });
});

test('a file of 50,000 lines with a chunk that fits nowhere is settled by a few passes', () => {
  const text = 'same line\n'.repeat(50_000);
  const chunk = {
    contexts: [],
    atEndOfFile: false,
    lines: [
      { op: 'keep' as const, text: 'same line' },
      { op: 'remove' as const, text: 'other line' },
    ],
  };
  expect(applyChunks(text, [chunk])).toMatchObject({ ok: false, mismatch: { kind: 'lines', from: 0 } });
});
