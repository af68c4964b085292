// Replaces an exact piece of text; when it is missing or not unique, says what would help.
import { describeNearest } from './patch/find-nearest.ts';

export type Replaced = { ok: true; text: string; count: number } | { ok: false; problem: string };

const MAX_LISTED = 20;

/** Line ends of `oldText` and `newText` follow the file, so that a CRLF file stays one. */
export function replaceText(
  text: string,
  edit: { oldText: string; newText: string; everywhere: boolean },
): Replaced {
  const { oldText, newText, everywhere } = edit;
  if (oldText === newText) return { ok: false, problem: 'old_string and new_string are the same.' };
  for (const lineEnd of [null, '\r\n', '\n'] as const) {
    const wanted = lineEnd === null ? oldText : withLineEnd(oldText, lineEnd);
    const places = findAll(text, wanted);
    if (places.length === 0) continue;
    if (places.length > 1 && !everywhere) return { ok: false, problem: ambiguous(text, places) };
    // In a file of CRLF lines a new line break is CRLF too, also when the old text had none to show it.
    const fileEnd = lineEnd ?? (wanted.includes('\n') ? null : usualLineEnd(text));
    const replacement = fileEnd === null ? newText : withLineEnd(newText, fileEnd);
    return { ok: true, text: text.split(wanted).join(replacement), count: places.length };
  }
  return { ok: false, problem: notFound(text, oldText) };
}

function withLineEnd(text: string, lineEnd: '\n' | '\r\n'): string {
  const plain = text.replaceAll('\r\n', '\n');
  return lineEnd === '\n' ? plain : plain.replaceAll('\n', '\r\n');
}

function usualLineEnd(text: string): '\n' | '\r\n' {
  const crlf = findAll(text, '\r\n').length;
  return crlf * 2 > findAll(text, '\n').length ? '\r\n' : '\n';
}

function findAll(text: string, wanted: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}

function ambiguous(text: string, places: readonly number[]): string {
  const lines: number[] = [];
  let line = 1;
  let from = 0;
  for (const place of places.slice(0, MAX_LISTED)) {
    line += text.slice(from, place).split('\n').length - 1;
    from = place;
    lines.push(line);
  }
  const more = places.length > MAX_LISTED ? ', ...' : '';
  return `old_string occurs ${places.length} times (lines ${lines.join(', ')}${more}). Add lines around it until it is unique, or set replace_all.`;
}

function notFound(text: string, oldText: string): string {
  const wanted = oldText.split(/\r?\n/);
  const numbered = wanted.filter((line) => line.trim() !== '').every((line) => /^\s*\d+\t/.test(line));
  if (numbered)
    return 'old_string was not found: leave out the line numbers and the tab after them that `read` shows.';
  const hint = describeNearest(
    text.split('\n').map((line) => line.replace(/\r$/, '')),
    wanted,
  );
  return `old_string was not found; it must match exactly, blanks included.${hint === null ? '' : ` ${hint}`}`;
}
