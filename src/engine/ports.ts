// Everything a thread needs from outside, as plain functions: the host fills them in, tests put fakes here.
import type { Clock } from '../lib/clock.ts';
import type { AskApproval, AskUser, Verdict } from '../protocol/approval.ts';
import type { ThreadEvent } from '../protocol/event.ts';
import type { FileAccess } from '../protocol/files.ts';
import type { HostedToolSpec, ModelClient, ModelInfo } from '../protocol/model.ts';
import type { Spawn } from '../protocol/process.ts';
import type { Sandbox, SandboxPolicy } from '../protocol/sandbox.ts';
import type { ThreadSettings } from '../protocol/thread.ts';
import type { SpillFile, Tool } from '../protocol/tool.ts';

/** An action that policy judges before it happens. */
export type JudgedAction =
  | { kind: 'command'; command: string; escalated: boolean }
  | { kind: 'patch'; paths: readonly string[] };

export interface ToolSet {
  /** What the model is told of, in a fixed order. */
  offered: readonly Tool[];
  hosted: readonly HostedToolSpec[];
  /** Finds the tool for a call, also under names that other models use; null when nothing fits. */
  resolve(name: string): Tool | null;
}

/** How often a failed request or a broken stream is tried again. */
export interface RetryLimits {
  requestMaxRetries: number;
  streamMaxRetries: number;
}

/** Texts that every conversation starts with. They go into the history, so that they are sent once and cached. */
export interface ThreadContext {
  /** The system prompt. */
  instructions: string;
  /** Messages put before the first user input; also put back after compaction. */
  preamble(settings: ThreadSettings): readonly { role: 'developer' | 'user'; text: string }[];
}

export interface EnginePorts {
  model: ModelClient;
  modelInfo: ModelInfo;
  retries: RetryLimits;
  tools: ToolSet;
  context: ThreadContext;
  judge(action: JudgedAction): Verdict;
  /** The policy of the current turn, for the fence and for file access. */
  policy(): SandboxPolicy;
  /** The fence for the current policy. Fails with a `TurnError` of code `sandbox` when it is not to be had. */
  sandbox(): Promise<Sandbox>;
  files: FileAccess;
  /** A human has let these paths be changed although the policy does not. */
  grantWrite(paths: readonly string[]): void;
  spawn: Spawn;
  /** Environment of commands, before the login shell's additions. */
  commandEnvironment(): Record<string, string>;
  /** The shell that runs commands: absolute path. */
  shell: string;
  allowLoginShell: boolean;
  askApproval: AskApproval;
  askUser: AskUser;
  openSpill(): SpillFile;
  /** Reads an image file into a data URL. Fails with a `UsageError`. */
  readImage(path: string): Promise<string>;
  clock: Clock;
  /** Fresh unique ids for turns, items and approvals. */
  newId(): string;
  /** 0 <= x < 1, for the jitter of retries. */
  random(): number;
  /** Writes an event to the rollout before anybody sees it. Throws when it cannot. */
  record(event: ThreadEvent): void;
  /** Longest tool output the model gets, in tokens, when neither it nor the config says otherwise. */
  outputTokenLimit: number;
  /** Replaces the built-in instruction for summaries. */
  compactPrompt: string | null;
}

/** Limits of one run, checked before every model request. */
export interface Budget {
  /** Model requests. */
  maxRequests: number | null;
  /** Input plus output tokens. */
  maxTokens: number | null;
  /** Monotonic milliseconds at which the run ends. */
  deadline: number | null;
}
