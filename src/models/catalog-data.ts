// What is known of each model: sizes, tools, and abilities, as plain data.
import type { ModelInfo, ReasoningEffort } from '../protocol/model.ts';

type Reasoning = NonNullable<ModelInfo['reasoning']>;

const UP_TO_HIGH: readonly ReasoningEffort[] = ['low', 'medium', 'high'];
const UP_TO_XHIGH: readonly ReasoningEffort[] = ['low', 'medium', 'high', 'xhigh'];
const UP_TO_MAX: readonly ReasoningEffort[] = ['low', 'medium', 'high', 'xhigh', 'max'];
const UP_TO_ULTRA: readonly ReasoningEffort[] = ['low', 'medium', 'high', 'xhigh', 'max', 'ultra'];

/** Share of the window after which the history is compacted. */
const COMPACT_SHARE = 0.9;

/** Tokens after which a history in a window of this size is compacted. */
export function compactLimit(contextWindow: number): number {
  return Math.floor(contextWindow * COMPACT_SHARE);
}

type Entry = Pick<ModelInfo, 'slug' | 'displayName' | 'description'> & Partial<ModelInfo>;

function reasoning(efforts: readonly ReasoningEffort[]): Reasoning {
  return { efforts, default: 'medium', summaries: true };
}

/** The traits that OpenAI's coding models share. */
function openai(entry: Entry): ModelInfo {
  const contextWindow = entry.contextWindow ?? 272_000;
  return {
    contextWindow,
    autoCompactTokenLimit: compactLimit(contextWindow),
    maxOutputTokens: 128_000,
    editFormat: 'apply_patch_freeform',
    parallelToolCalls: true,
    inputImages: true,
    reasoning: reasoning(UP_TO_XHIGH),
    verbosity: null,
    hostedTools: ['web_search'],
    serviceTiers: ['fast', 'flex'],
    price: null,
    listed: true,
    known: true,
    ...entry,
  };
}

/** Open-weight models, as local servers run them: text only, and no tools run by the provider. */
function openWeight(entry: Entry): ModelInfo {
  return openai({
    contextWindow: 128_000,
    maxOutputTokens: null,
    editFormat: 'apply_patch_function',
    parallelToolCalls: false,
    inputImages: false,
    reasoning: { efforts: UP_TO_HIGH, default: 'medium', summaries: false },
    hostedTools: [],
    serviceTiers: [],
    ...entry,
  });
}

/**
 * Sources: the models bundled with Codex 0.118 and 0.169; prices from OpenAI's price list, standard tier, up to 272k
 * tokens of input; null where no figure is certain.
 */
export const BUILT_IN_MODELS: readonly ModelInfo[] = [
  openai({
    slug: 'gpt-5.3-codex',
    displayName: 'GPT-5.3 Codex',
    description: 'Coding model; the default of Codex 0.118.',
    price: { input: 1.75, cachedInput: 0.175, output: 14 },
  }),
  openai({
    slug: 'gpt-5.4',
    displayName: 'GPT-5.4',
    description: 'General model, strong at code.',
    verbosity: 'low',
    price: { input: 2.5, cachedInput: 0.25, output: 15 },
  }),
  openai({
    slug: 'gpt-6.1-sol',
    displayName: 'GPT-6.1 Sol',
    description: 'Everyday coding model; the default of Codex 0.169.',
    reasoning: reasoning(UP_TO_ULTRA),
    verbosity: 'low',
    price: { input: 2, cachedInput: 0.1, output: 10 },
  }),
  openai({
    slug: 'gpt-6.1-terra',
    displayName: 'GPT-6.1 Terra',
    description: 'Long-context model.',
    contextWindow: 500_000,
    reasoning: reasoning(UP_TO_ULTRA),
    verbosity: 'low',
  }),
  openai({
    slug: 'gpt-6-astra',
    displayName: 'GPT-6 Astra',
    description: 'The strongest and dearest model of its generation.',
    reasoning: reasoning(UP_TO_ULTRA),
    verbosity: 'low',
    price: { input: 10, cachedInput: 1, output: 50 },
  }),
  openai({
    slug: 'gpt-6-sol',
    displayName: 'GPT-6 Sol',
    description: 'Everyday coding model.',
    reasoning: reasoning(UP_TO_ULTRA),
    verbosity: 'low',
    price: { input: 2, cachedInput: 0.2, output: 10 },
  }),
  openai({
    slug: 'gpt-6-luna',
    displayName: 'GPT-6 Luna',
    description: 'Small and fast.',
    reasoning: reasoning(UP_TO_MAX),
    verbosity: 'low',
    price: { input: 0.1, cachedInput: 0.01, output: 0.5 },
  }),
  openai({
    slug: 'gpt-5.6-sol',
    displayName: 'GPT-5.6 Sol',
    description: 'Everyday coding model of the generation before.',
    reasoning: reasoning(UP_TO_MAX),
    verbosity: 'low',
  }),
  openai({
    slug: 'gpt-5.6-terra',
    displayName: 'GPT-5.6 Terra',
    description: 'Balanced model of the generation before.',
    reasoning: reasoning(UP_TO_MAX),
    verbosity: 'low',
    price: { input: 2, cachedInput: 0.2, output: 12 },
  }),
  openai({
    slug: 'gpt-5.6-luna',
    displayName: 'GPT-5.6 Luna',
    description: 'Small model of the generation before.',
    reasoning: reasoning(UP_TO_MAX),
    verbosity: 'low',
    price: { input: 0.2, cachedInput: 0.02, output: 1.2 },
  }),
  openai({
    slug: 'gpt-5.5',
    displayName: 'GPT-5.5',
    description: 'General model, strong at code.',
    verbosity: 'low',
    price: { input: 5, cachedInput: 0.5, output: 30 },
  }),
  openai({
    slug: 'gpt-5.3-codex-spark',
    displayName: 'GPT-5.3 Codex Spark',
    description: 'Very fast coding model (more than 1,000 tokens per second), text only.',
    contextWindow: 128_000,
    maxOutputTokens: null,
    inputImages: false,
    serviceTiers: [],
  }),
  openai({
    slug: 'gpt-5.2-codex',
    displayName: 'GPT-5.2 Codex',
    description: 'Coding model.',
    price: { input: 1.75, cachedInput: 0.175, output: 14 },
  }),
  openai({
    slug: 'gpt-5.1-codex-max',
    displayName: 'GPT-5.1 Codex Max',
    description: 'Coding model for long tasks.',
    price: { input: 1.25, cachedInput: 0.125, output: 10 },
  }),
  openai({
    slug: 'gpt-5.2',
    displayName: 'GPT-5.2',
    description: 'General model.',
    verbosity: 'low',
    price: { input: 1.75, cachedInput: 0.175, output: 14 },
  }),
  openai({
    slug: 'gpt-5.1-codex-mini',
    displayName: 'GPT-5.1 Codex Mini',
    description: 'Small and cheap coding model.',
    reasoning: reasoning(UP_TO_HIGH),
    price: { input: 0.25, cachedInput: 0.025, output: 2 },
  }),
  openai({
    slug: 'gpt-5.1',
    displayName: 'GPT-5.1',
    description: 'General model of an older generation.',
    reasoning: reasoning(UP_TO_HIGH),
    verbosity: 'low',
    price: { input: 1.25, cachedInput: 0.125, output: 10 },
    listed: false,
  }),
  openai({
    slug: 'gpt-5.1-codex',
    displayName: 'GPT-5.1 Codex',
    description: 'Coding model of an older generation.',
    reasoning: reasoning(UP_TO_HIGH),
    price: { input: 1.25, cachedInput: 0.125, output: 10 },
    listed: false,
  }),
  openai({
    slug: 'gpt-5',
    displayName: 'GPT-5',
    description: 'General model of an older generation.',
    editFormat: 'apply_patch_function',
    reasoning: reasoning(['minimal', ...UP_TO_HIGH]),
    verbosity: 'low',
    price: { input: 1.25, cachedInput: 0.125, output: 10 },
    listed: false,
  }),
  openai({
    slug: 'gpt-5-codex',
    displayName: 'GPT-5 Codex',
    description: 'Coding model of an older generation.',
    reasoning: reasoning(UP_TO_HIGH),
    price: { input: 1.25, cachedInput: 0.125, output: 10 },
    listed: false,
  }),
  openai({
    slug: 'gpt-5-codex-mini',
    displayName: 'GPT-5 Codex Mini',
    description: 'Small coding model of an older generation.',
    reasoning: reasoning(UP_TO_HIGH),
    price: { input: 0.25, cachedInput: 0.025, output: 2 },
    listed: false,
  }),
  openWeight({
    slug: 'gpt-oss-120b',
    displayName: 'gpt-oss 120B',
    description: 'Open-weight model for a large machine.',
  }),
  openWeight({
    slug: 'gpt-oss-20b',
    displayName: 'gpt-oss 20B',
    description: 'Open-weight model for a workstation.',
  }),
  openWeight({
    slug: 'demo',
    displayName: 'Demo (scripted, no AI)',
    description:
      'A small scripted model that needs no key and no network: it repairs one-line bugs that a failing test shows.',
    editFormat: 'apply_patch_freeform',
    reasoning: null,
  }),
];
