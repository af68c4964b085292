// Reads the text of a patch (`*** Begin Patch` ... `*** End Patch`) into hunks; touches no file.

/** `keep` and `remove` lines must be in the file; `add` lines are taken literally. */
export interface PatchLine {
  op: 'keep' | 'remove' | 'add';
  text: string;
}

export interface PatchChunk {
  /** Lines after `@@`, to be found one after the other before the chunk itself is looked for. */
  contexts: string[];
  lines: PatchLine[];
  /** `*** End of File`: the chunk ends where the file ends. */
  atEndOfFile: boolean;
}

export type PatchHunk =
  | { type: 'add'; path: string; lines: string[] }
  | { type: 'delete'; path: string }
  | { type: 'update'; path: string; moveTo: string | null; chunks: PatchChunk[] };

/** The text is no patch; the message says which line and what was expected. */
export class PatchSyntaxError extends Error {
  override readonly name = 'PatchSyntaxError';
}

const BEGIN = '*** Begin Patch';
const END = '*** End Patch';
const ADD = '*** Add File: ';
const DELETE = '*** Delete File: ';
const UPDATE = '*** Update File: ';
const MOVE = '*** Move to: ';
const END_OF_FILE = '*** End of File';
const ENVIRONMENT = '*** Environment ID: ';

const HEADER_HELP =
  "is not a valid hunk header. Valid hunk headers: '*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'";

/**
 * Parses a patch. Accepts a here-document around it, padded markers, CRLF line ends, an `Environment ID` line.
 * A patch without hunks gives an empty list. Throws only PatchSyntaxError.
 */
export function parsePatch(text: string): PatchHunk[] {
  const lines = stripHeredoc(toLines(text.trim()));
  if (lines[0]?.trim() !== BEGIN && lines.length > 1)
    throw new PatchSyntaxError(`Invalid patch: The first line of the patch must be '${BEGIN}'`);
  if (lines.length < 2 || lines.at(-1)?.trim() !== END)
    throw new PatchSyntaxError(`Invalid patch: The last line of the patch must be '${END}'`);
  return new PatchReader(lines.slice(0, -1)).hunks();
}

/** Paths that a text names in its headers, for showing a patch that could not be read. */
export function mentionedPaths(text: string): { verb: 'Add' | 'Delete' | 'Update'; path: string }[] {
  return [...text.matchAll(/^[ \t]*\*\*\* (Add|Delete|Update) File: (.+)$/gm)].map((match) => ({
    verb: match[1] as 'Add' | 'Delete' | 'Update',
    path: (match[2] as string).trim(),
  }));
}

function toLines(text: string): string[] {
  return text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

function stripHeredoc(lines: string[]): string[] {
  const open = /^<<-?\s*(?:'(\w+)'|"(\w+)"|(\w+))$/.exec(lines[0]?.trim() ?? '');
  const word = open?.[1] ?? open?.[2] ?? open?.[3];
  return lines.length >= 4 && word !== undefined && lines.at(-1)?.trim() === word
    ? lines.slice(1, -1)
    : lines;
}

class PatchReader {
  private readonly lines: readonly string[];
  /** Index of the next line; line 0 is the begin marker. Lines are counted from 1 in messages. */
  private at = 1;

  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  hunks(): PatchHunk[] {
    if (this.peek()?.trim().startsWith(ENVIRONMENT) === true) this.at++;
    const hunks: PatchHunk[] = [];
    for (this.skipBlank(); this.at < this.lines.length; this.skipBlank()) hunks.push(this.hunk());
    return hunks;
  }

  private hunk(): PatchHunk {
    const start = this.at;
    const header = (this.lines[this.at++] as string).trim();
    if (header.startsWith(ADD))
      return { type: 'add', path: this.path(header, ADD, start), lines: this.added() };
    if (header.startsWith(DELETE)) return { type: 'delete', path: this.path(header, DELETE, start) };
    if (!header.startsWith(UPDATE)) fail(start, `'${header}' ${HEADER_HELP}`);
    const path = this.path(header, UPDATE, start);
    const moveLine = this.peek()?.trim();
    let moveTo: string | null = null;
    if (moveLine?.startsWith(MOVE) === true) moveTo = this.path(moveLine, MOVE, this.at++);
    const chunks: PatchChunk[] = [];
    for (;;) {
      this.skipBlank();
      const line = this.peek();
      if (line === undefined || line.startsWith('***')) break;
      chunks.push(this.chunk(chunks.length === 0));
    }
    if (chunks.length === 0 && moveTo === null) fail(start, `Update file hunk for path '${path}' is empty`);
    return { type: 'update', path, moveTo, chunks };
  }

  private path(header: string, marker: string, line: number): string {
    const path = header.slice(marker.length).trim();
    if (path === '' || path.includes('\0')) fail(line, `'${header}' names no usable path`);
    return path;
  }

  private added(): string[] {
    const added: string[] = [];
    for (let line = this.peek(); line?.startsWith('+') === true; line = this.peek()) {
      added.push(line.slice(1));
      this.at++;
      added.push(...this.blankBetweenAdded());
    }
    return added;
  }

  /** Empty lines count as added when more added lines follow: nothing else could be meant. */
  private blankBetweenAdded(): string[] {
    let next = this.at;
    while (this.lines[next] === '') next++;
    if (this.lines[next]?.startsWith('+') !== true) return [];
    const count = next - this.at;
    this.at = next;
    return Array.from({ length: count }, () => '');
  }

  private chunk(isFirst: boolean): PatchChunk {
    const start = this.at;
    const contexts: string[] = [];
    let marked = false;
    for (let line = this.peek(); line === '@@' || line?.startsWith('@@ ') === true; line = this.peek()) {
      const context = line.slice(3);
      if (context.trim() !== '') contexts.push(context);
      marked = true;
      this.at++;
    }
    const first = this.peek();
    if (!marked && !isFirst)
      fail(start, `Expected update hunk to start with a @@ context marker, got: '${first}'`);
    const lines = this.chunkLines();
    if (lines.length === 0) {
      if (first === undefined || first.trimEnd() === END_OF_FILE)
        fail(start + 1, 'Update hunk does not contain any lines');
      fail(
        this.at,
        `Unexpected line found in update hunk: '${first}'. Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)`,
      );
    }
    const atEndOfFile = this.peek()?.trimEnd() === END_OF_FILE;
    if (atEndOfFile) this.at++;
    return { contexts, lines, atEndOfFile };
  }

  private chunkLines(): PatchLine[] {
    const lines: PatchLine[] = [];
    for (let line = this.peek(); line !== undefined; line = this.peek()) {
      const mark = line[0];
      if (mark === undefined) lines.push({ op: 'keep', text: '' });
      else if (mark === ' ') lines.push({ op: 'keep', text: line.slice(1) });
      else if (mark === '-') lines.push({ op: 'remove', text: line.slice(1) });
      else if (mark === '+') lines.push({ op: 'add', text: line.slice(1) });
      else break;
      this.at++;
    }
    return lines;
  }

  private peek(): string | undefined {
    return this.lines[this.at];
  }

  private skipBlank(): void {
    while (this.peek()?.trim() === '') this.at++;
  }
}

function fail(lineIndex: number, problem: string): never {
  throw new PatchSyntaxError(`Invalid patch hunk on line ${lineIndex + 1}: ${problem}`);
}
