// Reads a stream of server-sent events: bytes in, the `data` text of each event out.

const DEFAULT_MAX_EVENT_CHARS = 256 * 1024 * 1024;

/** An event that is longer than the parser is willing to hold. */
export class SseOverflowError extends Error {
  override readonly name = 'SseOverflowError';
}

/** Looks at the data of a one-line event where it lies, `text[from, end)`; true when it took the event. */
export type PeekData = (text: string, from: number, end: number) => boolean;

/**
 * Incremental parser of `text/event-stream`. Takes cuts anywhere (also inside a UTF-8 character or between CR and LF),
 * all three line ends, comments, a byte order mark, and `data` of several lines. Other fields are skipped.
 * Work is linear in the input. Source: WHATWG HTML, "Server-sent events", section 9.2.6.
 */
export class SseParser {
  readonly #onData: (data: string) => void;
  readonly #peek: PeekData | null;
  readonly #maxEventChars: number;
  readonly #decoder = new TextDecoder('utf-8');
  /** Pieces of a line that has not ended yet: joined once, when it ends. */
  #partial: string[] = [];
  /** Characters held in `#partial` and `#data`. */
  #held = 0;
  #data: string | null = null;
  /** Further `data` lines of the same event; rare. */
  #moreData: string[] | null = null;
  #skipLineFeed = false;

  /** Calls `onData` once per event, in order, from within `push`. Throws `SseOverflowError` from `push`. */
  constructor(onData: (data: string) => void, options: { maxEventChars?: number; peek?: PeekData } = {}) {
    this.#onData = onData;
    this.#peek = options.peek ?? null;
    this.#maxEventChars = options.maxEventChars ?? DEFAULT_MAX_EVENT_CHARS;
  }

  /** Takes the next bytes of the stream. An event that was begun but not ended by a blank line is never given out. */
  push(chunk: Uint8Array): void {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === '') return;
    if (this.#skipLineFeed || text.includes('\r')) text = this.#withPlainLineEnds(text);
    let start = 0;
    let end = text.indexOf('\n');
    if (end !== -1 && this.#partial.length > 0) {
      this.#partial.push(text.slice(0, end));
      const line = this.#partial.join('');
      this.#partial = [];
      this.#held -= line.length - end;
      this.#takeLine(line, 0, line.length);
      start = end + 1;
      end = text.indexOf('\n', start);
    }
    while (end !== -1) {
      this.#takeLine(text, start, end);
      start = end + 1;
      end = text.indexOf('\n', start);
    }
    if (start < text.length) {
      this.#partial.push(start === 0 ? text : text.slice(start));
      this.#hold(text.length - start);
    }
  }

  #takeLine(text: string, start: number, end: number): void {
    if (start === end) {
      this.#dispatch();
      return;
    }
    // `data` begins with "d" (100); everything else of the format is of no use here.
    if (text.charCodeAt(start) !== 100 || !text.startsWith('data', start)) return;
    let from = start + 4;
    if (from < end) {
      if (text.charCodeAt(from) !== 58) return;
      from += 1;
      if (from < end && text.charCodeAt(from) === 32) from += 1;
    }
    // Only an event that is over with this line: what follows must be the blank line that ends it.
    const isWhole = this.#data === null && text.charCodeAt(end + 1) === 10;
    if (isWhole && this.#peek?.(text, from, end)) return;
    const value = text.slice(from, end);
    this.#hold(value.length);
    if (this.#data === null) this.#data = value;
    else if (this.#moreData === null) this.#moreData = [value];
    else this.#moreData.push(value);
  }

  #dispatch(): void {
    const first = this.#data;
    if (first === null) return;
    const rest = this.#moreData;
    this.#data = null;
    this.#moreData = null;
    this.#held = 0;
    this.#onData(rest === null ? first : [first, ...rest].join('\n'));
  }

  #hold(chars: number): void {
    this.#held += chars;
    if (this.#held <= this.#maxEventChars) return;
    throw new SseOverflowError(`a server-sent event is longer than ${this.#maxEventChars} characters`);
  }

  /** A CR at the end of a read may be half of a CRLF: it ends the line now, and a LF that comes next is dropped. */
  #withPlainLineEnds(text: string): string {
    const body = this.#skipLineFeed && text.startsWith('\n') ? text.slice(1) : text;
    this.#skipLineFeed = text.endsWith('\r');
    return body.replace(/\r\n?/g, '\n');
  }
}
