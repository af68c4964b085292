// Tests of edits that keep comments: examples, and random edits of random documents.
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import {
  editToml,
  formatTomlValue,
  parseTomlKey,
  TomlEditError,
  type TomlEdit,
  type TomlEditValue,
} from './toml-edit.ts';
import { scanComments } from './toml-scan.ts';

const set = (key: string, value: TomlEditValue): TomlEdit => ({
  action: 'set',
  path: parseTomlKey(key) ?? [],
  value,
});
const remove = (key: string): TomlEdit => ({ action: 'remove', path: parseTomlKey(key) ?? [] });

describe('set', () => {
  test.each<[string, string, TomlEdit, string]>([
    ['in an empty file', '', set('a', 1), 'a = 1\n'],
    ['a table in an empty file', '', set('a.b', 'x'), '[a]\nb = "x"\n'],
    ['replaces a value only', 'a  =  1   # why\nb = 2\n', set('a', 'x'), 'a  =  "x"   # why\nb = 2\n'],
    ['above the first header', '# head\n\n[t]\nx = 1\n', set('a', 1), '# head\n\na = 1\n\n[t]\nx = 1\n'],
    ['behind the last root value', 'a = 1\n\n[t]\n', set('b', 2), 'a = 1\nb = 2\n\n[t]\n'],
    ['into its section', '[t]\nx = 1\n\n# u\n[u]\n', set('t.y', true), '[t]\nx = 1\ny = true\n\n# u\n[u]\n'],
    ['into an empty section', '[t] # t\n[u]\n', set('t.y', true), '[t] # t\ny = true\n[u]\n'],
    ['as a new section', 'a = 1\n', set('t.y', true), 'a = 1\n\n[t]\ny = true\n'],
    ['without a last line break', 'a = 1', set('b', 2), 'a = 1\nb = 2\n'],
    ['beside dotted keys', 't.x = 1\n[u]\n', set('t.y', 2), 't.x = 1\nt.y = 2\n[u]\n'],
    ['in an inline table', 't = { x = 1 } # c\n', set('t.y', 2), 't = { x = 1, y = 2 } # c\n'],
    ['in an empty inline table', 't = {}\n', set('t.y', 2), 't = { y = 2 }\n'],
    ['deep in an inline table', 't = { x = { y = 1 } }\n', set('t.x.y', 2), 't = { x = { y = 2 } }\n'],
    ['with Windows line ends', 'a = 1\r\n', set('b', 2), 'a = 1\r\nb = 2\r\n'],
    ['with a byte order mark', '\uFEFFa = 1\n', set('a', 2), '\uFEFFa = 2\n'],
    [
      'keys that need quotes',
      '',
      set('projects."/a b".trust_level', 'x'),
      '[projects."/a b"]\ntrust_level = "x"\n',
    ],
    ['keeps comments of a list', 'a = [\n  1, # one\n]\n', set('a', [2]), '# one\na = [2]\n'],
    ['a value in place of a table', '[t] # c\nx = 1\n', set('t', 1), 't = 1\n\n# c\n'],
  ])('%s', (_, before, edit, after) => {
    expect(editToml(before, [edit])).toBe(after);
  });

  test('a table becomes equal to the value', () => {
    const before = '[s] # s\ncommand = "a" # c\nold = 1 # o\n[s.env]\nA = "1"\n';
    const after = editToml(before, [set('s', { command: 'b', env: { B: '2' }, args: ['x', 'y'] })]);
    expect(parse(after)).toEqual({ s: { command: 'b', env: { B: '2' }, args: ['x', 'y'] } });
    expect(scanComments(after).sort()).toEqual(['# c', '# o', '# s']);
  });

  test('several edits in order', () => {
    const after = editToml('', [set('a.b', 1), set('a.c', 2), remove('a.b')]);
    expect(parse(after)).toEqual({ a: { c: 2 } });
  });
});

describe('remove', () => {
  test.each<[string, string, TomlEdit, string]>([
    ['a line', 'a = 1\nb = 2\n', remove('a'), 'b = 2\n'],
    ['what is not there', 'a = 1\n', remove('b.c'), 'a = 1\n'],
    ['keeps its comment', 'a = 1 # why\nb = 2\n', remove('a'), '# why\nb = 2\n'],
    ['a section', '[t]\nx = 1\n[t.u]\ny = 1\n[v]\n', remove('t'), '[v]\n'],
    ['the first of an inline table', 't = { x = 1, y = 2 }\n', remove('t.x'), 't = { y = 2 }\n'],
    ['the last of an inline table', 't = { x = 1, y = 2 }\n', remove('t.y'), 't = { x = 1 }\n'],
    ['tables of an array', '[[t]]\nx = 1\n[[t]]\nx = 2\n[u]\n', remove('t'), '[u]\n'],
  ])('%s', (_, before, edit, after) => {
    expect(editToml(before, [edit])).toBe(after);
  });
});

describe('refusals', () => {
  test.each<[string, string, TomlEdit]>([
    ['below a value', 'a = 1\n', set('a.b', 1)],
    ['inside an array of tables', '[[a]]\nx = 1\n', set('a.x', 2)],
    ['without a key', 'a = 1\n', { action: 'set', path: [], value: 1 }],
  ])('%s', (_, before, edit) => {
    expect(() => editToml(before, [edit])).toThrow(TomlEditError);
  });

  test('a broken document is not touched', () => {
    expect(() => editToml('a = [', [set('b', 1)])).toThrow();
  });
});

test('keys', () => {
  expect(parseTomlKey('a."b.c".\'d\'')).toEqual(['a', 'b.c', 'd']);
  for (const bad of ['', 'a.', 'a b', '.a', 'a..b']) expect(parseTomlKey(bad)).toBeNull();
});

test('every string survives', () => {
  for (const text of ['', '"', '\\', 'a\nb\r\n', '\u0000\u001f\u007f', 'ü😀', "it's", '#', '"""']) {
    expect(parse(`a = ${formatTomlValue(text)}`)).toEqual({ a: text });
  }
});

/** Small repeatable generator (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Tree = { [key: string]: TomlEditValue | Tree };

function randomDocument(random: () => number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  let count = 0;
  const comment = (): string => (random() < 0.4 ? ` # comment ${count++} "quoted' [x]` : '');
  const value = (): string =>
    pick([
      '1',
      '"text # no comment"',
      "'literal'",
      'true',
      '[1, 2]',
      `[ # in list ${count++}\n  "a",${comment()}\n]`,
      '"""\nlong = 1\n# no comment\n"""',
      '{ p = 1, q = { r = "s" } }',
    ]);
  const lines: string[] = [];
  const values = (prefix: string): void => {
    for (const key of ['k1', 'k2', '"k 3"']) {
      if (random() < 0.3) lines.push(random() < 0.5 ? '' : `# line ${count++}`);
      if (random() < 0.6)
        lines.push(`${' '.repeat(Math.floor(random() * 3))}${key} = ${value()}${comment()}`);
    }
    if (random() < 0.3) lines.push(`${prefix}.x.y = ${value()}${comment()}`);
  };
  values('dotted0');
  for (const table of ['t1', 't2', 't1.u', '"t 3"']) {
    if (random() < 0.5) {
      lines.push(`[${table}]${comment()}`);
      values('dotted');
    }
  }
  if (random() < 0.4) lines.push('[[things]]', 'n = 1', '[[things]]', `n = 2${comment()}`);
  return lines.join(random() < 0.2 ? '\r\n' : '\n');
}

function withEdit(tree: Tree, edit: TomlEdit): Tree {
  const copy = structuredClone(tree);
  let table = copy;
  for (const segment of edit.path.slice(0, -1)) table = (table[segment] ??= {}) as Tree;
  const last = edit.path.at(-1) as string;
  if (edit.action === 'set') table[last] = edit.value;
  else delete table[last];
  return copy;
}

/** Without empty tables, which an edit may leave or not. */
function pruned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, pruned(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

test('random edits keep all comments and all other values', () => {
  const KEYS = [
    'k1',
    '"k 3"',
    'new',
    't1.k1',
    't1.new',
    't1.u.k2',
    't2.new.deep',
    '"t 3".k1',
    'k1.p',
    'k2.q.r',
    'k2.q.new',
    't1',
    't4.a',
    'dotted0.x.y',
    'dotted0.x.z',
    't1.dotted.x.y',
  ];
  let done = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const random = randomFrom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    let text = randomDocument(random);
    for (let step = 0; step < 4; step++) {
      const key = pick(KEYS);
      const edit =
        random() < 0.7
          ? set(key, pick<TomlEditValue>([7, 'new "text"', false, ['a'], { a: 1, b: { c: 'd' } }]))
          : remove(key);
      const before = parse(text) as Tree;
      let after: string;
      try {
        after = editToml(text, [edit]);
      } catch (error) {
        // A refusal is honest; it must stay rare (checked below) and never be anything else.
        expect(error, `seed ${seed}: ${key}\n${text}`).toBeInstanceOf(TomlEditError);
        continue;
      }
      const hasParent = edit.path
        .slice(0, -1)
        .reduce<unknown>((node, part) => (node as Tree | undefined)?.[part], before);
      const wanted = edit.action === 'remove' && hasParent === undefined ? before : withEdit(before, edit);
      expect(pruned(parse(after)), `seed ${seed}: ${key}\n${text}`).toEqual(pruned(wanted));
      const left = scanComments(after);
      for (const comment of scanComments(text)) {
        expect(left, `seed ${seed}: ${key}\n${text}`).toContain(comment);
        left.splice(left.indexOf(comment), 1);
      }
      expect(left).toEqual([]);
      text = after;
      done++;
    }
  }
  expect(done).toBeGreaterThan(5000);
});
