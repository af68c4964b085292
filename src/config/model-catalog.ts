// Reads `model_catalog_json`: models of the user's own, in Codex's catalog format or in skua's.
import { UsageError } from '../protocol/error.ts';
import type { ModelInfo, ReasoningEffort, ServiceTier } from '../protocol/model.ts';
import { readTextFile } from './layers.ts';
import { isTable, type Table } from './table.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type UserModel = Partial<ModelInfo> & { slug: string };

const EFFORTS: readonly ReasoningEffort[] = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
  'ultra',
];

function effortOf(value: unknown): ReasoningEffort | null {
  const name = isTable(value) ? value['effort'] : value;
  return EFFORTS.find((effort) => effort === name) ?? null;
}

/** First member among several spellings. */
function pick(entry: Table, ...names: string[]): unknown {
  return names.map((name) => entry[name]).find((value) => value !== undefined && value !== null);
}

function readReasoning(entry: Table): ModelInfo['reasoning'] | undefined {
  const own = isTable(entry['reasoning']) ? entry['reasoning'] : null;
  const listed = own ? own['efforts'] : entry['supported_reasoning_levels'];
  if (!Array.isArray(listed)) return entry['reasoning'] === null ? null : undefined;
  const efforts = listed.map(effortOf).filter((effort) => effort !== null);
  if (efforts.length === 0) return null;
  const preferred = effortOf(own ? own['default'] : entry['default_reasoning_level']);
  const summaries = (own ? own['summaries'] : entry['supports_reasoning_summaries']) !== false;
  return {
    efforts,
    default: preferred ?? (efforts.includes('medium') ? 'medium' : (efforts[0] as ReasoningEffort)),
    summaries,
  };
}

function readPrice(value: unknown): ModelInfo['price'] | undefined {
  if (!isTable(value)) return undefined;
  const { input, cachedInput, output } = value;
  if (typeof input !== 'number' || typeof output !== 'number') return undefined;
  return { input, cachedInput: typeof cachedInput === 'number' ? cachedInput : input, output };
}

function readEditFormat(entry: Table): ModelInfo['editFormat'] | undefined {
  const format = pick(entry, 'editFormat', 'edit_format', 'apply_patch_tool_type');
  switch (format) {
    case 'freeform':
    case 'apply_patch_freeform':
      return 'apply_patch_freeform';
    case 'function':
    case 'apply_patch_function':
      return 'apply_patch_function';
    case 'str_replace':
      return 'str_replace';
    default:
      return undefined;
  }
}

function readModel(entry: Table, slug: string): UserModel {
  const model: Mutable<UserModel> = { slug };
  const text = (...names: string[]): string | undefined => {
    const value = pick(entry, ...names);
    return typeof value === 'string' ? value : undefined;
  };
  const count = (...names: string[]): number | undefined => {
    const value = pick(entry, ...names);
    return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
  };
  const assign = <K extends keyof ModelInfo>(key: K, value: ModelInfo[K] | undefined): void => {
    if (value !== undefined) Object.assign(model, { [key]: value });
  };
  assign('displayName', text('displayName', 'display_name'));
  assign('description', text('description'));
  const window = count('contextWindow', 'context_window');
  assign('contextWindow', window);
  assign('autoCompactTokenLimit', count('autoCompactTokenLimit', 'auto_compact_token_limit'));
  assign('maxOutputTokens', count('maxOutputTokens', 'max_output_tokens'));
  assign('editFormat', readEditFormat(entry));
  const parallel = pick(entry, 'parallelToolCalls', 'supports_parallel_tool_calls');
  if (typeof parallel === 'boolean') assign('parallelToolCalls', parallel);
  const modalities = pick(entry, 'input_modalities');
  const images = Array.isArray(modalities) ? modalities.includes('image') : entry['inputImages'];
  if (typeof images === 'boolean') assign('inputImages', images);
  assign('reasoning', readReasoning(entry));
  const verbosity = pick(entry, 'verbosity', 'default_verbosity');
  if (verbosity === 'low' || verbosity === 'medium' || verbosity === 'high') assign('verbosity', verbosity);
  assign('price', readPrice(entry['price']));
  const hosted = pick(entry, 'hostedTools', 'hosted_tools');
  if (Array.isArray(hosted))
    assign(
      'hostedTools',
      hosted.filter((tool) => typeof tool === 'string'),
    );
  const tiers = pick(entry, 'serviceTiers', 'service_tiers');
  if (Array.isArray(tiers)) {
    const isTier = (tier: unknown): tier is ServiceTier => tier === 'fast' || tier === 'flex';
    assign('serviceTiers', tiers.filter(isTier));
  }
  const listed = pick(entry, 'listed', 'visibility');
  if (listed !== undefined) assign('listed', listed === true || listed === 'list');
  return model;
}

/** Entries of the file, in its order. Throws `UsageError` when it is missing, no JSON, or an entry has no slug. */
export function readModelCatalog(file: string): UserModel[] {
  const text = readTextFile(file);
  if (text === null)
    throw new UsageError(`model_catalog_json: ${file} does not exist. Correct the path or unset it.`);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`model_catalog_json: ${file} is not valid JSON: ${why}.`, { cause: error });
  }
  const entries = isTable(data) ? data['models'] : data;
  if (!Array.isArray(entries)) {
    throw new UsageError(
      `model_catalog_json: ${file} must hold an array, or an object with an array \`models\`.`,
    );
  }
  return entries.map((entry: unknown, index) => {
    const slug = isTable(entry) ? entry['slug'] : undefined;
    if (!isTable(entry) || typeof slug !== 'string' || slug === '') {
      throw new UsageError(
        `model_catalog_json: entry ${index} of ${file} has no \`slug\` (the model's name).`,
      );
    }
    return readModel(entry, slug);
  });
}
