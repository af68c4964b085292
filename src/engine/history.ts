// The append-only history of a thread, with the counts that decide when it must be compacted.
import type { HistoryEntry, InputContent } from '../protocol/history.ts';
import { isToolCall, isToolOutput } from '../protocol/history.ts';
import { approximateTokens } from '../lib/tokens.ts';

/** An image costs about this many tokens whatever its file size. */
const IMAGE_TOKENS = 1500;

/** Estimated tokens of one entry: a quarter of its text bytes, a flat price for images. */
export function entryTokens(entry: HistoryEntry): number {
  switch (entry.type) {
    case 'message':
      return contentTokens(entry.content) + 4;
    case 'function_call':
      return approximateTokens(entry.arguments) + 12;
    case 'custom_tool_call':
      return approximateTokens(entry.input) + 12;
    case 'function_call_output':
    case 'custom_tool_call_output':
      return (
        (typeof entry.output === 'string' ? approximateTokens(entry.output) : contentTokens(entry.output)) + 8
      );
    case 'reasoning':
      return approximateTokens(entry.encrypted_content ?? '') + 8;
    case 'compaction':
    case 'compaction_summary':
      return approximateTokens(entry.encrypted_content) + 4;
    case 'web_search_call':
      return 24;
    case 'unknown':
      return approximateTokens(JSON.stringify(entry.raw));
  }
}

function contentTokens(content: readonly InputContent[]): number {
  let tokens = 0;
  for (const part of content) {
    if (part.type === 'input_image') tokens += IMAGE_TOKENS;
    else tokens += approximateTokens(part.type === 'refusal' ? part.refusal : part.text);
  }
  return tokens;
}

export function messageText(content: readonly InputContent[]): string {
  let text = '';
  for (const part of content) {
    if (part.type === 'input_text' || part.type === 'output_text') text += part.text;
  }
  return text;
}

export class History {
  private list: HistoryEntry[];
  /** Tokens the provider counted for a prefix of the list, and the length of that prefix. */
  private measured: { tokens: number; length: number } | null = null;
  private readonly callIds = new Set<string>();

  constructor(entries: readonly HistoryEntry[] = []) {
    this.list = [...entries];
    this.rememberCalls(entries);
  }

  get entries(): readonly HistoryEntry[] {
    return this.list;
  }

  append(entries: readonly HistoryEntry[]): void {
    for (const entry of entries) this.list.push(entry);
    this.rememberCalls(entries);
  }

  replace(entries: readonly HistoryEntry[]): void {
    this.list = [...entries];
    this.measured = null;
    this.rememberCalls(entries);
  }

  /** True when a call of this id is already part of the thread: it must not run again. */
  hasCall(callId: string): boolean {
    return this.callIds.has(callId);
  }

  /** The provider counted this many tokens for everything up to now. */
  measure(totalTokens: number): void {
    this.measured = { tokens: totalTokens, length: this.list.length };
  }

  /** What the next request will hold, in tokens: the provider's count where known, an estimate for the rest. */
  tokens(): number {
    let tokens = this.measured?.tokens ?? 0;
    for (let i = this.measured?.length ?? 0; i < this.list.length; i++) {
      tokens += entryTokens(this.list[i] as HistoryEntry);
    }
    return tokens;
  }

  /** Calls that never got an output (the process died, or the turn was cut): each must get one before a request. */
  unansweredCalls(): Extract<HistoryEntry, { call_id: string; name: string }>[] {
    const answered = new Set<string>();
    for (const entry of this.list) if (isToolOutput(entry)) answered.add(entry.call_id);
    return this.list.filter(isToolCall).filter((call) => !answered.has(call.call_id));
  }

  private rememberCalls(entries: readonly HistoryEntry[]): void {
    for (const entry of entries) if (isToolCall(entry)) this.callIds.add(entry.call_id);
  }
}
