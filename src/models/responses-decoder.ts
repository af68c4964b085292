// Decodes the events of one Responses stream into model events: deltas joined, items exactly once, faults as errors.
import { DeltaTemplate } from './delta-template.ts';
import type { TurnError } from '../protocol/error.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import { isToolCall } from '../protocol/history.ts';
import type { ModelEvent } from '../protocol/model.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import { malformedError } from './network-errors.ts';
import { isObject, ItemLedger, readOutputItem, stringOf } from './output-items.ts';
import type { JsonObject, OutputItem } from './output-items.ts';
import { rateLimitsFromEvent } from './rate-limits.ts';
import type { ErrorContext } from './responses-errors.ts';
import { failedError, incompleteError, readErrorValue } from './responses-errors.ts';

type Delta = Extract<ModelEvent, { type: 'textDelta' | 'reasoningDelta' | 'toolInputDelta' }>;

export interface DecoderOptions {
  context: ErrorContext;
  /** Model that the server named in a header. */
  model: string | null;
  usedCallIds: () => ReadonlySet<string>;
  freshId: () => string;
}

/** What the stream has come to. */
export type StreamEnd = { type: 'completed' } | { type: 'failed'; error: TurnError };

/** Decoder of one stream. Give it the data of each event, then take what it made of them with `take`. */
export class ResponsesDecoder {
  /** Set by the last event that counts; everything after it is ignored. */
  end: StreamEnd | null = null;
  readonly #options: DecoderOptions;
  readonly #ledger: ItemLedger;
  #events: ModelEvent[] = [];
  #delta: Delta | null = null;
  /** Texts of the delta, joined once: appending piece by piece would keep every piece alive inside a rope. */
  #pieces: string[] = [];
  #deltaKey: unknown = null;
  /** How the next delta of an item looks; holds until an event of another kind comes. */
  #template: { form: DeltaTemplate; itemId: string; key: unknown } | null = null;
  #responseId = '';
  #isStarted = false;
  #lastSequence = -1;
  #hasRisingSequence = false;
  /** Item ids by output index, for servers that leave ids out. */
  readonly #idByIndex = new Map<number, string>();
  readonly #searches = new Set<string>();
  /** Text of messages by item id, for servers that never send the finished item. */
  readonly #openText = new Map<string, string>();
  #hasMessage = false;
  #hasHalfCall = false;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#ledger = new ItemLedger(options);
  }

  /** The model events since the last call. */
  take(): ModelEvent[] {
    this.#flush();
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  push(data: string): void {
    if (this.end !== null || data === '[DONE]') return;
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      return this.#fail(malformedError(`no valid JSON, ${data.length} characters`, this.#options.context));
    }
    if (!isObject(event)) return this.#fail(malformedError('no JSON object', this.#options.context));
    this.#handle(event, this.#isRepeated(event));
    this.#learn(data, event);
  }

  /** Takes a delta that goes on with the current text, without parsing it: the bulk of every stream. */
  peek(text: string, from: number, end: number): boolean {
    const template = this.#template;
    if (template === null || this.end !== null) return false;
    const next = template.form.read(text, from, end);
    if (next === null || next.sequence <= this.#lastSequence) return false;
    this.#lastSequence = next.sequence;
    this.#hasRisingSequence = true;
    if (this.#delta === null) {
      this.#delta = { type: 'textDelta', itemId: template.itemId, text: '' };
      this.#deltaKey = template.key;
    }
    this.#pieces.push(next.text);
    return true;
  }

  #learn(data: string, event: JsonObject): void {
    const text = event['delta'];
    const current = this.#delta;
    const isCurrent = current !== null && (event['item_id'] ?? event['output_index']) === this.#deltaKey;
    if (event['type'] !== 'response.output_text.delta' || !isCurrent || typeof text !== 'string') {
      this.#template = null;
      return;
    }
    if (this.#template?.itemId === current.itemId) return;
    const form = DeltaTemplate.learn(data, event['sequence_number'], text);
    this.#template = form && { form, itemId: current.itemId, key: this.#deltaKey };
  }

  #handle(event: JsonObject, isRepeated: boolean): void {
    switch (event['type']) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return isRepeated ? undefined : this.#addDelta(event, 'textDelta');
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return isRepeated ? undefined : this.#addDelta(event, 'toolInputDelta');
      case 'response.reasoning_summary_text.delta':
        return isRepeated ? undefined : this.#addDelta(event, 'reasoningDelta', 'summary');
      case 'response.reasoning_text.delta':
        return isRepeated ? undefined : this.#addDelta(event, 'reasoningDelta', 'content');
      case 'response.created':
        return this.#start(event['response']);
      case 'response.output_item.added':
        return this.#itemAdded(event);
      case 'response.output_item.done':
        return this.#itemDone(event);
      case 'response.completed':
      case 'response.done':
        return this.#complete(event['response']);
      case 'response.failed':
      case 'error':
        return this.#failed(event);
      case 'response.incomplete':
        return this.#incomplete(event['response']);
      case 'codex.rate_limits': {
        const limits = rateLimitsFromEvent(event);
        if (limits !== null) this.#emit(limits);
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #start(response: unknown): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const fields = isObject(response) ? response : {};
    this.#responseId = stringOf(fields['id']) ?? '';
    const model = this.#options.model ?? stringOf(fields['model']);
    this.#emit({ type: 'started', responseId: this.#responseId, model });
  }

  #addDelta(event: JsonObject, type: Delta['type'], part: 'summary' | 'content' = 'summary'): void {
    const text = event['delta'];
    if (typeof text !== 'string') return;
    const index = part === 'summary' ? event['summary_index'] : event['content_index'];
    const last = this.#delta;
    const key = event['item_id'] ?? event['output_index'];
    if (last !== null && last.type === type && key === this.#deltaKey) {
      if (last.type !== 'reasoningDelta' || (last.part === part && last.index === (index ?? 0))) {
        this.#pieces.push(text);
        return;
      }
    }
    this.#flush();
    const itemId = this.#idOf(event);
    if (this.#ledger.has(indexOf(event), itemId)) return;
    this.#deltaKey = key;
    this.#pieces = [text];
    this.#delta =
      type === 'reasoningDelta'
        ? { type, itemId, text: '', part, index: typeof index === 'number' ? index : 0 }
        : { type, itemId, text: '' };
  }

  /**
   * Whether this event came before. Only a sequence that is known to rise tells, for some servers do not count; so only
   * deltas are dropped for it, whose text comes again with the finished item.
   */
  #isRepeated(event: JsonObject): boolean {
    const sequence = event['sequence_number'];
    if (typeof sequence !== 'number') return false;
    if (sequence <= this.#lastSequence) return this.#hasRisingSequence;
    this.#hasRisingSequence = this.#lastSequence >= 0;
    this.#lastSequence = sequence;
    return false;
  }

  #itemAdded(event: JsonObject): void {
    const item = event['item'];
    if (!isObject(item))
      return this.#fail(malformedError('output_item.added without an item', this.#options.context));
    const itemId = this.#idOf(event, item);
    if (item['type'] === 'web_search_call') this.#startSearch(itemId);
    if (item['type'] === 'message' && !this.#ledger.has(indexOf(event), itemId))
      this.#openText.set(itemId, '');
  }

  #itemDone(event: JsonObject): void {
    const { item } = event;
    if (!isObject(item))
      return this.#fail(malformedError('output_item.done without an item', this.#options.context));
    const itemId = this.#idOf(event, item);
    const read = this.#read(item, indexOf(event));
    if (read === null) return;
    const entry = this.#ledger.add(read);
    if (entry !== null) this.#giveOut(itemId, entry);
  }

  /** null: the item ended the stream, or is one that must not be given out. */
  #read(item: JsonObject, index: number | null): OutputItem | null {
    const entry = readOutputItem(item);
    if (typeof entry === 'string') {
      this.#fail(malformedError(entry, this.#options.context));
      return null;
    }
    // Half a call must never run.
    if (isToolCall(entry) && item['status'] === 'incomplete') {
      this.#hasHalfCall = true;
      return null;
    }
    return { index, id: stringOf(item['id']), entry };
  }

  #giveOut(itemId: string, entry: HistoryEntry): void {
    if (entry.type === 'message') this.#hasMessage = true;
    if (entry.type === 'web_search_call') this.#startSearch(itemId);
    this.#emit({ type: 'entry', itemId, entry });
  }

  #startSearch(itemId: string): void {
    if (this.#searches.has(itemId)) return;
    this.#searches.add(itemId);
    this.#emit({ type: 'webSearchStarted', itemId });
  }

  #complete(value: unknown): void {
    const response = isObject(value) ? value : {};
    if (response['status'] === 'incomplete') return this.#incomplete(response);
    if (response['status'] === 'failed') return this.#failed({ response });
    this.#start(response);
    if (!this.#addFinalItems(response['output'])) return;
    if (this.#hasHalfCall)
      return this.#fail(incompleteError('a tool call was cut off', this.#options.context));
    this.#giveOutOpenText();
    const responseId = stringOf(response['id']) ?? this.#responseId;
    this.#emit({ type: 'completed', responseId, usage: readUsage(response['usage']) });
    this.end = { type: 'completed' };
  }

  #addFinalItems(output: unknown): boolean {
    if (!Array.isArray(output)) return true;
    const items: OutputItem[] = [];
    for (const [index, item] of output.entries()) {
      if (!isObject(item)) {
        this.#fail(malformedError('an output item that is no object', this.#options.context));
        return false;
      }
      const read = this.#read(item, index);
      if (this.end !== null) return false;
      if (read !== null) items.push(read);
    }
    for (const { index, id, entry } of this.#ledger.addFinal(items)) {
      this.#giveOut(id ?? this.#idOf({ output_index: index }), entry);
    }
    return true;
  }

  /** Text that was streamed but never came as an item: better kept than lost. */
  #giveOutOpenText(): void {
    this.#flush();
    const open = this.#hasMessage ? [] : this.#openText;
    for (const [itemId, text] of open) {
      if (text === '') continue;
      const entry: HistoryEntry = {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text }],
      };
      this.#giveOut(itemId, entry);
    }
  }

  #failed(event: JsonObject): void {
    const { response } = event;
    const error = readErrorValue(isObject(response) ? response['error'] : event);
    this.#fail(failedError(error ?? { code: null, message: 'no further word' }, this.#options.context));
  }

  #incomplete(response: unknown): void {
    const details = isObject(response) ? response['incomplete_details'] : null;
    const reason = isObject(details) ? stringOf(details['reason']) : null;
    this.#fail(incompleteError(reason ?? 'not given', this.#options.context));
  }

  #fail(error: TurnError): void {
    this.#flush();
    this.end = { type: 'failed', error };
  }

  #emit(event: ModelEvent): void {
    this.#flush();
    this.#events.push(event);
  }

  #flush(): void {
    const delta = this.#delta;
    if (delta === null) return;
    this.#delta = null;
    delta.text = this.#pieces.length === 1 ? (this.#pieces[0] as string) : this.#pieces.join('');
    this.#pieces = [];
    if (delta.text === '') return;
    this.#events.push(delta);
    const open = delta.type === 'textDelta' ? this.#openText.get(delta.itemId) : undefined;
    if (open !== undefined) this.#openText.set(delta.itemId, open + delta.text);
  }

  /** The id of an event's item: its own, else one that stands for its place in this response. */
  #idOf(event: JsonObject, item: JsonObject = {}): string {
    const own = stringOf(item['id']) ?? stringOf(event['item_id']);
    const index = indexOf(event);
    if (own !== null) {
      if (index !== null) this.#idByIndex.set(index, own);
      return own;
    }
    const known = index === null ? undefined : this.#idByIndex.get(index);
    if (known !== undefined) return known;
    const made = `item_${this.#options.freshId()}`;
    if (index !== null) this.#idByIndex.set(index, made);
    return made;
  }
}

function indexOf(event: JsonObject): number | null {
  const index = event['output_index'];
  return typeof index === 'number' ? index : null;
}

/** Maps `ResponseUsage`; null when the provider reports none. */
export function readUsage(value: unknown): TokenUsage | null {
  if (!isObject(value)) return null;
  const count = (holder: unknown, name: string): number => {
    const amount = isObject(holder) ? holder[name] : undefined;
    return typeof amount === 'number' && Number.isFinite(amount) && amount >= 0 ? Math.trunc(amount) : 0;
  };
  const inputTokens = count(value, 'input_tokens');
  const outputTokens = count(value, 'output_tokens');
  return {
    inputTokens,
    cachedInputTokens: count(value['input_tokens_details'], 'cached_tokens'),
    outputTokens,
    reasoningOutputTokens: count(value['output_tokens_details'], 'reasoning_tokens'),
    totalTokens: count(value, 'total_tokens') || inputTokens + outputTokens,
  };
}
