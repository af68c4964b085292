// Finds where the statements of a TOML document stand, for edits that keep comments and for errors with line numbers.

/** One statement; offsets are UTF-16 indexes into the text. */
export interface TomlStatement {
  kind: 'table' | 'array' | 'value';
  /** The path from the document's root; for statements inside an array of tables see `inArray`. */
  path: string[];
  /** For values: how many leading segments come from the header above. */
  sectionLength: number;
  /** True when the statement belongs to an element of an array of tables, so that `path` is not unique. */
  inArray: boolean;
  /** Start of the statement's first line, and end of its last line with the line break. */
  lineStart: number;
  lineEnd: number;
  /** Where the key, or the header's bracket, starts. */
  keyStart: number;
  /** The value of `key = value`; both equal to the end of the header for headers. */
  valueStart: number;
  valueEnd: number;
}

const BARE = /[A-Za-z0-9_-]/;

/** Reads from a document that is known to be valid TOML; on others the result is a best guess, never an error. */
class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  skipBlank(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }

  skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }

  /** Over a string of any of the four kinds; stands on its first quote. */
  skipString(): void {
    const quote = this.text[this.at] as string;
    const isLong = this.text.startsWith(quote.repeat(3), this.at);
    const close = isLong ? quote.repeat(3) : quote;
    this.at += close.length;
    while (this.at < this.text.length) {
      if (quote === '"' && this.text[this.at] === '\\') this.at += 2;
      else if (this.text.startsWith(close, this.at)) {
        this.at += close.length;
        // A long string may end in one or two quotes of its own.
        for (let extra = isLong ? 2 : 0; extra > 0 && this.text[this.at] === quote; extra--) this.at++;
        return;
      } else this.at++;
    }
  }

  segment(): string | null {
    const start = this.at;
    const first = this.text[this.at];
    if (first === '"' || first === "'") {
      this.skipString();
      const inner = this.text.slice(start + 1, this.at - 1);
      return first === '"' ? unescapeBasic(inner) : inner;
    }
    while (BARE.test(this.text[this.at] ?? '')) this.at++;
    return this.at > start ? this.text.slice(start, this.at) : null;
  }

  keyPath(): string[] {
    const path: string[] = [];
    for (;;) {
      this.skipBlank();
      const segment = this.segment();
      if (segment === null) return path;
      path.push(segment);
      this.skipBlank();
      if (this.text[this.at] !== '.') return path;
      this.at++;
    }
  }

  /** Over one value; brackets nest, comments inside them count for nothing. */
  skipValue(): void {
    let depth = 0;
    while (this.at < this.text.length) {
      const char = this.text[this.at] as string;
      if (char === '"' || char === "'") {
        this.skipString();
        if (depth === 0) return;
        continue;
      }
      if (char === '#') {
        if (depth === 0) return;
        this.skipLine();
        continue;
      }
      if (depth === 0 && (char === '\n' || char === ',' || char === ']' || char === '}')) return;
      if (char === '[' || char === '{') depth++;
      if (char === ']' || char === '}') {
        depth--;
        if (depth === 0) {
          this.at++;
          return;
        }
      }
      this.at++;
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\u001b',
  '"': '"',
  '\\': '\\',
};

function unescapeBasic(text: string): string {
  return text.replaceAll(
    /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))/g,
    (whole, short?: string, long?: string, byte?: string, letter?: string) => {
      if (letter !== undefined) return ESCAPES[letter] ?? whole;
      const code = Number.parseInt(short ?? long ?? byte ?? '', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Parses `a."b.c".d` from the start of `text`; `end` is the index after it. */
export function scanKeyPath(text: string): { path: string[]; end: number } {
  const scanner = new Scanner(text);
  const path = scanner.keyPath();
  return { path, end: scanner.at };
}

export interface InlineEntry {
  path: string[];
  keyStart: number;
  valueStart: number;
  valueEnd: number;
}

/** Every comment of the text, from its `#` to the end of its line, in order. */
export function scanComments(text: string): string[] {
  const scanner = new Scanner(text);
  const comments: string[] = [];
  while (scanner.at < text.length) {
    const char = text[scanner.at];
    if (char === '"' || char === "'") scanner.skipString();
    else if (char === '#') {
      const start = scanner.at;
      scanner.skipLine();
      comments.push(text.slice(start, scanner.at).trimEnd());
    } else scanner.at++;
  }
  return comments;
}

/** Splits the text between the braces of an inline table into `key = value` statements with offsets in `text`. */
export function scanInlineTable(text: string): InlineEntry[] {
  const scanner = new Scanner(text);
  const found: InlineEntry[] = [];
  while (scanner.at < text.length) {
    const char = text[scanner.at] as string;
    if (char === '#') scanner.skipLine();
    else if (BARE.test(char) || char === '"' || char === "'") {
      const keyStart = scanner.at;
      const path = scanner.keyPath();
      if (text[scanner.at] !== '=') return found;
      scanner.at++;
      scanner.skipBlank();
      const valueStart = scanner.at;
      scanner.skipValue();
      found.push({ path, keyStart, valueStart, valueEnd: trimEnd(text, valueStart, scanner.at) });
    } else scanner.at++;
  }
  return found;
}

function trimEnd(text: string, start: number, end: number): number {
  let cut = end;
  while (cut > start && /\s/.test(text[cut - 1] as string)) cut--;
  return cut;
}

/** Reads the header whose bracket the scanner stands on, and its whole line. */
function scanHeader(scanner: Scanner, lineStart: number): Omit<TomlStatement, 'inArray'> {
  const keyStart = scanner.at;
  const kind = scanner.text[keyStart + 1] === '[' ? 'array' : 'table';
  const bracket = kind === 'array' ? 2 : 1;
  scanner.at += bracket;
  const path = scanner.keyPath();
  scanner.at += bracket;
  const end = scanner.at;
  scanner.skipLine();
  return {
    kind,
    path,
    sectionLength: path.length,
    lineStart,
    lineEnd: scanner.at,
    keyStart,
    valueStart: end,
    valueEnd: end,
  };
}

/** Reads `key = value` and its whole line; null when this is no such statement. */
function scanAssignment(scanner: Scanner, lineStart: number): Omit<TomlStatement, 'inArray'> | null {
  const keyStart = scanner.at;
  const path = scanner.keyPath();
  if (path.length === 0 || scanner.text[scanner.at] !== '=') {
    scanner.skipLine();
    return null;
  }
  scanner.at++;
  scanner.skipBlank();
  const valueStart = scanner.at;
  scanner.skipValue();
  const valueEnd = trimEnd(scanner.text, valueStart, scanner.at);
  scanner.skipLine();
  return {
    kind: 'value',
    path,
    sectionLength: 0,
    lineStart,
    lineEnd: scanner.at,
    keyStart,
    valueStart,
    valueEnd,
  };
}

/** All statements in the order of the text. The text should be valid TOML without a byte order mark. */
export function scanToml(text: string): TomlStatement[] {
  const scanner = new Scanner(text);
  const statements: TomlStatement[] = [];
  const arrays: string[][] = [];
  let section: string[] = [];
  let isInArray = false;
  while (scanner.at < text.length) {
    const lineStart = scanner.at;
    scanner.skipBlank();
    const char = text[scanner.at];
    if (char === undefined || char === '#' || char === '\n' || char === '\r') {
      scanner.skipLine();
    } else if (char === '[') {
      const header = scanHeader(scanner, lineStart);
      section = header.path;
      if (header.kind === 'array') arrays.push(section);
      isInArray = arrays.some((path) => startsWithPath(section, path));
      statements.push({ ...header, inArray: isInArray });
    } else {
      const found = scanAssignment(scanner, lineStart);
      if (!found) continue;
      const path = [...section, ...found.path];
      statements.push({ ...found, path, sectionLength: section.length, inArray: isInArray });
    }
  }
  return statements;
}

/** True when `path` begins with all of `prefix`. */
export function startsWithPath(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((segment, index) => segment === path[index]);
}

/** 1-based line and column of an index. */
export function positionAt(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  const line = before.split('\n').length;
  return { line, column: index - (before.lastIndexOf('\n') + 1) + 1 };
}

/** Where the value of `path` is set, or the nearest statement around it; null when there is none. */
export function locateKey(text: string, path: readonly string[]): { line: number; column: number } | null {
  let best: TomlStatement | null = null;
  for (const statement of scanToml(text)) {
    const isExact = statement.path.length === path.length;
    if (startsWithPath(path, statement.path) && (best === null || statement.path.length > best.path.length)) {
      best = statement;
    }
    if (isExact && best === statement) break;
  }
  // A table that only exists through longer keys: the first of them is where it begins.
  best ??= scanToml(text).find((statement) => startsWithPath(statement.path, path)) ?? null;
  return best === null ? null : positionAt(text, best.keyStart);
}
