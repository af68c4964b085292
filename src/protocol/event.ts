// The only event vocabulary: exec's JSONL, app-server notifications and rollouts are projections of these.
import type { ApprovalDecision, ApprovalRequest } from './approval.ts';
import type { TurnErrorInfo } from './error.ts';
import type { HistoryEntry } from './history.ts';
import type { Item } from './item.ts';
import type { RateLimitWindow } from './model.ts';
import type { ThreadSettings } from './thread.ts';
import type { TokenUsage } from './usage.ts';

/** A piece of an item that is still growing. */
export type ItemDelta =
  | { kind: 'text'; text: string }
  | { kind: 'reasoningSummary'; text: string; index: number }
  | { kind: 'reasoningContent'; text: string; index: number }
  | { kind: 'commandOutput'; text: string }
  | { kind: 'commandInput'; processId: string; text: string };

export type EventBody =
  | { type: 'turn.started'; turnId: string; settings: ThreadSettings; contextWindow: number }
  | { type: 'turn.completed'; turnId: string; usage: TokenUsage; lastMessage: string | null }
  | { type: 'turn.failed'; turnId: string; usage: TokenUsage; error: TurnErrorInfo }
  | {
      type: 'turn.aborted';
      turnId: string;
      usage: TokenUsage;
      reason: 'interrupted' | 'replaced' | 'shutdown';
    }
  | { type: 'item.started'; turnId: string; item: Item }
  | { type: 'item.delta'; turnId: string; itemId: string; delta: ItemDelta }
  | { type: 'item.updated'; turnId: string; item: Item }
  | { type: 'item.completed'; turnId: string; item: Item }
  | { type: 'approval.requested'; turnId: string; request: ApprovalRequest }
  | { type: 'approval.resolved'; turnId: string; requestId: string; decision: ApprovalDecision }
  | {
      type: 'model.retrying';
      turnId: string;
      attempt: number;
      maxAttempts: number;
      delayMs: number;
      error: TurnErrorInfo;
      /** Live items that were shown in part and are void: the next attempt sends them anew. */
      discardedItemIds: string[];
    }
  | { type: 'usage.updated'; turnId: string; last: TokenUsage; thread: TokenUsage; contextWindow: number }
  | { type: 'rateLimits.updated'; primary: RateLimitWindow | null; secondary: RateLimitWindow | null }
  /** New history, already part of every later request. Written to the rollout before anything is shown. */
  | { type: 'history.appended'; turnId: string; entries: readonly HistoryEntry[] }
  /** Compaction or rollback put a new history in place of the old one. */
  | { type: 'history.replaced'; turnId: string; entries: readonly HistoryEntry[]; summary: string }
  | { type: 'diff.updated'; turnId: string; diff: string }
  | { type: 'thread.changed'; name?: string; settings?: ThreadSettings }
  | { type: 'warning'; turnId?: string; message: string };

/** An event as subscribers get it: `seq` counts from 0 within one run of a thread, without gaps. */
export type ThreadEvent = EventBody & { threadId: string; seq: number };
