// Finds the place in a file that looks most like lines that were not found, to tell the model what is there.

/** Work is bounded: longer files or blocks get no hint. */
const MAX_COMPARISONS = 2_000_000;
const SHOWN_LINES = 12;

/** A hint such as `The nearest lines in the file are (line 12):` and those lines; null when nothing is near. */
export function describeNearest(lines: readonly string[], wanted: readonly string[]): string | null {
  const block = wanted.map((line) => line.trim());
  const useful = block.filter((line) => line.length > 2).length;
  if (useful === 0 || lines.length * block.length > MAX_COMPARISONS) return null;
  const trimmed = lines.map((line) => line.trim());
  let best = { start: 0, score: 0 };
  for (let start = 1 - block.length; start < trimmed.length; start++) {
    let score = 0;
    for (let i = 0; i < block.length; i++) {
      const line = block[i] as string;
      if (line.length > 2 && trimmed[start + i] === line) score++;
    }
    if (score > best.score) best = { start, score };
  }
  if (best.score === 0) best = nearestSingle(trimmed, block);
  if (best.score === 0) return null;
  const start = Math.max(0, best.start);
  const end = Math.min(lines.length, best.start + block.length, start + SHOWN_LINES);
  const shown = lines.slice(start, end).map((line) => line.slice(0, 300));
  return `The nearest lines in the file are (from line ${start + 1}):\n${shown.join('\n')}`;
}

/** The line that shares most words with the most telling line of the block. */
function nearestSingle(
  trimmed: readonly string[],
  block: readonly string[],
): { start: number; score: number } {
  const longest = block.reduce(
    (best, line, i) => (line.length > (block[best] as string).length ? i : best),
    0,
  );
  const words = new Set((block[longest] as string).match(/[\p{L}\p{N}_]{3,}/gu) ?? []);
  let best = { start: 0, score: 0 };
  if (words.size === 0) return best;
  for (const [index, line] of trimmed.entries()) {
    const own = new Set(line.match(/[\p{L}\p{N}_]{3,}/gu) ?? []);
    const shared = [...own].filter((word) => words.has(word)).length;
    const score = shared / Math.max(words.size, own.size);
    if (score > best.score && score >= 0.5) best = { start: index - longest, score };
  }
  return best;
}
