// The catalog finds models by name, by date and by vendor, and gives unknown names something to work with.
import { describe, expect, test } from 'vitest';
import { UsageError } from '../protocol/error.ts';
import { createCatalog } from './catalog.ts';

const catalog = createCatalog([]);

describe('catalog', () => {
  test('knows the models of both Codex generations', () => {
    const slugs = catalog.list().map((model) => model.slug);
    for (const slug of [
      'gpt-5.3-codex',
      'gpt-5.4',
      'gpt-5.1-codex-mini',
      'gpt-6.1-sol',
      'gpt-6-astra',
      'gpt-5.5',
    ]) {
      expect(slugs).toContain(slug);
      expect(catalog.find(slug)).toMatchObject({ slug, known: true, editFormat: 'apply_patch_freeform' });
    }
    expect(new Set(slugs).size).toBe(slugs.length);
  });

  test('every entry is sound', () => {
    for (const model of catalog.list()) {
      expect(model.autoCompactTokenLimit, model.slug).toBeLessThan(model.contextWindow);
      expect(model.autoCompactTokenLimit, model.slug).toBeGreaterThan(model.contextWindow / 2);
      if (model.reasoning) expect(model.reasoning.efforts, model.slug).toContain(model.reasoning.default);
      if (model.price) expect(model.price.cachedInput, model.slug).toBeLessThan(model.price.input);
    }
  });

  test('Spark is small and takes no images', () => {
    expect(catalog.find('gpt-5.3-codex-spark')).toMatchObject({ contextWindow: 128_000, inputImages: false });
  });

  test.each([
    ['gpt-5.4-2026-01-01', 'GPT-5.4'],
    ['gpt-5.3-codex-spark-2026-02-12', 'GPT-5.3 Codex Spark'],
    ['openai/gpt-5.4', 'GPT-5.4'],
    ['gpt-oss:20b', 'gpt-oss 20B'],
    ['openai/gpt-oss-120b', 'gpt-oss 120B'],
  ])('%s is %s', (slug, displayName) => {
    expect(catalog.find(slug)).toMatchObject({ slug, displayName, known: true });
  });

  test.each(['gpt-5.4-mini', 'gpt-5.4-2026', 'llama-9', 'gpt-5.41', ''])(
    '%j is not taken for another model',
    (slug) => {
      expect(catalog.find(slug)).toMatchObject({
        slug,
        known: false,
        listed: false,
        editFormat: 'apply_patch_function',
        parallelToolCalls: false,
      });
    },
  );

  test('user entries go over built-in ones and come first', () => {
    const own = createCatalog([
      { slug: 'gpt-5.4', contextWindow: 1000 },
      { slug: 'mine', listed: true },
    ]);
    expect(own.find('gpt-5.4')).toMatchObject({
      contextWindow: 1000,
      autoCompactTokenLimit: 900,
      inputImages: true,
    });
    expect(own.find('mine')).toMatchObject({ known: true, editFormat: 'apply_patch_function' });
    expect(own.find('mine-2026-01-01').known).toBe(true);
    expect(
      own
        .list()
        .slice(0, 2)
        .map((model) => model.slug)
        .sort((a, b) => a.localeCompare(b)),
    ).toEqual(['gpt-5.4', 'mine']);
    expect(createCatalog([]).find('mine').known).toBe(false);
  });

  test('a user entry without a name is a mistake of the user', () => {
    expect(() => createCatalog([{ contextWindow: 5 }])).toThrow(UsageError);
  });

  test('every default is a model that the catalog knows', () => {
    for (const provider of ['openai', 'demo', 'ollama', 'lmstudio', 'mine']) {
      expect(catalog.find(catalog.defaultModel(provider)).known).toBe(true);
    }
    expect(catalog.defaultModel('demo')).toBe('demo');
  });
});
