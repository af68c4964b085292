// A thread and its settings, as events, rollouts and the host's callers name them.
import type { ApprovalPolicy } from './approval.ts';
import type { HistoryEntry } from './history.ts';
import type { JsonSchema, ReasoningEffort, ReasoningSummary, ServiceTier, Verbosity } from './model.ts';
import type { SandboxPolicy } from './sandbox.ts';
import type { TokenUsage } from './usage.ts';

/** What may change between turns. Recorded at the start of every turn. */
export interface ThreadSettings {
  cwd: string;
  provider: string;
  model: string;
  effort?: ReasoningEffort;
  summary?: ReasoningSummary;
  verbosity?: Verbosity;
  serviceTier?: ServiceTier;
  approvalPolicy: ApprovalPolicy;
  sandbox: SandboxPolicy;
  outputSchema?: JsonSchema;
}

export interface GitInfo {
  commitHash: string | null;
  branch: string | null;
  repositoryUrl: string | null;
}

/** Head of a thread. */
export interface ThreadMeta {
  /** UUID version 7. */
  id: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  cwd: string;
  originator: string;
  source: 'exec' | 'cli' | 'vscode' | 'mcp' | { subagent: string };
  cliVersion: string;
  provider: string;
  forkedFrom: string | null;
  git: GitInfo | null;
  /** The system prompt that the thread was started with: kept, so that resuming keeps the cache. */
  instructions: string | null;
}

/** What a rollout says of a thread: enough to go on. */
export interface StoredThread {
  meta: ThreadMeta;
  name: string | null;
  history: HistoryEntry[];
  /** Sum over the thread. */
  usage: TokenUsage;
  /** Usage of the latest model request: how full the context is. */
  lastUsage: TokenUsage | null;
  /** Settings of the latest turn, when one was recorded. */
  settings: Partial<ThreadSettings> | null;
  rolloutPath: string | null;
  /** Things a user should know: torn line dropped, unknown lines skipped. */
  warnings: string[];
}

/** One line of `resume`'s list. */
export interface ThreadSummary {
  id: string;
  name: string | null;
  createdAt: string;
  updatedAt: string;
  cwd: string;
  /** First user message, one line. */
  preview: string;
  source: ThreadMeta['source'];
  rolloutPath: string;
}
