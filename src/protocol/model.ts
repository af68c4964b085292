// The border to a model: one request out, a stream of events in; and what is known about each model.
import type { HistoryEntry } from './history.ts';
import type { TokenUsage } from './usage.ts';

export type JsonSchema = { readonly [key: string]: unknown };

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max' | 'ultra';
export type ReasoningSummary = 'auto' | 'concise' | 'detailed' | 'none';
export type Verbosity = 'low' | 'medium' | 'high';
export type ServiceTier = 'fast' | 'flex';

/** How a tool is offered to the model. `freeform` becomes a Responses `custom` tool with a grammar. */
export interface ToolSpec {
  name: string;
  description: string;
  input:
    | { type: 'json'; schema: JsonSchema; strict?: boolean }
    | { type: 'freeform'; syntax: 'lark' | 'regex'; definition: string };
}

/** A tool the provider runs itself, passed through as it is (for example `{ type: 'web_search' }`). */
export type HostedToolSpec = { type: string } & Record<string, unknown>;

export interface ModelRequest {
  model: string;
  /** The system prompt. */
  instructions: string;
  /** Append-only between the requests of a thread, so that the provider's prompt cache stays warm. */
  input: readonly HistoryEntry[];
  tools: readonly ToolSpec[];
  hostedTools: readonly HostedToolSpec[];
  parallelToolCalls: boolean;
  /** `none` for requests that must be answered in text. Default `auto`. */
  toolChoice?: 'auto' | 'none';
  reasoning: { effort?: ReasoningEffort; summary?: ReasoningSummary } | null;
  verbosity?: Verbosity;
  serviceTier?: ServiceTier;
  outputSchema?: JsonSchema;
  /** Prompt-cache key and conversation id: the thread's id. */
  threadId: string;
  turnId: string;
  /** Sent as turn metadata by providers that take it. */
  sandboxMode: string;
}

export interface RateLimitWindow {
  usedPercent: number;
  windowMinutes: number | null;
  /** Unix seconds. */
  resetsAt: number | null;
}

/**
 * What a wire adapter yields. Text deltas may be coalesced: one event carries all text of one network read.
 * `entry` comes once per finished output item, in order; `completed` is the last event of every good stream.
 */
export type ModelEvent =
  | { type: 'started'; responseId: string; model: string | null }
  | { type: 'textDelta'; itemId: string; text: string }
  | { type: 'reasoningDelta'; itemId: string; text: string; part: 'summary' | 'content'; index: number }
  | { type: 'toolInputDelta'; itemId: string; text: string }
  | { type: 'webSearchStarted'; itemId: string }
  | { type: 'entry'; itemId: string; entry: HistoryEntry }
  | { type: 'rateLimits'; primary: RateLimitWindow | null; secondary: RateLimitWindow | null }
  | { type: 'completed'; responseId: string; usage: TokenUsage | null };

/** A function, so that record, replay, script and budget are decorators. Fails with a `TurnError`. */
export type ModelClient = (request: ModelRequest, signal: AbortSignal) => AsyncIterable<ModelEvent>;

/** Which tools a model was trained to edit files with. */
export type EditFormat = 'apply_patch_freeform' | 'apply_patch_function' | 'str_replace';

/** One catalog entry: what a model can do. All sizes in tokens, prices in USD per million tokens. */
export interface ModelInfo {
  slug: string;
  displayName: string;
  description: string;
  contextWindow: number;
  /** Share of the window that is used before compaction starts. */
  autoCompactTokenLimit: number;
  maxOutputTokens: number | null;
  editFormat: EditFormat;
  parallelToolCalls: boolean;
  inputImages: boolean;
  reasoning: {
    efforts: readonly ReasoningEffort[];
    default: ReasoningEffort;
    summaries: boolean;
  } | null;
  verbosity: Verbosity | null;
  /** Provider-run tools that this model takes, by wire type. */
  hostedTools: readonly string[];
  serviceTiers: readonly ServiceTier[];
  price: { input: number; cachedInput: number; output: number } | null;
  /** False for entries that exist to be resumed, not to be picked. */
  listed: boolean;
  /** False for a model the catalog has never heard of: the fields above are then cautious defaults. */
  known: boolean;
}
