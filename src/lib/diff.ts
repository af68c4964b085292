// Line differences: Myers' greedy search with a bound on its work, and unified diffs made of it.

/** A run of lines that differ: `[oldStart, oldEnd)` became `[newStart, newEnd)`. Zero-based. */
export interface LineChange {
  oldStart: number;
  oldEnd: number;
  newStart: number;
  newEnd: number;
}

export interface UnifiedDiffOptions {
  /** Unchanged lines around each change; default 3. */
  context?: number;
  /** With both, the diff starts with `---` and `+++` lines. */
  oldLabel?: string;
  newLabel?: string;
}

/** Edits after which the search keeps what it has and starts anew: bounds time and memory, may miss the smallest diff. */
const SEARCH_LIMIT = 400;

/** Splits into lines that keep their line ends; the empty text has none. */
export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() as string;
  const whole = lines.map((line) => `${line}\n`);
  if (last !== '') whole.push(last);
  return whole;
}

/** Changes that turn `before` into `after`, in order, not touching each other. */
export function diffLines(before: readonly string[], after: readonly string[]): LineChange[] {
  const numbers = new Map<string, number>();
  const intern = (line: string): number => {
    const known = numbers.get(line);
    if (known !== undefined) return known;
    numbers.set(line, numbers.size);
    return numbers.size - 1;
  };
  const a = Int32Array.from(before, intern);
  const b = Int32Array.from(after, intern);
  const removed = new Uint8Array(a.length);
  const added = new Uint8Array(b.length);
  markChanges(a, b, removed, added);
  return collectChanges(removed, added);
}

/** A unified diff of two texts; the empty string when they are equal. */
export function unifiedDiff(before: string, after: string, options: UnifiedDiffOptions = {}): string {
  const oldLines = splitLines(before);
  const newLines = splitLines(after);
  const changes = diffLines(oldLines, newLines);
  if (changes.length === 0) return '';
  const { context = 3, oldLabel, newLabel } = options;
  const out: string[] = [];
  if (oldLabel !== undefined && newLabel !== undefined) out.push(`--- ${oldLabel}\n+++ ${newLabel}\n`);
  for (const group of groupChanges(changes, context)) pushHunk(out, group, oldLines, newLines, context);
  return out.join('');
}

function groupChanges(changes: readonly LineChange[], context: number): LineChange[][] {
  const groups: LineChange[][] = [];
  for (const change of changes) {
    const group = groups.at(-1);
    const previous = group?.at(-1);
    if (group !== undefined && previous !== undefined && change.oldStart - previous.oldEnd <= context * 2)
      group.push(change);
    else groups.push([change]);
  }
  return groups;
}

function pushHunk(
  out: string[],
  group: readonly LineChange[],
  oldLines: readonly string[],
  newLines: readonly string[],
  context: number,
): void {
  const first = group[0] as LineChange;
  const last = group.at(-1) as LineChange;
  const lead = Math.min(context, first.oldStart);
  const oldStart = first.oldStart - lead;
  const newStart = first.newStart - lead;
  const trail = Math.min(context, oldLines.length - last.oldEnd);
  const oldRange = range(oldStart, last.oldEnd + trail - oldStart);
  const newRange = range(newStart, last.newEnd + trail - newStart);
  out.push(`@@ -${oldRange} +${newRange} @@\n`);
  let at = oldStart;
  for (const change of group) {
    for (; at < change.oldStart; at++) pushLine(out, ' ', oldLines[at] as string);
    for (; at < change.oldEnd; at++) pushLine(out, '-', oldLines[at] as string);
    for (let to = change.newStart; to < change.newEnd; to++) pushLine(out, '+', newLines[to] as string);
  }
  for (; at < last.oldEnd + trail; at++) pushLine(out, ' ', oldLines[at] as string);
}

/** An empty range names the line before it, as GNU diff and git do. */
function range(start: number, count: number): string {
  if (count === 1) return `${start + 1}`;
  return `${count === 0 ? start : start + 1},${count}`;
}

function pushLine(out: string[], mark: string, line: string): void {
  out.push(mark, line);
  if (!line.endsWith('\n')) out.push('\n\\ No newline at end of file\n');
}

function collectChanges(removed: Uint8Array, added: Uint8Array): LineChange[] {
  const changes: LineChange[] = [];
  let i = 0;
  let j = 0;
  while (i < removed.length || j < added.length) {
    if (removed[i] !== 1 && added[j] !== 1) {
      i++;
      j++;
      continue;
    }
    const change = { oldStart: i, oldEnd: i, newStart: j, newEnd: j };
    while (removed[i] === 1) i++;
    while (added[j] === 1) j++;
    change.oldEnd = i;
    change.newEnd = j;
    changes.push(change);
  }
  return changes;
}

/**
 * Marks what differs. Lines that the other side does not have at all are set aside first; the rest is walked
 * in stretches: each stretch ends at the end of the texts or where SEARCH_LIMIT edits have been spent.
 */
function markChanges(a: Int32Array, b: Int32Array, removed: Uint8Array, added: Uint8Array): void {
  const inA = new Set(a);
  const inB = new Set(b);
  const keptA = indexesOf(a, inB, removed);
  const keptB = indexesOf(b, inA, added);
  const left = keptA.map((index) => a[index] as number);
  const right = keptB.map((index) => b[index] as number);
  let x = 0;
  let y = 0;
  while (x < left.length || y < right.length) {
    const stretch = walkStretch(left, right, x, y);
    for (let i = x; i < stretch.x; i++) removed[keptA[i] as number] = 1;
    for (let j = y; j < stretch.y; j++) added[keptB[j] as number] = 1;
    for (const snake of stretch.snakes) {
      for (let i = 0; i < snake.length; i++) {
        removed[keptA[snake.x + i] as number] = 0;
        added[keptB[snake.y + i] as number] = 0;
      }
    }
    x = stretch.x;
    y = stretch.y;
  }
}

/** Indexes of the values that the other side has too; the others are marked as changed. */
function indexesOf(values: Int32Array, other: ReadonlySet<number>, changed: Uint8Array): Int32Array {
  const kept: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (other.has(values[i] as number)) kept.push(i);
    else changed[i] = 1;
  }
  return Int32Array.from(kept);
}

interface Snake {
  x: number;
  y: number;
  length: number;
}

interface Stretch {
  x: number;
  y: number;
  /** Runs of equal lines on the way. */
  snakes: Snake[];
}

/** What of two lists is still to be compared. */
interface Rest {
  a: Int32Array;
  b: Int32Array;
  x0: number;
  y0: number;
  n: number;
  m: number;
}

/** No path of this many edits ends on the diagonal inside the box. */
const UNREACHED = -1;

function walkStretch(a: Int32Array, b: Int32Array, x0: number, y0: number): Stretch {
  const rest: Rest = { a, b, x0, y0, n: a.length - x0, m: b.length - y0 };
  const { n, m } = rest;
  const limit = Math.min(n + m, SEARCH_LIMIT);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= limit; d++) {
    const reach = new Int32Array(2 * d + 1).fill(UNREACHED);
    trace.push(reach);
    for (let k = -d; k <= d; k += 2) {
      if (k < -m || k > n) continue;
      let x = d === 0 ? 0 : step(trace[d - 1] as Int32Array, d - 1, k, rest).x;
      if (x === UNREACHED) continue;
      while (x < n && x - k < m && a[x0 + x] === b[y0 + x - k]) x++;
      reach[k + d] = x;
      if (x === n && x - k === m) return traceBack(trace, k, rest);
    }
  }
  return traceBack(trace, farthestDiagonal(trace.at(-1) as Int32Array, limit), rest);
}

/** The better of the two ways onto diagonal `k` by one more edit, from the reach after `d` edits. */
function step(reach: Int32Array, d: number, k: number, rest: Rest): { x: number; from: number } {
  const left = reach[k - 1 + d] ?? UNREACHED;
  const above = reach[k + 1 + d] ?? UNREACHED;
  const deleted = left !== UNREACHED && left < rest.n ? left + 1 : UNREACHED;
  const inserted = above !== UNREACHED && above - k <= rest.m ? above : UNREACHED;
  return deleted >= inserted ? { x: deleted, from: k - 1 } : { x: inserted, from: k + 1 };
}

function farthestDiagonal(reach: Int32Array, d: number): number {
  let best = 0;
  let bestSum = -1;
  for (let k = -d; k <= d; k += 2) {
    const x = reach[k + d] as number;
    if (x !== UNREACHED && 2 * x - k > bestSum) {
      bestSum = 2 * x - k;
      best = k;
    }
  }
  return best;
}

function traceBack(trace: readonly Int32Array[], endDiagonal: number, rest: Rest): Stretch {
  const snakes: Snake[] = [];
  let k = endDiagonal;
  const last = trace.length - 1;
  const endX = (trace[last] as Int32Array)[k + last] as number;
  for (let d = last; d >= 0; d--) {
    const x = (trace[d] as Int32Array)[k + d] as number;
    const before = d === 0 ? { x: 0, from: 0 } : step(trace[d - 1] as Int32Array, d - 1, k, rest);
    if (x > before.x) snakes.push({ x: rest.x0 + before.x, y: rest.y0 + before.x - k, length: x - before.x });
    k = before.from;
  }
  return { x: rest.x0 + endX, y: rest.y0 + endX - endDiagonal, snakes };
}
