// The shape of a built-in tool and the context through which alone it reaches the world.
import type { UserQuestion } from './approval.ts';
import type { ItemDelta } from './event.ts';
import type { FileAccess } from './files.ts';
import type { InputContent } from './history.ts';
import type { Item } from './item.ts';
import type { ToolSpec } from './model.ts';
import type { RunningProcess } from './process.ts';

/** What the model gets back. A failure is data, never an exception. */
export interface ToolOutcome {
  output: string | InputContent[];
  success: boolean;
  /** The final state of the call's item; left out when there is none, or when it goes on (background session). */
  item?: Item;
}

/** A call that was understood: what to show, and how to run it. */
export interface PreparedCall {
  /** Shown as started before `run`; null for calls that people need not see. */
  item: Item | null;
  run(ctx: ToolContext): Promise<ToolOutcome>;
}

export interface CallSite {
  /** Id of the call, used as the item's id. */
  callId: string;
  /** Working folder of the thread. */
  cwd: string;
}

export interface Tool extends ToolSpec {
  /** True when calls of it may run beside other parallel calls of the same response. */
  readonly parallel?: boolean;
  /** Reads the exact text the model wrote. Throws `ToolInputError` with what the model should read. */
  prepare(input: string, at: CallSite): PreparedCall;
}

export interface ExecRequest {
  /** The command line for the shell. */
  command: string;
  /** Absolute working folder. */
  workdir: string;
  shell?: string;
  login: boolean;
  terminal: boolean;
  /** The model asks to leave the sandbox, and says why. */
  escalate: { justification: string; prefixRule: string[] | null } | null;
}

/** `refused`: policy or a human said no, or the sandbox is not to be had; `reason` is for the model. */
export type ExecStart =
  | { type: 'started'; process: RunningProcess; argv: string[]; sandboxed: boolean }
  | { type: 'refused'; reason: string; declined: boolean };

/** A command that outlives its call: kept by the thread, ended with it. */
export interface BackgroundSession {
  readonly id: number;
  /** Kills the process tree and completes its item. Safe to call twice. */
  close(): Promise<void>;
}

export interface SessionTable {
  /** Reserves a fresh id. */
  nextId(): number;
  add(session: BackgroundSession): void;
  get(id: number): BackgroundSession | undefined;
  remove(id: number): void;
  /** Oldest first. */
  list(): readonly BackgroundSession[];
}

export interface ToolContext {
  readonly threadId: string;
  readonly turnId: string;
  readonly callId: string;
  readonly cwd: string;
  /** Aborted when the turn is interrupted. */
  readonly signal: AbortSignal;
  /** Longest output in tokens (about 4 bytes each) that a call may return when it asks for no other size. */
  readonly outputTokenLimit: number;
  readonly inputImages: boolean;
  /** Milliseconds, monotonic. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** judge -> ask -> sandbox -> start, in one place. Never throws for policy or start failures. */
  exec(request: ExecRequest): Promise<ExecStart>;
  /** The command line that `exec` starts for this request, quoted for people. */
  displayCommand(request: ExecRequest): string;
  readonly files: FileAccess;
  readonly sessions: SessionTable;
  /** Asks for a go-ahead where policy wants one before files change; null: go ahead, else why not. */
  approvePatch(
    paths: readonly string[],
    reason: string | null,
  ): Promise<{ reason: string; declined: boolean } | null>;
  /** null: nobody is there to answer. */
  ask(questions: readonly UserQuestion[]): Promise<Record<string, string[]> | null>;
  emitDelta(itemId: string, delta: ItemDelta): void;
  startItem(item: Item): void;
  updateItem(item: Item): void;
  completeItem(item: Item): void;
  /** Keeps output too long for the model in a private file (0600) of the thread; returns a writer. */
  openSpill(): SpillFile;
}

export interface SpillFile {
  readonly path: string;
  write(chunk: Uint8Array): void;
  close(): void;
}
