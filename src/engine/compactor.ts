// When a thread is compacted: on request, near the limit, or after an overflow; and when to stop trying.
import { TurnError } from '../protocol/error.ts';
import type { EventBody } from '../protocol/event.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { Compaction } from './compact.ts';
import { runCompaction } from './compact.ts';
import { preambleMessages } from './opening.ts';
import { buildRequest } from './request.ts';
import type { TurnOwner } from './turn-owner.ts';

/** After this many compactions with at most one request between them, the window is too small for the task. */
const MAX_FUTILE_COMPACTIONS = 3;

/** One compaction on request, outside the loop. Returns false when it was refused. */
export async function* compactNow(
  thread: TurnOwner,
  turnId: string,
  signal: AbortSignal,
): AsyncGenerator<EventBody, boolean> {
  return yield* runCompaction(compactionOf(thread, turnId, signal, thread.history.tokens()));
}

function compactionOf(thread: TurnOwner, turnId: string, signal: AbortSignal, tokens: number): Compaction {
  return {
    ports: thread.ports,
    turnId,
    entries: thread.history.entries,
    tokens,
    preamble: preambleMessages(thread),
    plan: thread.plan,
    signal,
    requestFor: (entries) => buildRequest(thread, turnId, entries),
    countUsage: (usage) => ({ ...thread.countUsage(usage), turnId }),
  };
}

/** Decides when a turn must compact, and stops when compacting leads nowhere. */
export class Compactor {
  private readonly thread: TurnOwner;
  private readonly turnId: string;
  private readonly signal: AbortSignal;
  private requestsAtLast = -1;
  private futile = 0;
  /** Size at which compaction was refused; it is not tried again below twice the growth. */
  private refusedAt: number | null = null;

  constructor(thread: TurnOwner, turnId: string, signal: AbortSignal) {
    this.thread = thread;
    this.turnId = turnId;
    this.signal = signal;
  }

  isNeeded(): boolean {
    const { history, ports } = this.thread;
    const tokens = history.tokens();
    // What the user has just said is never summarised away before the model has read it.
    if (!history.entries.some(isAnswer)) return false;
    const limit = ports.modelInfo.autoCompactTokenLimit;
    return tokens >= limit && (this.refusedAt === null || tokens > this.refusedAt * 1.1);
  }

  async *run(trigger: 'auto' | 'overflow'): AsyncGenerator<EventBody> {
    const { thread, turnId } = this;
    this.futile = thread.requests - this.requestsAtLast <= 1 ? this.futile + 1 : 0;
    this.requestsAtLast = thread.requests;
    const window = thread.ports.modelInfo.contextWindow;
    // With nothing but the user's own words there is nothing to leave out.
    if (!thread.history.entries.some(isAnswer)) throw tooSmall(thread, window);
    if (this.futile >= MAX_FUTILE_COMPACTIONS) throw tooSmall(thread, window);
    const before = thread.history.tokens();
    const tokens = trigger === 'overflow' ? Math.max(before, window) : before;
    const smaller = yield* runCompaction(compactionOf(thread, turnId, this.signal, tokens));
    if (smaller) return;
    this.refusedAt = before;
    if (trigger === 'overflow') throw tooSmall(thread, window);
  }
}

function tooSmall(thread: TurnOwner, window: number): TurnError {
  return new TurnError(
    'context_length',
    `The conversation does not fit the context window of ${thread.settings.model} (${window} tokens) even after compaction. Start a new thread, or switch to a model with a larger window.`,
  );
}

/** Anything that the model said or did. */
function isAnswer(entry: HistoryEntry): boolean {
  return entry.type !== 'message' || entry.role === 'assistant';
}
