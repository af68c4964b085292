// docs/config.schema.json and the tables of docs/config.md say what the table of keys says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildDocs, DOCS_FILE, SCHEMA_FILE, schemaText } from '../../scripts/config-schema.ts';

const RENEW = 'stale: run `node scripts/run.mjs node scripts/config-schema.ts`';

test('the schema is fresh', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8') === schemaText(), RENEW).toBe(true);
});

test('the docs are fresh', () => {
  const docs = readFileSync(DOCS_FILE, 'utf8');
  expect(docs === buildDocs(docs), RENEW).toBe(true);
});
