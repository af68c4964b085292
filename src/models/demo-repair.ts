// The rules of the demo model: where a failing test points, and which small changes of a line might mend it.
import { posix } from 'node:path';

/** What the output of a test run says. */
export interface TestFailure {
  /** Files under the working folder that it names, relative, tests first, with the lines named in them. */
  files: { path: string; lines: number[] }[];
  expected: string | null;
  actual: string | null;
}

export interface Repair {
  path: string;
  /** From 0. */
  line: number;
  before: string;
  after: string;
}

const TEST_FILE = /(\.|-|_)(test|spec)\.[cm]?[jt]sx?$|(^|\/)tests?\//;
const SOURCE_PATH = /(?:file:\/\/)?([\w@./-]*[\w-]\.[cm]?[jt]sx?):(\d+)/g;

export function isTestFile(path: string): boolean {
  return TEST_FILE.test(path);
}

/** Reads the output of `node --test` (spec or TAP) and of runners that print Node stack traces. */
export function readTestFailure(output: string, cwd: string): TestFailure {
  const files = new Map<string, number[]>();
  for (const [, named = '', line = ''] of output.matchAll(SOURCE_PATH)) {
    const path = named.startsWith('/') ? posix.relative(cwd, named) : posix.normalize(named);
    if (path.startsWith('..') || path.startsWith('/') || path.includes('node_modules/')) continue;
    const lines = files.get(path) ?? [];
    if (!lines.includes(Number(line))) lines.push(Number(line));
    files.set(path, lines);
  }
  const found = [...files].map(([path, lines]) => ({ path, lines }));
  const value = (name: string): string | null =>
    new RegExp(`^\\s*${name}: (.+?),?$`, 'm').exec(output)?.[1] ?? null;
  const pair = /^\s*(-?[\w.'"]+) !==? (-?[\w.'"]+)\s*$/m.exec(output);
  return {
    files: [
      ...found.filter((file) => isTestFile(file.path)),
      ...found.filter((file) => !isTestFile(file.path)),
    ],
    expected: value('expected') ?? pair?.[2] ?? null,
    actual: value('actual') ?? pair?.[1] ?? null,
  };
}

/** Files of the project that a test imports, relative to the working folder. */
export function importedFiles(testPath: string, source: string): string[] {
  const specifiers = [...source.matchAll(/(?:from|import|require\()\s*['"](\.{1,2}\/[^'"]+)['"]/g)].map(
    ([, name = '']) => name,
  );
  const paths = specifiers.map((name) => posix.join(posix.dirname(testPath), name));
  const named = paths.map((path) => (/\.\w+$/.test(path) ? path : `${path}.js`));
  return [...new Set(named)].filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !path.startsWith('..'));
}

/** Names called on the given lines (from 1) of a source. */
export function calledNames(source: string, lines: readonly number[]): Set<string> {
  const all = source.split('\n');
  const text = lines.map((line) => all[line - 1] ?? '').join('\n');
  return new Set([...text.matchAll(/([A-Za-z_$][\w$]*)\s*\(/g)].map(([, name = '']) => name));
}

/** Changes worth a try, the likeliest first: one operator, number or word of one line. */
export function proposeRepairs(
  path: string,
  source: string,
  hints: { names: ReadonlySet<string>; failure: TestFailure },
): Repair[] {
  const lines = source.split('\n');
  const focus = linesOfFunctions(lines, hints.names);
  const order = lines
    .map((_, index) => index)
    .sort((a, b) => Number(focus.has(b)) - Number(focus.has(a)) || a - b);
  const repairs = order.flatMap((line) => {
    const before = lines[line] ?? '';
    return isCode(before) ? mutationsOf(before).map((after) => ({ path, line, before, after })) : [];
  });
  if (!isOffByOne(hints.failure)) return repairs;
  // Off by one: a border or a count is wrong, rarely an operator.
  const isBorder = ({ before, after }: Repair): boolean =>
    /[<>]/.test(before) || before.replace(/\d+/g, '') === after.replace(/\d+/g, '');
  return [...repairs.filter(isBorder), ...repairs.filter((repair) => !isBorder(repair))];
}

function isOffByOne({ expected, actual }: TestFailure): boolean {
  return expected !== null && actual !== null && Math.abs(Number(expected) - Number(actual)) === 1;
}

function isCode(line: string): boolean {
  return !/^\s*($|\/\/|\/\*|\*|import\b|export\s*[{*])/.test(line);
}

/** Lines of the functions with these names: from their heads to the next line that closes at the left margin. */
function linesOfFunctions(lines: readonly string[], names: ReadonlySet<string>): Set<number> {
  const found = new Set<number>();
  let isInside = false;
  for (const [index, line] of lines.entries()) {
    const head =
      /(?:function\*?|const|let|var)\s+([A-Za-z_$][\w$]*)|^\s+(?:async\s+)?([A-Za-z_$][\w$]*)\s*\([^)]*\)\s*\{/.exec(
        line,
      );
    const name = head?.[1] ?? head?.[2];
    if (name !== undefined && names.has(name)) isInside = true;
    if (isInside) found.add(index);
    if (/^[})]/.test(line)) isInside = false;
  }
  return found;
}

const SWAPS: readonly (readonly [string, readonly string[]])[] = [
  ['===', ['!==']],
  ['!==', ['===']],
  ['=>', []],
  ['**', []],
  ['<=', ['<', '>=']],
  ['>=', ['>', '<=']],
  ['==', ['!=']],
  ['!=', ['==']],
  ['&&', ['||']],
  ['||', ['&&']],
  ['++', []],
  ['--', []],
  ['+=', ['-=']],
  ['-=', ['+=']],
  ['*=', ['+=']],
  ['/=', ['*=']],
  ['<', ['<=', '>']],
  ['>', ['>=', '<']],
  ['+', ['-', '*']],
  ['-', ['+', '*']],
  ['*', ['+', '/']],
  ['/', ['*']],
  ['%', ['/']],
];

const WORDS: Readonly<Record<string, string>> = {
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  true: 'false',
  false: 'true',
};

/** The line with one thing changed, in each way that is tried. */
function mutationsOf(line: string): string[] {
  const operators: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < line.length;) {
    const skipped = skipText(line, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const put = (length: number, text: string): string => line.slice(0, at) + text + line.slice(at + length);
    const swap = SWAPS.find(([operator]) => line.startsWith(operator, at));
    const word = /^(?:[A-Za-z_$][\w$]*|\d+(?![\w.]))/.exec(line.slice(at))?.[0];
    if (swap !== undefined) {
      operators.push(...swap[1].map((text) => put(swap[0].length, text)));
      at += swap[0].length;
    } else if (word !== undefined) {
      if (/^\d/.test(word))
        rest.push(
          ...[Number(word) + 1, Number(word) - 1]
            .filter((n) => n >= 0)
            .map((n) => put(word.length, String(n))),
        );
      else if (Object.hasOwn(WORDS, word)) rest.push(put(word.length, WORDS[word] ?? word));
      at += word.length;
    } else at += 1;
  }
  return [...new Set([...operators, ...rest])].filter((text) => text !== line);
}

/** The end of the string or comment that begins here; the same place when none does. */
function skipText(line: string, at: number): number {
  if (line.startsWith('//', at) || line.startsWith('/*', at)) return line.length;
  const quote = line[at];
  if (quote !== '"' && quote !== "'" && quote !== '`') return at;
  for (let end = at + 1; end < line.length; end++) {
    if (line[end] === '\\') end += 1;
    else if (line[end] === quote) return end + 1;
  }
  return line.length;
}

/** A patch that turns one text of a file into another; the lines that differ become one hunk. */
export function writePatch(path: string, before: string, after: string): string {
  const old = before.split('\n');
  const now = after.split('\n');
  let first = 0;
  while (first < old.length && old[first] === now[first]) first += 1;
  let last = old.length - 1;
  while (last > first && old[last] === now[last]) last -= 1;
  const context = (from: number, to: number): string[] =>
    old.slice(Math.max(0, from), to).map((line) => ` ${line}`);
  const tail = old.at(-1) === '' ? old.length - 1 : old.length;
  return [
    '*** Begin Patch',
    `*** Update File: ${path}`,
    '@@',
    ...context(first - 2, first),
    ...old.slice(first, last + 1).map((line) => `-${line}`),
    ...now.slice(first, last + 1).map((line) => `+${line}`),
    ...context(last + 1, Math.min(last + 3, tail)),
    '*** End Patch',
    '',
  ].join('\n');
}
