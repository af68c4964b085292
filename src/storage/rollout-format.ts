// Projection of thread events to the lines of a rollout, in the shape that Codex writes and reads.
//
// A line is `{timestamp, type, payload}`. Types: session_meta (first line), turn_context (settings of a turn),
// response_item (one entry of the history, as the provider's API has it), compacted (a new history), event_msg (what
// people saw; only read for token counts, lists and the real Codex's views). Deltas and other passing events are not kept.
import type { JsonObject } from '../lib/json-lines.ts';
import type { TurnErrorCode } from '../protocol/error.ts';
import type { ThreadEvent } from '../protocol/event.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { Item, UserInput } from '../protocol/item.ts';
import type { RateLimitWindow } from '../protocol/model.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import { turnContextPayload } from './rollout-settings.ts';

export type RolloutLineType = 'session_meta' | 'turn_context' | 'response_item' | 'compacted' | 'event_msg';

export interface RolloutLine {
  type: RolloutLineType;
  payload: JsonObject;
}

/** What the projection has to remember of earlier events of the thread. */
export interface ProjectionState {
  turnContext: JsonObject | null;
}

/** One line of the file, line feed included. `timestamp`: ISO 8601, UTC. `ordinal`: where the lines are numbered. */
export function formatLine(timestamp: string, line: RolloutLine, ordinal: number | null = null): string {
  const number = ordinal === null ? '' : `"ordinal":${ordinal},`;
  return `{"timestamp":"${timestamp}",${number}"type":"${line.type}","payload":${JSON.stringify(line.payload)}}\n`;
}

/** The lines an event adds to the rollout, in order; none for events that are not kept. */
export function projectEvent(event: ThreadEvent, state: ProjectionState): RolloutLine[] {
  switch (event.type) {
    case 'turn.started':
      state.turnContext = turnContextPayload(event.turnId, event.settings);
      return [
        message('task_started', {
          turn_id: event.turnId,
          model_context_window: event.contextWindow,
          collaboration_mode_kind: 'default',
        }),
        { type: 'turn_context', payload: state.turnContext },
      ];
    case 'history.appended':
      return event.entries.map(historyLine);
    case 'history.replaced':
      return replacement(event.entries, event.summary, state);
    case 'item.completed':
      return itemLines(event.item);
    case 'usage.updated':
      return [message('token_count', usagePayload(event.last, event.thread, event.contextWindow))];
    case 'rateLimits.updated':
      return [message('token_count', limitsPayload(event.primary, event.secondary))];
    case 'turn.completed':
      return [message('task_complete', { turn_id: event.turnId, last_agent_message: event.lastMessage })];
    case 'turn.failed':
      return [
        message('error', {
          message: event.error.message,
          codex_error_info: codexErrorOf(event.error.code),
          skua: { code: event.error.code, retryable: event.error.retryable },
        }),
        message('task_complete', { turn_id: event.turnId, last_agent_message: null }),
      ];
    case 'turn.aborted':
      return [
        message('turn_aborted', {
          turn_id: event.turnId,
          reason: event.reason === 'replaced' ? 'replaced' : 'interrupted',
        }),
      ];
    case 'item.started':
    case 'item.delta':
    case 'item.updated':
    case 'approval.requested':
    case 'approval.resolved':
    case 'model.retrying':
    case 'diff.updated':
    case 'thread.changed':
    case 'warning':
      return [];
  }
}

/** Whether the event ends a turn: then what was written must survive a loss of power. */
export function isTurnEnd(event: ThreadEvent): boolean {
  return event.type === 'turn.completed' || event.type === 'turn.failed' || event.type === 'turn.aborted';
}

function message(type: string, members: JsonObject): RolloutLine {
  return { type: 'event_msg', payload: { type, ...members } };
}

/** An entry as the provider's API has it. */
export function entryPayload(entry: HistoryEntry): JsonObject {
  return entry.type === 'unknown' ? entry.raw : { ...entry };
}

export function historyLine(entry: HistoryEntry): RolloutLine {
  return { type: 'response_item', payload: entryPayload(entry) };
}

function replacement(
  entries: readonly HistoryEntry[],
  summary: string,
  state: ProjectionState,
): RolloutLine[] {
  const lines: RolloutLine[] = [
    { type: 'compacted', payload: { message: summary, replacement_history: entries.map(entryPayload) } },
  ];
  // Codex forgets the settings at a compaction; without them it would add its whole context once more.
  if (state.turnContext !== null) lines.push({ type: 'turn_context', payload: state.turnContext });
  lines.push(message('context_compacted', {}));
  return lines;
}

function itemLines(item: Item): RolloutLine[] {
  switch (item.type) {
    case 'userMessage':
      return [message('user_message', userMessagePayload(item.content))];
    case 'agentMessage':
      return [message('agent_message', { message: item.text, phase: item.phase, memory_citation: null })];
    case 'reasoning':
      return [
        ...item.summary.map((text) => message('agent_reasoning', { text })),
        ...item.content.map((text) => message('agent_reasoning_raw_content', { text })),
      ];
    default:
      // Commands, patches and the like are shown again from the history itself.
      return [];
  }
}

function userMessagePayload(content: readonly UserInput[]): JsonObject {
  const texts: string[] = [];
  const images: string[] = [];
  const localImages: string[] = [];
  for (const part of content) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'image') images.push(part.url);
    else if (part.type === 'localImage') localImages.push(part.path);
    else texts.push(`$${part.name}`);
  }
  return { message: texts.join('\n'), images, local_images: localImages, text_elements: [] };
}

function tokens(usage: TokenUsage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    reasoning_output_tokens: usage.reasoningOutputTokens,
    total_tokens: usage.totalTokens,
  };
}

function usagePayload(last: TokenUsage, thread: TokenUsage, contextWindow: number): JsonObject {
  return {
    info: {
      total_token_usage: tokens(thread),
      last_token_usage: tokens(last),
      model_context_window: contextWindow,
    },
    rate_limits: null,
  };
}

function limitsPayload(primary: RateLimitWindow | null, secondary: RateLimitWindow | null): JsonObject {
  const limit = (window: RateLimitWindow | null): JsonObject | null =>
    window && {
      used_percent: window.usedPercent,
      window_minutes: window.windowMinutes,
      resets_at: window.resetsAt,
    };
  return {
    info: null,
    rate_limits: {
      limit_id: 'codex',
      limit_name: null,
      primary: limit(primary),
      secondary: limit(secondary),
      credits: null,
      plan_type: null,
    },
  };
}

function codexErrorOf(code: TurnErrorCode): string {
  switch (code) {
    case 'auth':
      return 'unauthorized';
    case 'rate_limited':
    case 'quota':
      return 'usage_limit_exceeded';
    case 'overloaded':
      return 'server_overloaded';
    case 'bad_request':
      return 'bad_request';
    case 'context_length':
      return 'context_window_exceeded';
    case 'sandbox':
      return 'sandbox_error';
    case 'transport':
    case 'incomplete':
    case 'budget':
    case 'policy':
    case 'schema':
    case 'interrupted':
    case 'storage':
    case 'internal':
      return 'other';
  }
}
