// Finds the known word that a misspelt one was most likely meant to be.

/** Smallest number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let twoBack: number[] = [];
  let oneBack = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (oneBack[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min((oneBack[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, replaced);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) cost = Math.min(cost, (twoBack[column - 2] ?? 0) + 1);
      line.push(cost);
    }
    twoBack = oneBack;
    oneBack = line;
  }
  return oneBack[b.length] ?? 0;
}

/**
 * The nearest of `candidates`, or null when none is near enough to be meant. Case, `-` and `_` do not count;
 * about one mistake in three characters is forgiven. Of equally near words the first wins.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  const flat = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  const wanted = flat(word);
  // Longer than any name: not a misspelling, and the table of distances would grow with it.
  if (wanted === '' || wanted.length > 100) return null;
  let best: string | null = null;
  let bestCost = Math.max(1, Math.floor(wanted.length / 3)) + 0.5;
  for (const candidate of candidates) {
    const name = flat(candidate);
    const isPart = wanted.length >= 3 && (name.startsWith(wanted) || wanted.startsWith(name));
    const cost = isPart && name.length >= 3 ? Math.min(1, distance(wanted, name)) : distance(wanted, name);
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  return best;
}
