// Quotes words for a POSIX shell, and splits simple command lines back into words and operators.

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** Quotes one word so that a POSIX shell reads it back unchanged. A NUL cannot be passed and is dropped. */
export function quoteWord(word: string): string {
  if (PLAIN.test(word)) return word;
  const clean = word.includes('\0') ? word.replaceAll('\0', '') : word;
  return `'${clean.replaceAll("'", `'\\''`)}'`;
}

export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

export type ShellToken =
  | { type: 'word'; text: string }
  /** `&&`, `||`, `|`, `;`, `&` or a line end. */
  | { type: 'operator'; text: string };

/**
 * Splits a command line of plain words, quotes and the operators `&& || | ; &`.
 * Returns null for everything whose meaning needs a real shell: expansions, redirections, sub-shells,
 * here-documents, comments, unbalanced quotes. For display only, never for a decision about safety.
 */
export function splitShell(line: string): ShellToken[] | null {
  const tokens: ShellToken[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line[at] as string;
    if (char === ' ' || char === '\t') {
      at++;
      continue;
    }
    const operator = operatorAt(line, at);
    if (operator !== null) {
      tokens.push({ type: 'operator', text: operator });
      at += operator.length;
      continue;
    }
    const word = wordAt(line, at);
    if (word === null) return null;
    tokens.push({ type: 'word', text: word.text });
    at = word.end;
  }
  return tokens;
}

function operatorAt(line: string, at: number): string | null {
  const two = line.slice(at, at + 2);
  if (two === '&&' || two === '||') return two;
  const one = line[at] as string;
  return one === '|' || one === ';' || one === '&' || one === '\n' ? one : null;
}

function wordAt(line: string, start: number): { text: string; end: number } | null {
  if (line[start] === '#') return null;
  let text = '';
  let at = start;
  while (at < line.length) {
    const char = line[at] as string;
    if (' \t\n;|&'.includes(char)) break;
    if ('<>()$`{}*?[!'.includes(char) || (char === '~' && at === start)) {
      // Globs and a home directory change nothing about what kind of command it is.
      if (!'*?[]{}!~'.includes(char)) return null;
      text += char;
      at++;
    } else if (char === "'") {
      const end = line.indexOf("'", at + 1);
      if (end < 0) return null;
      text += line.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const quoted = doubleQuotedAt(line, at + 1);
      if (quoted === null) return null;
      text += quoted.text;
      at = quoted.end;
    } else if (char === '\\') {
      if (at + 1 >= line.length) return null;
      if (line[at + 1] !== '\n') text += line[at + 1] as string;
      at += 2;
    } else {
      text += char;
      at++;
    }
  }
  return { text, end: at };
}

function doubleQuotedAt(line: string, start: number): { text: string; end: number } | null {
  let text = '';
  for (let at = start; at < line.length; at++) {
    const char = line[at] as string;
    if (char === '"') return { text, end: at + 1 };
    if (char === '$' || char === '`') return null;
    if (char === '\\' && '"\\$`\n'.includes(line[at + 1] ?? ' ')) {
      at++;
      if (line[at] !== '\n') text += line[at] as string;
    } else text += char;
  }
  return null;
}
