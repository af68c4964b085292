// Cuts the schemas of the Responses API out of OpenAI's API document: `node scripts/openai-schemas.mjs openapi.json`.
// The document: https://github.com/openai/openai-openapi (MIT). Writes test/fixtures/responses/openai-schemas.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOTS = ['CreateResponse', 'ResponseStreamEvent'];
const TARGET = join(
  dirname(dirname(fileURLToPath(import.meta.url))),
  'test/fixtures/responses/openai-schemas.json',
);

/** Keywords that say nothing of what is valid. */
const PROSE = new Set([
  'description',
  'title',
  'example',
  'examples',
  'default',
  'deprecated',
  'discriminator',
  'format',
]);

/** Maps whose keys are names of the API, not keywords. */
const NAMED = new Set(['properties', 'patternProperties', '$defs']);

/**
 * Mechanical changes that make a JSON Schema (2020-12) of it: `nullable` becomes a type, and `oneOf` becomes `anyOf`,
 * because alternatives of the document overlap (EasyInputMessage and InputMessage).
 */
function slim(node, isNameMap = false) {
  if (Array.isArray(node)) return node.map((entry) => slim(entry));
  if (typeof node !== 'object' || node === null) return node;
  const result = {};
  for (const [key, value] of Object.entries(node)) {
    if (!isNameMap && (PROSE.has(key) || key.startsWith('x-') || key === 'nullable')) continue;
    const name = !isNameMap && key === 'oneOf' ? 'anyOf' : key;
    result[name] =
      key === '$ref'
        ? value.replace('#/components/schemas/', '#/$defs/')
        : slim(value, !isNameMap && NAMED.has(key));
  }
  return !isNameMap && node.nullable === true ? { anyOf: [result, { type: 'null' }] } : result;
}

/** The older spelling of "this schema again" becomes a plain reference. */
function tieRecursion(schema, name) {
  return JSON.parse(JSON.stringify(schema), function (key, value) {
    if (key === '$recursiveAnchor') return undefined;
    if (key !== '$recursiveRef') return value;
    this.$ref = `#/$defs/${name}`;
    return undefined;
  });
}

function* refsOf(node) {
  if (typeof node !== 'object' || node === null) return;
  if (typeof node.$ref === 'string') yield node.$ref.replace('#/$defs/', '');
  for (const value of Object.values(node)) yield* refsOf(value);
}

const [source] = process.argv.slice(2);
if (source === undefined) {
  console.error(
    'scripts/openai-schemas.mjs: name the OpenAPI document, for example: node scripts/openai-schemas.mjs openapi.json',
  );
  process.exit(2);
}
const document = JSON.parse(readFileSync(source, 'utf8'));
const found = new Map();
const open = [...ROOTS];
while (open.length > 0) {
  const name = open.pop();
  if (found.has(name)) continue;
  const schema = document.components.schemas[name];
  if (schema === undefined) throw new Error(`${source} has no schema ${name}`);
  found.set(name, tieRecursion(slim(schema), name));
  open.push(...refsOf(found.get(name)));
}
const notice = [
  'Cut from the OpenAPI document of OpenAI by scripts/openai-schemas.mjs; descriptions left out.',
  'MIT License. Copyright (c) OpenAI (https://openai.com).',
  'Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.',
  'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.',
];
const defs = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = Object.entries(defs).map(
  ([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`,
);
const version = `${document.info.title} ${document.info.version}`;
writeFileSync(
  TARGET,
  `{"$comment":${JSON.stringify({ version, notice })},\n"$defs":{\n${lines.join(',\n')}\n}}\n`,
);
console.log(`${TARGET}: ${found.size} schemas`);
