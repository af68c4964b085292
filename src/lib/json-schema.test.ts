// Shows that arguments are checked with messages a model can act on, and that bad JSON is located.
import { describe, expect, expectTypeOf, test } from 'vitest';
import { checkJson, type FromSchema } from './json-schema.ts';
import { parseJson } from './json-syntax.ts';

const schema = {
  type: 'object',
  properties: {
    cmd: { type: 'string', minLength: 1 },
    count: { type: 'integer', minimum: 0 },
    loud: { type: 'boolean' },
    mode: { type: 'string', enum: ['a', 'b'] },
    steps: {
      type: 'array',
      maxItems: 2,
      items: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    },
  },
  required: ['cmd'],
} as const;

function problemsOf(value: unknown): string[] {
  const checked = checkJson(schema, value);
  return checked.ok ? [] : checked.problems;
}

describe('checkJson', () => {
  test('gives the type of the schema', () => {
    expectTypeOf<FromSchema<typeof schema>['cmd']>().toEqualTypeOf<string>();
    expectTypeOf<FromSchema<typeof schema>['mode']>().toEqualTypeOf<'a' | 'b' | undefined>();
    expectTypeOf<FromSchema<typeof schema>['steps']>().toEqualTypeOf<{ text: string }[] | undefined>();
  });

  test('keeps what is described and drops the rest', () => {
    expect(checkJson(schema, { cmd: 'x', other: 1, count: null })).toEqual({ ok: true, value: { cmd: 'x' } });
  });

  test('does not take a field from the prototype', () => {
    const named = { type: 'object', properties: { toString: { type: 'string' } } } as const;
    expect(checkJson(named, {})).toEqual({ ok: true, value: {} });
  });

  test('reads numbers, booleans and lists that were written as strings', () => {
    expect(checkJson(schema, { cmd: 'x', count: '12', loud: 'true', steps: '[{"text":"t"}]' })).toEqual({
      ok: true,
      value: { cmd: 'x', count: 12, loud: true, steps: [{ text: 't' }] },
    });
  });

  test('names the field and what was expected', () => {
    expect(problemsOf({})).toEqual(['missing field `cmd` (expected a string)']);
    expect(problemsOf({ cmd: ['ls'] })).toEqual(['`cmd` must be a string, got a list']);
    expect(problemsOf({ cmd: '' })).toEqual(['`cmd` must not be empty']);
    expect(problemsOf({ cmd: 'x', count: 1.5 })).toEqual(['`count` must be a whole number, got 1.5']);
    expect(problemsOf({ cmd: 'x', count: -1 })).toEqual(['`count` must be at least 0, got -1']);
    expect(problemsOf({ cmd: 'x', loud: 'loud' })).toEqual(['`loud` must be true or false, got "loud"']);
    expect(problemsOf({ cmd: 'x', mode: 'c' })).toEqual(['`mode` must be one of "a", "b", got "c"']);
    expect(problemsOf({ cmd: 'x', steps: [{}] })).toEqual([
      'missing field `steps[0].text` (expected a string)',
    ]);
    expect(problemsOf({ cmd: 'x', steps: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] })).toEqual([
      '`steps` must have 0 to 2 entries, got 3',
    ]);
    expect(problemsOf([])).toEqual([
      'the arguments must be an object {cmd, count?, loud?, mode?, steps?}, got a list',
    ]);
  });
});

describe('parseJson', () => {
  test.each([
    ['{"cmd": }', 'expected a JSON value at line 1 column 9'],
    ['{"cmd": "a"', "expected ',' or '}', but the text ends at line 1 column 12"],
    [
      '{"cmd": "a\nb"}',
      'a line break or control character inside a string must be escaped at line 1 column 11',
    ],
    ['{"cmd": "a"} x', 'text after the end of the JSON value at line 1 column 14'],
    ["{\n 'cmd': 1}", 'expected a field name in double quotes at line 2 column 2'],
    ['{"a": "\\q"}', 'unknown escape in a string at line 1 column 9'],
    ['{"a": "xyz', 'a string that is never closed starts at line 1 column 7'],
    ['{"a" 1}', "expected ':' after the field name at line 1 column 6"],
    ['', 'expected a JSON value, but the text ends at line 1 column 1'],
    ['[1,]', 'expected a JSON value at line 1 column 4'],
  ])('%j', (text, message) => {
    expect(parseJson(text)).toEqual({ ok: false, message });
  });

  test('agrees with JSON.parse about what is valid', () => {
    for (const text of ['{}', '[1, -2.5e3, "\\u00e9\\n", true, null, {"a":[]}]', '"x"', ' 0 '])
      expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
  });
});
