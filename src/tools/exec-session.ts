// One started command: waits for it, ends it, and completes its item when it outlives its call.
import { constants } from 'node:os';
import type { CommandExecutionItem, CommandStatus } from '../protocol/item.ts';
import type { ProcessExit, RunningProcess } from '../protocol/process.ts';
import type { BackgroundSession, SessionTable, ToolContext } from '../protocol/tool.ts';
import { CommandOutput } from './command-output.ts';

const TERMINATE_GRACE_MS = 500;
/** After SIGKILL: only a process stuck in the kernel takes longer, and nothing can be done about that. */
const KILL_GRACE_MS = 2000;
const MAX_SESSIONS = 64;

export type WaitResult = 'ended' | 'timeout' | 'aborted';

export class CommandSession implements BackgroundSession {
  readonly id: number;
  readonly hasTerminal: boolean;
  readonly output: CommandOutput;
  private readonly item: CommandExecutionItem;
  private readonly process: RunningProcess;
  /** Of the call that started the command: its item belongs there, however long it runs. */
  private readonly ctx: ToolContext;
  private readonly startedAt: number;
  private readonly ended: Promise<void>;
  private endedAt: number | null = null;
  private exit: ProcessExit | null = null;
  private wasStopped = false;
  private closing: Promise<void> | null = null;

  constructor(options: {
    id: number;
    item: CommandExecutionItem;
    process: RunningProcess;
    hasTerminal: boolean;
    startedAt: number;
    ctx: ToolContext;
  }) {
    const { id, item, process, hasTerminal, startedAt, ctx } = options;
    this.id = id;
    this.item = item;
    this.process = process;
    this.hasTerminal = hasTerminal;
    this.startedAt = startedAt;
    this.ctx = ctx;
    this.output = new CommandOutput({
      openSpill: () => ctx.openSpill(),
      showLive: (text) => ctx.emitDelta(item.id, { kind: 'commandOutput', text }),
    });
    process.onOutput = (chunk) => this.output.push(chunk);
    this.ended = process.exited.then((exit) => {
      this.exit = exit;
      this.endedAt = ctx.now();
      this.output.close();
    });
  }

  /** Null while it runs. A signal counts as 128 plus its number, as shells say it. */
  get exitCode(): number | null {
    if (this.exit === null) return null;
    const { code, signal } = this.exit;
    if (code !== null) return code;
    const signals: Readonly<Record<string, number>> = constants.signals;
    return 128 + (signals[signal ?? ''] ?? 0);
  }

  get endSignal(): string | null {
    return this.exit?.signal ?? null;
  }

  /** Returns at once when the process ends, else after `ms` or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<WaitResult> {
    if (this.exit !== null) return 'ended';
    if (signal.aborted) return 'aborted';
    const settled = new AbortController();
    const stop = (): void => settled.abort();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([this.ended, this.ctx.sleep(ms, settled.signal)]);
    signal.removeEventListener('abort', stop);
    settled.abort();
    if (this.isOver()) return 'ended';
    return signal.aborted ? 'aborted' : 'timeout';
  }

  /** Ends the whole process tree: first asked, then forced. The command counts as failed. */
  async stop(): Promise<void> {
    if (this.exit !== null) return;
    this.wasStopped = true;
    const never = new AbortController().signal;
    this.process.kill('SIGTERM');
    if ((await this.wait(TERMINATE_GRACE_MS, never)) === 'ended') return;
    this.process.kill('SIGKILL');
    await this.wait(KILL_GRACE_MS, never);
  }

  write(text: string): void {
    this.ctx.emitDelta(this.item.id, { kind: 'commandInput', processId: String(this.id), text });
    this.process.write(text);
  }

  interrupt(): void {
    this.process.kill('SIGINT');
  }

  /** The item as it ends now. */
  finalItem(status?: CommandStatus): CommandExecutionItem {
    const failed = this.wasStopped || this.exitCode !== 0;
    return {
      ...this.item,
      status: status ?? (failed ? 'failed' : 'completed'),
      aggregatedOutput: this.output.aggregate(),
      exitCode: this.exitCode,
      durationMs: Math.round((this.endedAt ?? this.ctx.now()) - this.startedAt),
    };
  }

  /** Leaves the call: the session stays in the table, and its item completes when the process ends. */
  goToBackground(): void {
    this.ctx.sessions.add(this);
    void this.ended.then(() => this.complete());
  }

  close(): Promise<void> {
    this.closing ??= this.stop().then(() => {
      this.complete();
      this.ctx.sessions.remove(this.id);
    });
    return this.closing;
  }

  private isCompleted = false;

  private complete(): void {
    if (this.isCompleted) return;
    this.isCompleted = true;
    this.ctx.completeItem(this.finalItem());
  }

  private isOver(): boolean {
    return this.exit !== null;
  }
}

export function findSession(table: SessionTable, id: number): CommandSession | null {
  const session = table.get(id);
  return session instanceof CommandSession ? session : null;
}

/**
 * Makes room for one more session: one whose end nobody has read goes first, else the oldest is ended.
 * Returns a notice for the model when a running one was ended.
 */
export async function makeRoom(table: SessionTable): Promise<string | null> {
  const sessions = table.list();
  if (sessions.length < MAX_SESSIONS) return null;
  const finished = sessions.find((session) => session instanceof CommandSession && session.exitCode !== null);
  const victim = finished ?? sessions[0];
  if (victim === undefined) return null;
  await victim.close();
  if (finished !== undefined) return null;
  return `Session ${victim.id}, the oldest, was ended: at most ${MAX_SESSIONS} sessions may run at once.`;
}
