// The checker agrees with ajv on everything it claims to know, and names the place.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { findMismatch } from './check-schema.ts';

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2, pattern: '^[a-z]+$' },
    age: { type: ['integer', 'null'], minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 2 },
    child: { $ref: '#/$defs/node' },
    either: {
      anyOf: [{ type: 'string' }, { type: 'object', required: ['x'], properties: { x: { const: 1 } } }],
    },
  },
  required: ['name'],
  additionalProperties: false,
  $defs: {
    node: {
      type: 'object',
      properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
      required: ['next'],
    },
  },
};

const validate = new Ajv2020({ strict: false }).compile(schema);

test.each([
  [{ name: 'bo' }, null],
  [{ name: 'bo', age: null, tags: ['a', 'b'], child: { next: { next: null } }, either: { x: 1 } }, null],
  [{}, 'lacks the member "name"'],
  ['text', 'must be object, not string'],
  [{ name: 'b' }, '/name is too short'],
  [{ name: 'B0' }, '/name does not match'],
  [{ name: 'bo', age: 1.5 }, '/age must be integer or null'],
  [{ name: 'bo', age: -1 }, '/age must be at least 0'],
  [{ name: 'bo', age: 200 }, '/age must be at most 150'],
  [{ name: 'bo', tags: ['c'] }, '/tags/0 must be one of'],
  [{ name: 'bo', tags: ['a', 'a', 'a'] }, '/tags has too many'],
  [{ name: 'bo', extra: 1 }, '/extra must not be there'],
  [{ name: 'bo', child: { next: {} } }, '/child/next fits none'],
  [{ name: 'bo', either: { x: 2 } }, '/either fits none'],
  [{ name: 'bo', toString: 1 }, '/toString must not be there'],
])('%j', (value, problem) => {
  const found = findMismatch(schema, value);
  expect(found === null).toBe(validate(value));
  if (problem === null) expect(found).toBeNull();
  else expect(found).toContain(problem);
});
