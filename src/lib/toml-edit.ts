// Changes single keys of a TOML document and leaves comments, order and formatting of everything else as they are.
import { parse, TomlDate } from 'smol-toml';
import {
  scanComments,
  scanInlineTable,
  scanKeyPath,
  scanToml,
  startsWithPath,
  type TomlStatement,
} from './toml-scan.ts';

export type TomlEditValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | readonly TomlEditValue[]
  | { readonly [key: string]: TomlEditValue };

/** `set` with a table makes the table equal to the value; `remove` of a missing key does nothing. */
export type TomlEdit =
  | { action: 'set'; path: readonly string[]; value: TomlEditValue }
  | { action: 'remove'; path: readonly string[] };

/** The edit would not have led to exactly the intended document; nothing was changed. */
export class TomlEditError extends Error {
  override readonly name = 'TomlEditError';
}

type Table = Record<string, unknown>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

function formatString(text: string): string {
  let escaped = '';
  for (const char of text) {
    const code = char.charCodeAt(0);
    const isControl = code < 0x20 || code === 0x7f;
    escaped += CONTROL_ESCAPES[char] ?? (isControl ? `\\u${code.toString(16).padStart(4, '0')}` : char);
  }
  return `"${escaped}"`;
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  // TOML wants digits around the point: 1e+21 is fine, .5 never comes from String().
  return text;
}

export function formatTomlKey(path: readonly string[]): string {
  return path.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : formatString(part))).join('.');
}

/** A value on one line, as it stands after `key = `. */
export function formatTomlValue(value: unknown): string {
  if (typeof value === 'string') return formatString(value);
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof TomlDate || value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(formatTomlValue).join(', ')}]`;
  if (isTable(value)) {
    const entries = Object.entries(value).map(
      ([key, inner]) => `${formatTomlKey([key])} = ${formatTomlValue(inner)}`,
    );
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  throw new TomlEditError(`TOML has no form for a value of type ${typeof value}.`);
}

function lineBreakOf(text: string): string {
  return /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
}

/** Puts whole lines at `index`, which is the start of a line or the end of the text. */
function insertLines(text: string, index: number, lines: readonly string[]): string {
  const eol = lineBreakOf(text);
  const before = text.slice(0, index);
  const joint = before === '' || before.endsWith('\n') ? '' : eol;
  return before + joint + lines.map((line) => line + eol).join('') + text.slice(index);
}

/** Replaces the text of a value; comments inside the old one move to lines of their own above it. */
function replaceValue(text: string, statement: TomlStatement, value: string): string {
  const lost = scanComments(text.slice(statement.valueStart, statement.valueEnd));
  const kept = scanComments(value);
  const replaced = text.slice(0, statement.valueStart) + value + text.slice(statement.valueEnd);
  const moved = lost.filter((comment) => !kept.includes(comment));
  return moved.length === 0 ? replaced : insertLines(replaced, statement.lineStart, moved);
}

function setInline(source: string, rest: readonly string[], value: TomlEditValue): string {
  const inner = source.slice(1, -1);
  const entries = scanInlineTable(inner);
  const around = entries.find((entry) => startsWithPath(rest, entry.path));
  if (around) {
    const old = inner.slice(around.valueStart, around.valueEnd);
    const deeper = rest.slice(around.path.length);
    const next =
      deeper.length === 0
        ? formatTomlValue(value)
        : old.startsWith('{')
          ? setInline(old, deeper, value)
          : old;
    return `{${inner.slice(0, around.valueStart)}${next}${inner.slice(around.valueEnd)}}`;
  }
  const entry = `${formatTomlKey(rest)} = ${formatTomlValue(value)}`;
  const last = entries.at(-1);
  if (!last) return `{ ${entry}${inner.trim() === '' ? ' ' : inner}}`;
  return `{${inner.slice(0, last.valueEnd)}, ${entry}${inner.slice(last.valueEnd)}}`;
}

function removeInline(source: string, rest: readonly string[]): string {
  let inner = source.slice(1, -1);
  for (;;) {
    const entries = scanInlineTable(inner);
    const index = entries.findIndex(
      (entry) => startsWithPath(entry.path, rest) || startsWithPath(rest, entry.path),
    );
    const entry = entries[index];
    if (!entry) return `{${inner}}`;
    if (entry.path.length < rest.length) {
      const old = inner.slice(entry.valueStart, entry.valueEnd);
      if (!old.startsWith('{')) return source;
      const next = removeInline(old, rest.slice(entry.path.length));
      return `{${inner.slice(0, entry.valueStart)}${next}${inner.slice(entry.valueEnd)}}`;
    }
    const following = entries[index + 1];
    const previous = entries[index - 1];
    const start = following ? entry.keyStart : (previous?.valueEnd ?? entry.keyStart);
    const end = following ? following.keyStart : entry.valueEnd;
    inner = inner.slice(0, start) + inner.slice(end);
    if (!following && !previous) inner = inner.replace(/^\s*,/, '');
  }
}

function removeKey(text: string, path: readonly string[]): string {
  let result = text;
  // From the end, so that earlier offsets stay true.
  for (const statement of scanToml(text).toReversed()) {
    const isBelow = startsWithPath(statement.path, path);
    if (isBelow) {
      const lines = result.slice(statement.lineStart, statement.lineEnd);
      const comments = scanComments(lines);
      const rest = result.slice(0, statement.lineStart) + result.slice(statement.lineEnd);
      result = comments.length === 0 ? rest : insertLines(rest, statement.lineStart, comments);
    } else if (!statement.inArray && statement.kind === 'value' && startsWithPath(path, statement.path)) {
      const old = result.slice(statement.valueStart, statement.valueEnd);
      if (!old.startsWith('{')) continue;
      result = replaceValue(result, statement, removeInline(old, path.slice(statement.path.length)));
    }
  }
  return result;
}

function commonLength(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** Index behind the last statement of the section that starts with statement `head` (-1: the root section). */
function sectionEnd(statements: readonly TomlStatement[], head: number): number | null {
  let end = head < 0 ? null : (statements[head] as TomlStatement).lineEnd;
  for (const statement of statements.slice(head + 1)) {
    if (statement.kind !== 'value') break;
    end = statement.lineEnd;
  }
  return end;
}

function rootStart(text: string): number {
  const opening = /^(?:[ \t]*#[^\n]*\n)+[ \t]*\r?\n/.exec(text);
  return opening ? opening[0].length : 0;
}

function insertKey(text: string, path: readonly string[], value: TomlEditValue): string {
  const statements = scanToml(text);
  const parent = path.slice(0, -1);
  const written = formatTomlValue(value);
  const head = statements.findIndex(
    ({ kind, inArray, path: own }) =>
      kind === 'table' && !inArray && own.length === parent.length && startsWithPath(own, parent),
  );
  if (head >= 0) {
    return insertLines(text, sectionEnd(statements, head) ?? 0, [
      `${formatTomlKey(path.slice(-1))} = ${written}`,
    ]);
  }
  // A table that was begun with dotted keys can only be added to beside them.
  let beside: TomlStatement | null = null;
  for (const statement of statements) {
    if (statement.kind !== 'value' || statement.inArray) continue;
    const shared = Math.min(commonLength(statement.path, path), parent.length);
    if (shared > statement.sectionLength) beside = statement;
  }
  if (beside) {
    const key = formatTomlKey(path.slice(beside.sectionLength));
    return insertLines(text, beside.lineEnd, [`${key} = ${written}`]);
  }
  if (parent.length > 0) {
    const gap = text === '' || /\n[ \t]*\r?\n$/.test(text) ? [] : [''];
    const lines = [...gap, `[${formatTomlKey(parent)}]`, `${formatTomlKey(path.slice(-1))} = ${written}`];
    return insertLines(text, text.length, lines);
  }
  const end = sectionEnd(statements, -1);
  const line = `${formatTomlKey(path)} = ${written}`;
  if (end !== null) return insertLines(text, end, [line]);
  const start = rootStart(text);
  return insertLines(text, start, start === text.length ? [line] : [line, '']);
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree;
  for (const segment of path) {
    if (!isTable(value) || !Object.hasOwn(value, segment)) return undefined;
    value = value[segment];
  }
  return value;
}

function setScalar(text: string, path: readonly string[], value: TomlEditValue): string {
  const statement = scanToml(text).find(
    (one) => one.kind === 'value' && !one.inArray && startsWithPath(path, one.path),
  );
  if (!statement) return insertKey(text, path, value);
  const old = text.slice(statement.valueStart, statement.valueEnd);
  if (statement.path.length === path.length) return replaceValue(text, statement, formatTomlValue(value));
  if (!old.startsWith('{')) return text;
  return replaceValue(text, statement, setInline(old, path.slice(statement.path.length), value));
}

function setKey(text: string, path: readonly string[], value: TomlEditValue): string {
  const current = valueAt(parse(text), path);
  if (!isTable(value)) {
    return setScalar(isTable(current) ? removeKey(text, path) : text, path, value);
  }
  let result = isTable(current) || current === undefined ? text : removeKey(text, path);
  for (const key of isTable(current) ? Object.keys(current) : []) {
    if (!Object.hasOwn(value, key)) result = removeKey(result, [...path, key]);
  }
  const entries = Object.entries(value as Record<string, TomlEditValue>);
  // Plain values first: they must stand above the headers of inner tables.
  for (const [key, inner] of entries) {
    if (!isTable(inner)) result = setKey(result, [...path, key], inner);
  }
  for (const [key, inner] of entries) {
    if (isTable(inner)) result = setKey(result, [...path, key], inner);
  }
  return result;
}

/** A comparable form: empty tables count as absent, since a header may stay behind when its last key goes. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((one) => (isTable(one) ? (canonical(one) ?? {}) : canonical(one)));
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (typeof value === 'bigint') return `integer ${value}`;
  if (typeof value === 'number') return Number.isInteger(value) ? `integer ${value}` : `float ${value}`;
  if (!isTable(value)) return value;
  const entries = Object.keys(value)
    .sort()
    .map((key) => [key, canonical(value[key])] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length === 0 ? undefined : entries;
}

function intended(tree: Table, edit: TomlEdit): void {
  let table = tree;
  for (const segment of edit.path.slice(0, -1)) {
    const next = Object.hasOwn(table, segment) ? table[segment] : undefined;
    if (next !== undefined && !isTable(next)) {
      if (edit.action === 'remove') return;
      throw new TomlEditError(`${formatTomlKey(edit.path)} cannot be set: "${segment}" is not a table.`);
    }
    if (next === undefined && edit.action === 'remove') return;
    const inner: Table = next ?? {};
    Object.defineProperty(table, segment, {
      value: inner,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    table = inner;
  }
  const last = edit.path.at(-1) as string;
  if (edit.action === 'remove') delete table[last];
  else {
    Object.defineProperty(table, last, {
      value: edit.value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

function applyOne(text: string, edit: TomlEdit): string {
  if (edit.path.length === 0) throw new TomlEditError('An edit needs a key.');
  const wanted: Table = parse(text);
  intended(wanted, edit);
  const result = edit.action === 'set' ? setKey(text, edit.path, edit.value) : removeKey(text, edit.path);
  const where = formatTomlKey(edit.path);
  let got: Table;
  try {
    got = parse(result);
  } catch {
    throw new TomlEditError(`${where} cannot be changed without rewriting the file by hand.`);
  }
  if (JSON.stringify(canonical(got)) !== JSON.stringify(canonical(wanted))) {
    throw new TomlEditError(
      `${where} cannot be changed without touching other values; edit the file by hand.`,
    );
  }
  const after = scanComments(result);
  for (const comment of scanComments(text)) {
    const index = after.indexOf(comment);
    if (index < 0)
      throw new TomlEditError(`${where} cannot be changed without losing a comment; edit by hand.`);
    after.splice(index, 1);
  }
  return result;
}

/**
 * The text with all edits done, in order. Comments, order and formatting of everything else stay.
 * Throws `TomlEditError` when the result, parsed again, would not be the intended document or would lack a comment;
 * throws smol-toml's `TomlError` when `text` is not valid TOML.
 */
export function editToml(text: string, edits: readonly TomlEdit[]): string {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return mark + edits.reduce(applyOne, text.slice(mark.length));
}

/** Splits `a."b.c".d` into segments; null when the text is no key. */
export function parseTomlKey(text: string): string[] | null {
  const { path, end } = scanKeyPath(text);
  return path.length > 0 && text.slice(end).trim() === '' && !text.trimEnd().endsWith('.') ? path : null;
}
