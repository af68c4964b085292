// Reads finished output items into history entries, and sees to it that each comes out exactly once.
import type { HistoryEntry, InputContent, ToolCallEntry } from '../protocol/history.ts';
import { isToolCall } from '../protocol/history.ts';

export type JsonObject = Record<string, unknown>;

/** An output item as it came, with where it stood. */
export interface OutputItem {
  index: number | null;
  /** The provider's own id; null when it gave none. */
  id: string | null;
  entry: HistoryEntry;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function stringOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Reads one output item. Members we do not know stay; `status` goes, for a finished item needs none.
 * Returns a text that says what is wrong with an item that cannot be read.
 */
export function readOutputItem(item: JsonObject): HistoryEntry | string {
  const { status: _status, ...rest } = item;
  switch (item['type']) {
    case 'message':
      return readMessage(rest);
    case 'reasoning': {
      const summary = item['summary'] ?? [];
      if (!isPartList(summary)) return 'a reasoning item without a list of summaries';
      const { content, ...plain } = rest;
      const kept = isPartList(content) && content.length > 0 ? { content } : {};
      return { ...plain, summary, ...kept } as HistoryEntry;
    }
    case 'function_call': {
      const { name, arguments: args } = item;
      if (typeof name !== 'string' || name === '') return 'a function call without a name';
      if (args === undefined || args === null) return `a call of "${name}" without arguments`;
      // Some servers give the arguments as an object.
      const text = typeof args === 'string' ? args : JSON.stringify(args);
      return { ...rest, call_id: stringOf(item['call_id']) ?? '', arguments: text } as HistoryEntry;
    }
    case 'custom_tool_call': {
      const { name, input } = item;
      if (typeof name !== 'string' || name === '') return 'a custom tool call without a name';
      if (typeof input !== 'string') return `a call of "${name}" without input`;
      return { ...rest, call_id: stringOf(item['call_id']) ?? '' } as HistoryEntry;
    }
    case 'web_search_call':
      return item as unknown as HistoryEntry;
    case 'compaction':
    case 'compaction_summary':
      return typeof item['encrypted_content'] === 'string'
        ? (rest as unknown as HistoryEntry)
        : 'a compaction without content';
    default:
      return typeof item['type'] === 'string'
        ? { type: 'unknown', raw: item }
        : 'an output item without a type';
  }
}

function readMessage(item: JsonObject): HistoryEntry | string {
  const content =
    typeof item['content'] === 'string' ? [{ type: 'output_text', text: item['content'] }] : item['content'];
  if (!isPartList(content)) return 'a message without a list of contents';
  const { phase, ...rest } = item;
  const kept = typeof phase === 'string' ? { phase } : {};
  return {
    ...rest,
    ...kept,
    role: item['role'] ?? 'assistant',
    content: content.map(slimPart),
  } as HistoryEntry;
}

/** Probabilities and empty lists would be sent back with every later request. */
function slimPart(part: JsonObject): InputContent {
  const { logprobs: _logprobs, annotations, ...rest } = part;
  const kept = Array.isArray(annotations) && annotations.length > 0 ? { annotations } : {};
  return { ...rest, ...kept } as unknown as InputContent;
}

function isPartList(value: unknown): value is JsonObject[] {
  return Array.isArray(value) && value.every(isObject);
}

/**
 * The items of one response. Providers (and proxies that replay a stream) send an item more than once: in
 * `output_item.done`, again in `response.completed`, or every event twice. One item comes out once; two different calls
 * never merge.
 */
export class ItemLedger {
  readonly #items: OutputItem[] = [];
  readonly #usedCallIds: () => ReadonlySet<string>;
  readonly #freshId: () => string;
  #taken: Set<string> | null = null;

  /** `usedCallIds` gives the call ids that the history holds already; asked at most once, when a call comes. */
  constructor(options: { usedCallIds: () => ReadonlySet<string>; freshId: () => string }) {
    this.#usedCallIds = options.usedCallIds;
    this.#freshId = options.freshId;
  }

  /** The entry to give out, with a call id of its own; null when the item was given out before. */
  add(item: OutputItem): HistoryEntry | null {
    if (this.#items.some((known) => isSameItem(known, item))) return null;
    this.#items.push(item);
    return this.#withOwnCallId(item.entry);
  }

  /**
   * The items of the final response that the stream did not bring before. Each known item stands for one of them, so
   * that two equal messages stay two.
   */
  addFinal(items: readonly OutputItem[]): OutputItem[] {
    const open = [...this.#items];
    const unmatched = (wanted: readonly OutputItem[], isMatch: typeof isSameItem): OutputItem[] =>
      wanted.filter((item) => {
        const match = open.findIndex((known) => isMatch(known, item));
        if (match !== -1) open.splice(match, 1);
        return match === -1;
      });
    // Items that are surely the same go first, so that a twin with the same words does not take their place.
    const missing = unmatched(unmatched(items, isSameItem), hasSameContent);
    return missing.flatMap((item) => {
      const entry = this.add(item);
      return entry === null ? [] : [{ ...item, entry }];
    });
  }

  /** Whether the item at this place, or with this id, was given out. */
  has(index: number | null, id: string): boolean {
    return this.#items.some(
      (known) => known.id === id || (known.id === null && known.index !== null && known.index === index),
    );
  }

  #withOwnCallId(entry: HistoryEntry): HistoryEntry {
    if (!isToolCall(entry)) return entry;
    this.#taken ??= new Set(this.#usedCallIds());
    let callId = entry.call_id;
    while (callId === '' || this.#taken.has(callId)) callId = `call_${this.#freshId()}`;
    this.#taken.add(callId);
    return callId === entry.call_id ? entry : { ...entry, call_id: callId };
  }
}

function isSameItem(a: OutputItem, b: OutputItem): boolean {
  if (a.entry.type !== b.entry.type) return false;
  const samePlace = isSamePlace(a, b);
  if (isToolCall(a.entry) && isToolCall(b.entry)) return isSameCall(a.entry, b.entry, samePlace);
  return samePlace || (a.index !== null && a.index === b.index && hasSameContent(a, b));
}

/** Same position in the response: the index decides unless the ids contradict it; without an index, the id does. */
function isSamePlace(a: OutputItem, b: OutputItem): boolean {
  const idsDiffer = a.id !== null && b.id !== null && a.id !== b.id;
  if (a.index !== null && b.index !== null && a.index !== b.index) {
    // Some servers number the final list anew; the id then still tells, unless one id serves for everything.
    return a.id !== null && a.id === b.id && (a.entry.type === 'reasoning' || hasSameContent(a, b));
  }
  return !idsDiffer && (a.index !== null || a.id !== null);
}

/** One call id runs at most once; but a provider that gives one id to different calls means different calls. */
function isSameCall(a: ToolCallEntry, b: ToolCallEntry, samePlace: boolean): boolean {
  if (a.call_id !== b.call_id && a.call_id !== '' && b.call_id !== '') return false;
  const sameText = callText(a) === callText(b);
  if (a.call_id !== '' && a.call_id === b.call_id) return sameText || samePlace;
  return samePlace && sameText;
}

function callText(call: ToolCallEntry): string {
  return `${call.name}\n${call.type === 'function_call' ? call.arguments : call.input}`;
}

function hasSameContent(a: OutputItem, b: OutputItem): boolean {
  return a.entry.type === b.entry.type && contentOf(a.entry) === contentOf(b.entry);
}

function contentOf(entry: HistoryEntry): string {
  switch (entry.type) {
    case 'message':
      return JSON.stringify(entry.content);
    case 'function_call':
    case 'custom_tool_call':
      return `${entry.call_id}\n${callText(entry)}`;
    case 'reasoning':
      return JSON.stringify([entry.summary, entry.encrypted_content ?? null]);
    default:
      return JSON.stringify(entry);
  }
}
