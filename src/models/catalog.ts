// Finds what is known of a model by its name; names that nobody knows get cautious traits that still work.
import { UsageError } from '../protocol/error.ts';
import type { ModelInfo } from '../protocol/model.ts';
import { BUILT_IN_MODELS, compactLimit } from './catalog-data.ts';

export interface Catalog {
  /** Never fails: an unknown name gives cautious traits with `known: false`. */
  find(slug: string): ModelInfo;
  /** All entries, the ones a user picks from first (`listed`), user entries before built-in ones. */
  list(): readonly ModelInfo[];
  /** The model a provider starts with when nobody chose one. */
  defaultModel(providerId: string): string;
}

const DEFAULT_MODEL = 'gpt-5.3-codex';
const PROVIDER_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['demo', 'demo'],
  ['ollama', 'gpt-oss:20b'],
  ['lmstudio', 'openai/gpt-oss-20b'],
]);

/** Endings of names that mean the same model at another date. */
const DATED = /^-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$/;

/** User entries go over built-in ones of the same slug, member by member. Throws `UsageError` for one without a slug. */
export function createCatalog(userModels: readonly Partial<ModelInfo>[]): Catalog {
  const bySlug = new Map(BUILT_IN_MODELS.map((model) => [model.slug, model]));
  const userSlugs = new Set<string>();
  for (const [index, entry] of userModels.entries()) {
    const { slug } = entry;
    if (slug === undefined || slug === '') {
      throw new UsageError(
        `The model catalog's entry number ${index + 1} has no slug. Give it the model's name.`,
      );
    }
    bySlug.set(slug, mergeEntry(bySlug.get(slug) ?? unknownModel(slug), { ...entry, slug }));
    userSlugs.add(slug);
  }
  const rank = (model: ModelInfo): number => (model.listed ? 0 : 2) + (userSlugs.has(model.slug) ? 0 : 1);
  const all = [...bySlug.values()].sort((a, b) => rank(a) - rank(b));
  return {
    find: (slug) => findModel(bySlug, slug) ?? unknownModel(slug),
    list: () => all,
    defaultModel: (providerId) => PROVIDER_DEFAULTS.get(providerId) ?? DEFAULT_MODEL,
  };
}

function mergeEntry(base: ModelInfo, entry: Partial<ModelInfo> & { slug: string }): ModelInfo {
  const merged = { ...base, ...entry, known: true };
  if (entry.contextWindow !== undefined && entry.autoCompactTokenLimit === undefined) {
    merged.autoCompactTokenLimit = compactLimit(entry.contextWindow);
  }
  return merged;
}

/** Looks for the name itself, for its dated variant, and for both without a vendor in front (`openai/gpt-5.4`). */
function findModel(bySlug: ReadonlyMap<string, ModelInfo>, slug: string): ModelInfo | undefined {
  const bare = slug.slice(slug.lastIndexOf('/') + 1);
  // Ollama writes sizes after a colon: gpt-oss:20b.
  for (const name of new Set([slug, bare, bare.replace(':', '-')])) {
    const exact = bySlug.get(name);
    if (exact !== undefined) return renamed(exact, slug);
    for (const [known, model] of bySlug) {
      if (name.startsWith(known) && DATED.test(name.slice(known.length))) return renamed(model, slug);
    }
  }
  return undefined;
}

function renamed(model: ModelInfo, slug: string): ModelInfo {
  return model.slug === slug ? model : { ...model, slug };
}

/** Traits that nearly every server copes with: tools, but one call at a time, and no extras it might refuse. */
function unknownModel(slug: string): ModelInfo {
  const contextWindow = 128_000;
  return {
    slug,
    displayName: slug,
    description: 'Not in the catalog: cautious defaults are used. Describe it in model_catalog_json.',
    contextWindow,
    autoCompactTokenLimit: compactLimit(contextWindow),
    maxOutputTokens: null,
    editFormat: 'apply_patch_function',
    parallelToolCalls: false,
    inputImages: false,
    reasoning: null,
    verbosity: null,
    hostedTools: [],
    serviceTiers: [],
    price: null,
    listed: false,
    known: false,
  };
}
