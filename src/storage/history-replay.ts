// What compaction and rollback lines of a rollout do to the history that stands before them.
import { isJsonObject, type JsonObject } from '../lib/json-lines.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import { readEntry, userTextOf } from './history-entry.ts';

/** Codex keeps this much of what the user wrote when it compacts: 20,000 tokens of about 4 bytes. */
const KEPT_USER_BYTES = 80_000;

/**
 * The history after a `compacted` line. Older versions wrote only the summary: then the context that stands in front,
 * the newest user messages and the summary make up the new history, as Codex rebuilds it.
 */
export function replayCompaction(before: readonly HistoryEntry[], payload: JsonObject): HistoryEntry[] {
  const replacement = payload['replacement_history'];
  if (Array.isArray(replacement)) {
    return replacement.flatMap((item: unknown) => {
      const reading = isJsonObject(item) ? readEntry(item) : null;
      return reading?.kind === 'entry' ? [reading.entry] : [];
    });
  }
  const summary = typeof payload['message'] === 'string' ? payload['message'] : '';
  const first = before.findIndex((entry) => userTextOf(entry) !== null);
  const context = before
    .slice(0, first === -1 ? before.length : first)
    .filter((entry) => entry.type === 'message');
  return [
    ...context,
    ...newestUserMessages(before),
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: summary }] },
  ];
}

function newestUserMessages(history: readonly HistoryEntry[]): HistoryEntry[] {
  const kept: HistoryEntry[] = [];
  let room = KEPT_USER_BYTES;
  for (const entry of history.toReversed()) {
    const text = userTextOf(entry);
    if (text === null) continue;
    room -= Buffer.byteLength(text);
    if (room < 0) break;
    kept.unshift(entry);
  }
  return kept;
}

/** The history without its last `turns` user turns (`thread_rolled_back` of Codex). */
export function replayRollback(before: readonly HistoryEntry[], turns: number): HistoryEntry[] {
  let left = turns;
  let cut = before.length;
  for (let index = before.length - 1; index >= 0 && left > 0; index--) {
    if (userTextOf(before[index] as HistoryEntry) === null) continue;
    cut = index;
    left--;
  }
  return before.slice(0, cut);
}
