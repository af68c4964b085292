// Recognises the next text delta of a burst without parsing it: all but its number and its text is as in the one before.

const HEAD = '{"type":"response.output_text.delta","sequence_number":';
const DELTA = '"delta":"';
const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const CLOSING_BRACE = 125;

export interface PeekedDelta {
  sequence: number;
  text: string;
}

/** Learnt from one delta event that was parsed; fits events that differ in their number and text alone. */
export class DeltaTemplate {
  /** What stands between the number and the text. */
  readonly #middle: string;

  private constructor(middle: string) {
    this.#middle = middle;
  }

  /** `data`: the event as it came; `sequence` and `text`: what parsing it gave. Null when its form is another one. */
  static learn(data: string, sequence: unknown, text: string): DeltaTemplate | null {
    const head = `${HEAD}${String(sequence)}`;
    if (!data.startsWith(`${head},`)) return null;
    const at = data.indexOf(DELTA, head.length);
    if (at < 0 || data.indexOf(DELTA, at + 1) >= 0) return null;
    const start = at + DELTA.length;
    // A text with escapes stands there in another spelling: such an event teaches nothing.
    const isPlain = data.startsWith(text, start) && data.charCodeAt(start + text.length) === QUOTE;
    return isPlain ? new DeltaTemplate(data.slice(head.length, start)) : null;
  }

  /** Null when `text[from, end)` is not surely such an event; it then has to be parsed. */
  read(text: string, from: number, end: number): PeekedDelta | null {
    if (text.charCodeAt(end - 1) !== CLOSING_BRACE || !text.startsWith(HEAD, from)) return null;
    let at = from + HEAD.length;
    let sequence = 0;
    for (let digit = text.charCodeAt(at) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - 48) {
      sequence = sequence * 10 + digit;
    }
    if (!text.startsWith(this.#middle, at)) return null;
    const start = at + this.#middle.length;
    let close = start;
    let hasEscape = false;
    for (let code = text.charCodeAt(close); code !== QUOTE; code = text.charCodeAt(close)) {
      if (code === BACKSLASH) {
        hasEscape = true;
        close++;
      }
      close++;
      if (close >= end) return null;
    }
    // What comes next must be another member or the end, or else the quote did not close the text.
    const next = text.charCodeAt(close + 1);
    const isClosed =
      next === COMMA ? text.charCodeAt(close + 2) === QUOTE : next === CLOSING_BRACE && close + 2 === end;
    if (!isClosed) return null;
    const raw = text.slice(start, close);
    if (!hasEscape) return { sequence, text: raw };
    try {
      return { sequence, text: JSON.parse(`"${raw}"`) as string };
    } catch {
      return null;
    }
  }
}
