// Finds a block of lines in a file, exactly or as near as the patch format allows.

type Reading = (line: string) => string;

/** From strict to lenient; the first that finds the block anywhere wins. */
const READINGS: readonly Reading[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  (line) => plainPunctuation(line.trim()),
];

/** Typographic dashes, quotes and spaces as a keyboard writes them. */
function plainPunctuation(text: string): string {
  return text
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, ' ');
}

/** The lines of one file, ready for many searches. */
export class LineMatcher {
  private readonly readings: (readonly string[] | undefined)[];

  constructor(lines: readonly string[]) {
    this.readings = [lines];
  }

  get length(): number {
    return this.reading(0).length;
  }

  /** Index of the first match at or after `from`; with `atEnd` only the end of the file counts. -1 when none. */
  find(block: readonly string[], from: number, atEnd = false): number {
    const last = this.length - block.length;
    const first = atEnd ? last : from;
    if (first < from || last < from) return -1;
    for (let level = 0; level < READINGS.length; level++) {
      const found = this.findExact(block.map(READINGS[level] as Reading), first, last, level);
      if (found >= 0) return found;
    }
    return -1;
  }

  private findExact(block: readonly string[], first: number, last: number, level: number): number {
    const lines = this.reading(level);
    for (let start = first; start <= last; start++) {
      let matched = 0;
      while (matched < block.length && lines[start + matched] === block[matched]) matched++;
      if (matched === block.length) return start;
    }
    return -1;
  }

  private reading(level: number): readonly string[] {
    const known = this.readings[level];
    if (known !== undefined) return known;
    const lines = (this.readings[0] as readonly string[]).map(READINGS[level] as Reading);
    this.readings[level] = lines;
    return lines;
  }
}
