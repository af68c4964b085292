// Writes out a scripted answer as the event stream that the Responses API would send for it.
import { approximateTokens } from '../lib/tokens.ts';

export type ScriptedItem =
  /** A message in deltas of `deltaChars` characters (default 12). */
  | { type: 'message'; text: string; deltaChars?: number; phase?: 'commentary' | 'final_answer' }
  /** A message of `count` equal deltas, made to be sent fast. */
  | { type: 'burst'; delta: string; count: number }
  | { type: 'reasoning'; summary: readonly string[]; content?: readonly string[]; encrypted?: string }
  /** `callId: null` leaves the call id out, as some servers do. */
  | { type: 'functionCall'; name: string; arguments: string | object; callId?: string | null }
  | { type: 'customToolCall'; name: string; input: string; callId?: string | null }
  | { type: 'webSearch'; query: string };

export interface ScriptedUsage {
  input: number;
  cached?: number;
  output: number;
  reasoning?: number;
}

export type ScriptedEnding =
  | { type: 'completed' }
  | { type: 'failed'; code: string; message: string }
  | { type: 'incomplete'; reason: string }
  /** The stream closes in good order, but without a final event. */
  | { type: 'missing' };

export interface StreamReply {
  type: 'stream';
  items: readonly ScriptedItem[];
  usage?: ScriptedUsage;
  ending?: ScriptedEnding;
  headers?: Readonly<Record<string, string>>;
  /** Events of other kinds, sent after `response.in_progress`. */
  extraEvents?: readonly object[];
  /** Deltas per second; without it as fast as the reader takes them. */
  deltasPerSecond?: number;
  /** Sends every event so many times. */
  repeatEvents?: number;
  /** Which of the two places that carry finished items are left empty. */
  omit?: 'itemEvents' | 'finalOutput';
  /** Breaks the connection after so many bytes of the body. */
  cutAfterBytes?: number;
  /** Sends so many bytes of the body, then nothing, and keeps the connection open. */
  stallAfterBytes?: number;
}

export interface StreamContext {
  model: string;
  /** Makes ids of this answer differ from those of other answers. */
  idPrefix: string;
  /** Unix seconds. */
  createdAt: number;
  /** Used where the reply names no usage. */
  inputTokens: number;
  cachedTokens: number;
}

/** A piece of the body, and how many deltas are in it. */
export interface StreamPiece {
  text: string;
  deltas: number;
}

type Json = Record<string, unknown>;

const DEFAULT_DELTA_CHARS = 12;
const BURST_EVENTS_PER_PIECE = 100;

/** The body of a reply, piece by piece. */
export function* streamPieces(reply: StreamReply, context: StreamContext): Generator<StreamPiece> {
  const writer = new EventWriter(reply.repeatEvents ?? 1);
  const responseId = `resp_${context.idPrefix}`;
  const head = responseObject(responseId, context);
  yield writer.event('response.created', { response: { ...head, status: 'in_progress' } });
  yield writer.event('response.in_progress', { response: { ...head, status: 'in_progress' } });
  for (const extra of reply.extraEvents ?? []) yield writer.plain(extra as Json);
  const output: Json[] = [];
  for (const [index, item] of reply.items.entries()) {
    const finished = finishedItem(item, `${context.idPrefix}_${index}`);
    output.push(finished);
    if (reply.omit !== 'itemEvents') yield* itemPieces(writer, item, finished, index);
  }
  const last = finalEvent(
    reply,
    head,
    reply.omit === 'finalOutput' ? [] : output,
    usageOf(reply, context, output),
  );
  if (last !== null) yield writer.event(last.type, last.fields);
}

/** Tokens of a text, by the rule of thumb of four bytes each. */
export function estimateTokens(text: string): number {
  return approximateTokens(text);
}

class EventWriter {
  readonly #times: number;
  #sequence = 0;

  constructor(times: number) {
    this.#times = times;
  }

  event(type: string, fields: Json, deltas = 0): StreamPiece {
    return {
      text: this.#frame(type, JSON.stringify({ type, sequence_number: this.#sequence++, ...fields })),
      deltas,
    };
  }

  /** An event outside the numbered sequence. */
  plain(event: Json): StreamPiece {
    return { text: this.#frame(String(event['type']), JSON.stringify(event)), deltas: 0 };
  }

  /** Many deltas that differ only in their number: written without going through JSON for each. */
  burst(type: string, fields: Json, count: number): StreamPiece {
    const rest = JSON.stringify(fields).slice(1);
    let text = '';
    for (let i = 0; i < count; i++) {
      text += this.#frame(type, `{"type":"${type}","sequence_number":${this.#sequence++},${rest}`);
    }
    return { text, deltas: count };
  }

  #frame(type: string, data: string): string {
    const frame = `event: ${type}\ndata: ${data}\n\n`;
    return this.#times === 1 ? frame : frame.repeat(this.#times);
  }
}

function* itemPieces(
  writer: EventWriter,
  item: ScriptedItem,
  finished: Json,
  index: number,
): Generator<StreamPiece> {
  const at = { item_id: finished['id'], output_index: index };
  yield writer.event('response.output_item.added', { output_index: index, item: openItem(item, finished) });
  switch (item.type) {
    case 'message':
    case 'burst':
      yield* messagePieces(writer, item, at);
      break;
    case 'reasoning':
      yield* reasoningPieces(writer, item, at);
      break;
    case 'functionCall': {
      const text = String(finished['arguments']);
      yield* deltaPieces(writer, 'response.function_call_arguments.delta', at, text);
      yield writer.event('response.function_call_arguments.done', {
        ...at,
        name: item.name,
        arguments: text,
      });
      break;
    }
    case 'customToolCall':
      yield* deltaPieces(writer, 'response.custom_tool_call_input.delta', at, item.input);
      yield writer.event('response.custom_tool_call_input.done', { ...at, input: item.input });
      break;
    case 'webSearch':
      yield writer.event('response.web_search_call.in_progress', at);
      yield writer.event('response.web_search_call.searching', at);
      yield writer.event('response.web_search_call.completed', at);
      break;
  }
  yield writer.event('response.output_item.done', { output_index: index, item: finished });
}

function* messagePieces(
  writer: EventWriter,
  item: Extract<ScriptedItem, { type: 'message' | 'burst' }>,
  place: Json,
): Generator<StreamPiece> {
  const at = { ...place, content_index: 0 };
  const type = 'response.output_text.delta';
  yield writer.event('response.content_part.added', { ...at, part: outputText('') });
  if (item.type === 'message') {
    yield* deltaPieces(writer, type, { ...at, logprobs: [] }, item.text, item.deltaChars);
  } else {
    const fields = { ...at, delta: item.delta, logprobs: [] };
    for (let left = item.count; left > 0; left -= BURST_EVENTS_PER_PIECE) {
      yield writer.burst(type, fields, Math.min(left, BURST_EVENTS_PER_PIECE));
    }
  }
  const text = messageText(item);
  yield writer.event('response.output_text.done', { ...at, text, logprobs: [] });
  yield writer.event('response.content_part.done', { ...at, part: outputText(text) });
}

function* reasoningPieces(
  writer: EventWriter,
  item: Extract<ScriptedItem, { type: 'reasoning' }>,
  place: Json,
): Generator<StreamPiece> {
  for (const [summaryIndex, text] of item.summary.entries()) {
    const at = { ...place, summary_index: summaryIndex };
    yield writer.event('response.reasoning_summary_part.added', {
      ...at,
      part: { type: 'summary_text', text: '' },
    });
    yield* deltaPieces(writer, 'response.reasoning_summary_text.delta', at, text);
    yield writer.event('response.reasoning_summary_text.done', { ...at, text });
    yield writer.event('response.reasoning_summary_part.done', {
      ...at,
      part: { type: 'summary_text', text },
    });
  }
  for (const [contentIndex, text] of (item.content ?? []).entries()) {
    const at = { ...place, content_index: contentIndex };
    yield* deltaPieces(writer, 'response.reasoning_text.delta', at, text);
    yield writer.event('response.reasoning_text.done', { ...at, text });
  }
}

function* deltaPieces(
  writer: EventWriter,
  type: string,
  at: Json,
  text: string,
  chars = DEFAULT_DELTA_CHARS,
): Generator<StreamPiece> {
  // By code point: half of a surrogate pair is no text.
  const points = Array.from(text);
  for (let from = 0; from < points.length; from += chars) {
    yield writer.event(type, { ...at, delta: points.slice(from, from + chars).join('') }, 1);
  }
}

function finishedItem(item: ScriptedItem, id: string): Json {
  const callId = (given: string | null | undefined): Json =>
    given === null ? {} : { call_id: given ?? `call_${id}` };
  switch (item.type) {
    case 'message':
    case 'burst':
      return {
        id: `msg_${id}`,
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [outputText(messageText(item))],
        ...(item.type === 'message' && item.phase !== undefined ? { phase: item.phase } : {}),
      };
    case 'reasoning':
      return {
        id: `rs_${id}`,
        type: 'reasoning',
        summary: item.summary.map((text) => ({ type: 'summary_text', text })),
        ...(item.content === undefined
          ? {}
          : { content: item.content.map((text) => ({ type: 'reasoning_text', text })) }),
        encrypted_content: item.encrypted ?? null,
      };
    case 'functionCall': {
      const text = typeof item.arguments === 'string' ? item.arguments : JSON.stringify(item.arguments);
      const call = { ...callId(item.callId), name: item.name, arguments: text };
      return { id: `fc_${id}`, type: 'function_call', status: 'completed', ...call };
    }
    case 'customToolCall':
      return {
        id: `ctc_${id}`,
        type: 'custom_tool_call',
        ...callId(item.callId),
        name: item.name,
        input: item.input,
      };
    case 'webSearch':
      return {
        id: `ws_${id}`,
        type: 'web_search_call',
        status: 'completed',
        action: { type: 'search', query: item.query, queries: [item.query] },
      };
  }
}

/** The item as it is announced, before its content. */
function openItem(item: ScriptedItem, finished: Json): Json {
  switch (item.type) {
    case 'message':
    case 'burst':
      return { ...finished, status: 'in_progress', content: [] };
    case 'reasoning': {
      const { content: _content, ...rest } = finished;
      return { ...rest, summary: [] };
    }
    case 'functionCall':
      return { ...finished, status: 'in_progress', arguments: '' };
    case 'customToolCall':
      return { ...finished, input: '' };
    case 'webSearch':
      return { ...finished, status: 'in_progress' };
  }
}

function messageText(item: Extract<ScriptedItem, { type: 'message' | 'burst' }>): string {
  return item.type === 'message' ? item.text : item.delta.repeat(item.count);
}

function outputText(text: string): Json {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function responseObject(id: string, context: StreamContext): Json {
  return {
    id,
    object: 'response',
    created_at: context.createdAt,
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: context.model,
    output: [],
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  };
}

function usageOf(reply: StreamReply, context: StreamContext, output: readonly Json[]): Json {
  const written = output.reduce((sum, item) => sum + estimateTokens(JSON.stringify(item)), 0);
  const usage = reply.usage ?? { input: context.inputTokens, cached: context.cachedTokens, output: written };
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached ?? 0, cache_write_tokens: 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: usage.input + usage.output,
  };
}

function finalEvent(
  reply: StreamReply,
  head: Json,
  output: readonly Json[],
  usage: Json,
): { type: string; fields: Json } | null {
  const ending = reply.ending ?? { type: 'completed' };
  switch (ending.type) {
    case 'completed':
      return { type: 'response.completed', fields: { response: { ...head, output, usage } } };
    case 'failed': {
      const { code, message } = ending;
      const response = { ...head, status: 'failed', error: { code, message } };
      return { type: 'response.failed', fields: { response } };
    }
    case 'incomplete': {
      const details = { status: 'incomplete', incomplete_details: { reason: ending.reason } };
      return { type: 'response.incomplete', fields: { response: { ...head, ...details, output, usage } } };
    }
    case 'missing':
      return null;
  }
}
