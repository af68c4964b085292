// Parses JSON that a model wrote; an error names the line, the column and what was found there.

export type ParsedJson = { ok: true; value: unknown } | { ok: false; message: string };

/** Never throws. The message ends in `at line L column C`, the same on every runtime. */
export function parseJson(text: string): ParsedJson {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    const { offset, problem } = locateProblem(text);
    const before = text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - before.lastIndexOf('\n');
    return { ok: false, message: `${problem} at line ${line} column ${column}` };
  }
}

class JsonProblem extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

function locateProblem(text: string): { offset: number; problem: string } {
  try {
    const scanner = new JsonScanner(text);
    scanner.document();
  } catch (error) {
    if (error instanceof JsonProblem) return { offset: error.offset, problem: error.message };
    throw error;
  }
  return { offset: 0, problem: 'this is not valid JSON' };
}

const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const MAX_DEPTH = 500;

/** Walks over a JSON text only to find where it breaks the grammar. */
class JsonScanner {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): void {
    this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('text after the end of the JSON value');
  }

  private value(depth: number): void {
    this.space();
    if (depth > MAX_DEPTH) this.fail('nested too deep');
    const char = this.text[this.at];
    if (char === '{') this.sequence('}', depth, true);
    else if (char === '[') this.sequence(']', depth, false);
    else if (char === '"') this.string();
    else {
      LITERAL.lastIndex = this.at;
      const match = LITERAL.exec(this.text);
      if (match === null) this.fail('expected a JSON value');
      else this.at += match[0].length;
    }
  }

  private sequence(close: string, depth: number, keyed: boolean): void {
    this.at++;
    this.space();
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      if (keyed) {
        this.space();
        if (this.text[this.at] !== '"') this.fail('expected a field name in double quotes');
        this.string();
        this.space();
        if (this.text[this.at] !== ':') this.fail("expected ':' after the field name");
        this.at++;
      }
      this.value(depth + 1);
      this.space();
      const next = this.text[this.at];
      this.at++;
      if (next === close) return;
      if (next !== ',') {
        this.at--;
        this.fail(`expected ',' or '${close}'`);
      }
    }
  }

  private string(): void {
    const start = this.at;
    for (this.at++; this.at < this.text.length; this.at++) {
      const char = this.text[this.at] as string;
      if (char === '"') {
        this.at++;
        return;
      }
      if (char < ' ') this.fail('a line break or control character inside a string must be escaped');
      if (char !== '\\') continue;
      this.at++;
      const escaped = this.text[this.at];
      if (escaped === 'u' && /^[0-9a-fA-F]{4}$/.test(this.text.slice(this.at + 1, this.at + 5))) this.at += 4;
      else if (escaped === undefined || !'"\\/bfnrt'.includes(escaped))
        this.fail('unknown escape in a string');
    }
    this.at = start;
    this.fail('a string that is never closed starts');
  }

  private space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++;
  }

  private fail(problem: string): never {
    const ended = this.at >= this.text.length;
    throw new JsonProblem(ended ? `${problem}, but the text ends` : problem, this.at);
  }
}
