// Tests of the scanner that tells where the statements of a TOML document stand.
import { expect, test } from 'vitest';
import { locateKey, scanComments, scanToml } from './toml-scan.ts';

const TEXT = `# one
a = "x # no comment" # two
"quoted key".'literal.key'.b = 1
long = """
# no comment
[not.a.header]
""" # three
list = [ # four
  "[x]", # five
  { b = 1 },
]

[table."a.b"] # six
c = { d = { e = 1 } }

[[things]]
n = 1
[things.inner]
m = 2
[after]
k = 1979-05-27 07:32:00
`;

test('statements, their paths and lines', () => {
  expect(scanToml(TEXT).map((one) => [one.kind, one.path.join('/'), one.inArray])).toEqual([
    ['value', 'a', false],
    ['value', 'quoted key/literal.key/b', false],
    ['value', 'long', false],
    ['value', 'list', false],
    ['table', 'table/a.b', false],
    ['value', 'table/a.b/c', false],
    ['array', 'things', true],
    ['value', 'things/n', true],
    ['table', 'things/inner', true],
    ['value', 'things/inner/m', true],
    ['table', 'after', false],
    ['value', 'after/k', false],
  ]);
  const values = scanToml(TEXT).map((one) => TEXT.slice(one.valueStart, one.valueEnd));
  expect(values[0]).toBe('"x # no comment"');
  expect(values[3]).toMatch(/^\[ # four[^]*\]$/);
  expect(values.at(-1)).toBe('1979-05-27 07:32:00');
});

test('comments are found, and only comments', () => {
  expect(scanComments(TEXT)).toEqual(['# one', '# two', '# three', '# four', '# five', '# six']);
});

test('strings that end in quotes of their own', () => {
  const text = 'a = """x"""""\nb = \'\'\'y\'\'\'\'\nc = ""\nd = ""\n# end\n';
  expect(scanToml(text).map((one) => one.path[0])).toEqual(['a', 'b', 'c', 'd']);
  expect(scanComments(text)).toEqual(['# end']);
});

test.each([
  [['a'], 2],
  [['table', 'a.b'], 13],
  [['table', 'a.b', 'c', 'd', 'e'], 14],
  [['table'], 13],
  [['after', 'k'], 21],
  [['after', 'missing'], 20],
  [['quoted key'], 3],
])('%j is on line %i', (path, line) => {
  expect(locateKey(TEXT, path)?.line).toBe(line);
});

test('what is nowhere has no line', () => {
  expect(locateKey(TEXT, ['nowhere'])).toBeNull();
});

test('escapes in keys', () => {
  expect(scanToml('"a\\u0041\\t\\"" = 1\n')[0]?.path).toEqual(['aA\t"']);
});
