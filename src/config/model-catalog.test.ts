// Tests of `model_catalog_json` in Codex's format and in our own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readModelCatalog, type UserModel } from './model-catalog.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skua-catalog-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(data: unknown): UserModel[] {
  const file = join(folder, 'models.json');
  writeFileSync(file, typeof data === 'string' ? data : JSON.stringify(data));
  return readModelCatalog(file);
}

test("Codex's format", () => {
  const model = {
    slug: 'm',
    display_name: 'M',
    context_window: 1000,
    supported_reasoning_levels: [{ effort: 'low' }, { effort: 'high' }, { effort: 'cosmic' }],
    default_reasoning_level: 'high',
    supports_reasoning_summaries: false,
    apply_patch_tool_type: 'freeform',
    supports_parallel_tool_calls: true,
    input_modalities: ['text'],
    visibility: 'hide',
  };
  expect(read({ models: [model] })).toEqual([
    {
      slug: 'm',
      displayName: 'M',
      contextWindow: 1000,
      reasoning: { efforts: ['low', 'high'], default: 'high', summaries: false },
      editFormat: 'apply_patch_freeform',
      parallelToolCalls: true,
      inputImages: false,
      listed: false,
    },
  ]);
});

test('our own format, and only what is said', () => {
  const model = {
    slug: 'm',
    contextWindow: 5,
    editFormat: 'str_replace',
    price: { input: 1, output: 2 },
    reasoning: null,
  };
  expect(read([model, { slug: 'n' }])).toEqual([
    {
      slug: 'm',
      contextWindow: 5,
      editFormat: 'str_replace',
      price: { input: 1, cachedInput: 1, output: 2 },
      reasoning: null,
    },
    { slug: 'n' },
  ]);
});

test('mistakes', () => {
  expect(() => read('{')).toThrow(/not valid JSON/);
  expect(() => read({ models: 1 })).toThrow(/must hold an array/);
  expect(() => read([{ slug: 'a' }, { name: 'b' }])).toThrow(/entry 1 .* no `slug`/);
  expect(() => readModelCatalog(join(folder, 'none'))).toThrow(/does not exist/);
});
