// A conversation: pumps the turn's events (number, write to the rollout, apply, show) and owns what outlives a turn.
import { TurnError } from '../protocol/error.ts';
import type { EventBody, ThreadEvent } from '../protocol/event.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { Item, UserInput } from '../protocol/item.ts';
import type { ThreadSettings } from '../protocol/thread.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import { addUsage, NO_USAGE } from '../protocol/usage.ts';
import { compactNow } from './compactor.ts';
import { CommandRunner } from './execute.ts';
import { History } from './history.ts';
import type { Budget, EnginePorts } from './ports.ts';
import { Sessions } from './sessions.ts';
import { runTurn } from './turn.ts';
import type { TurnOwner } from './turn-owner.ts';
import { asTurnError, failureOf } from './turn-failure.ts';
import { createTurn } from './turn-setup.ts';

export interface ThreadOptions {
  id: string;
  settings: ThreadSettings;
  ports: EnginePorts;
  /** Where a resumed thread goes on. */
  resumed?: { history: readonly HistoryEntry[]; usage: TokenUsage; lastUsage: TokenUsage | null };
  budget?: Budget;
  /** Headless: background sessions end with the turn, so that nothing outlives the answer. */
  endSessionsWithTurn?: boolean;
}

export type TurnResult =
  | { status: 'completed'; usage: TokenUsage; lastMessage: string | null }
  | { status: 'failed'; usage: TokenUsage; lastMessage: string | null; error: TurnError }
  | { status: 'aborted'; usage: TokenUsage; lastMessage: string | null };

export type InterruptReason = 'interrupted' | 'replaced' | 'shutdown';

export const ABORT_MARK =
  '<turn_aborted>\nThe user interrupted the turn here. Commands that were running were stopped and may have had effects; check before repeating them.\n</turn_aborted>';

export class Thread implements TurnOwner {
  readonly id: string;
  readonly history: History;
  readonly sessions = new Sessions();
  readonly commands: CommandRunner;
  readonly ports: EnginePorts;
  readonly budget: Budget | null;
  settings: ThreadSettings;
  /** Sum over the thread. */
  usage: TokenUsage;
  /** The sum when this run began, for the budget. */
  readonly usageAtStart: TokenUsage;
  /** Requests made in this run, for the budget. */
  requests = 0;
  /** The latest plan, one step a line. */
  plan: string | null = null;
  private readonly endSessionsWithTurn: boolean;
  private readonly listeners = new Set<(event: ThreadEvent) => void>();
  private readonly openItems = new Map<string, Item>();
  private steering: UserInput[][] = [];
  private running: AbortController | null = null;
  private seq = 0;
  private lastMessage: string | null = null;

  constructor(options: ThreadOptions) {
    this.id = options.id;
    this.settings = options.settings;
    this.ports = options.ports;
    this.budget = options.budget ?? null;
    this.endSessionsWithTurn = options.endSessionsWithTurn ?? false;
    this.history = new History(options.resumed?.history);
    this.usage = options.resumed?.usage ?? NO_USAGE;
    this.usageAtStart = this.usage;
    this.commands = new CommandRunner(options.ports);
    const last = options.resumed?.lastUsage;
    if (last && last.totalTokens > 0) this.history.measure(last.totalTokens);
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** Called for every event after it was written to the rollout. Returns the way out. */
  subscribe(listener: (event: ThreadEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Runs one turn to its end. Never rejects for a failed turn: that is a result. */
  run(input: readonly UserInput[], turnId = this.ports.newId()): Promise<TurnResult> {
    return this.pump(turnId, (controller) => runTurn(createTurn(this, turnId, input, controller)));
  }

  /** Compacts the conversation now, as a turn of its own. Refused (with a warning event) when it would not get smaller. */
  compact(turnId = this.ports.newId()): Promise<TurnResult> {
    return this.pump(turnId, (controller) => compactNow(this, turnId, controller.signal));
  }

  private async pump(
    turnId: string,
    start: (controller: AbortController) => AsyncGenerator<EventBody>,
  ): Promise<TurnResult> {
    if (this.running) throw new Error('a turn of this thread is already running');
    const controller = new AbortController();
    this.running = controller;
    this.lastMessage = null;
    const before = this.usage;
    const ended = new AbortController();
    this.watchDeadline(controller, ended.signal);
    try {
      for await (const body of start(controller)) this.publish(body);
      await this.settle(turnId);
      const usage = this.since(before);
      const { lastMessage } = this;
      this.publish({ type: 'turn.completed', turnId, usage, lastMessage });
      return { status: 'completed', usage, lastMessage };
    } catch (error) {
      return await this.conclude(error, turnId, controller.signal, before);
    } finally {
      ended.abort();
      this.running = null;
    }
  }

  /** Input for the running turn; the model reads it before its next step. */
  steer(input: readonly UserInput[]): void {
    this.steering.push([...input]);
  }

  takeSteering(): UserInput[][] {
    const taken = this.steering;
    this.steering = [];
    return taken;
  }

  interrupt(reason: InterruptReason = 'interrupted'): void {
    this.running?.abort(reason);
  }

  async close(): Promise<void> {
    this.interrupt('shutdown');
    await this.sessions.closeAll();
  }

  /** Numbers an event, writes it, applies it, shows it: in this order. */
  publish(body: EventBody): void {
    const event = this.stamp(body);
    try {
      this.ports.record(event);
    } catch (error) {
      if (error instanceof TurnError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      throw new TurnError('storage', `The thread could not be saved: ${detail}`, { cause: error });
    }
    this.apply(body);
    for (const listener of this.listeners) listener(event);
  }

  /** Shows an event that could not be saved. */
  private show(body: EventBody): void {
    const event = this.stamp(body);
    for (const listener of this.listeners) listener(event);
  }

  private stamp(body: EventBody): ThreadEvent {
    return Object.assign(body, { threadId: this.id, seq: this.seq++ });
  }

  private apply(body: EventBody): void {
    switch (body.type) {
      case 'history.appended':
        this.history.append(body.entries);
        return;
      case 'history.replaced':
        this.history.replace(body.entries);
        return;
      case 'item.started':
      case 'item.updated':
        this.openItems.set(body.item.id, body.item);
        if (body.item.type === 'todoList') this.plan = describePlan(body.item.items);
        return;
      case 'item.completed':
        this.openItems.delete(body.item.id);
        if (body.item.type === 'agentMessage' && body.item.text !== '') this.lastMessage = body.item.text;
        return;
      case 'model.retrying':
        for (const id of body.discardedItemIds) this.openItems.delete(id);
        return;
      case 'usage.updated':
        this.usage = body.thread;
        return;
      default:
        return;
    }
  }

  /** Closes what the turn left open: plans, and in headless runs the background sessions. */
  private async settle(turnId: string): Promise<void> {
    if (this.endSessionsWithTurn) await this.sessions.closeAll();
    for (const item of this.openItems.values()) {
      const isBackground = item.type === 'commandExecution' && this.sessions.list().length > 0;
      if (!isBackground) this.publish({ type: 'item.completed', turnId, item });
    }
  }

  /** The one place where a turn that did not complete is told apart: aborted or failed, and why. */
  private async conclude(
    error: unknown,
    turnId: string,
    signal: AbortSignal,
    before: TokenUsage,
  ): Promise<TurnResult> {
    let failure = failureOf(error, signal);
    try {
      if (failure === null) this.publish(abortMark(turnId));
      await this.settle(turnId);
    } catch (secondError) {
      failure = asTurnError(secondError);
    }
    const usage = this.since(before);
    const { lastMessage } = this;
    try {
      if (failure) this.publish({ type: 'turn.failed', turnId, usage, error: failure.info });
      else this.publish({ type: 'turn.aborted', turnId, usage, reason: signal.reason as InterruptReason });
    } catch (saving) {
      // The rollout is gone; whoever watches still has to learn that the turn is over.
      failure = asTurnError(saving);
      this.show({ type: 'turn.failed', turnId, usage, error: failure.info });
    }
    return failure
      ? { status: 'failed', usage, lastMessage, error: failure }
      : { status: 'aborted', usage, lastMessage };
  }

  private since(before: TokenUsage): TokenUsage {
    const total = this.usage;
    return {
      inputTokens: total.inputTokens - before.inputTokens,
      cachedInputTokens: total.cachedInputTokens - before.cachedInputTokens,
      outputTokens: total.outputTokens - before.outputTokens,
      reasoningOutputTokens: total.reasoningOutputTokens - before.reasoningOutputTokens,
      totalTokens: total.totalTokens - before.totalTokens,
    };
  }

  private watchDeadline(controller: AbortController, ended: AbortSignal): void {
    const deadline = this.budget?.deadline ?? null;
    if (deadline === null) return;
    const { clock } = this.ports;
    void clock.sleep(Math.max(0, deadline - clock.monotonic()), ended).then(() => {
      if (!ended.aborted)
        controller.abort(new TurnError('budget', 'The time limit of this run was reached.'));
    });
  }

  /** A usage event that counts `usage` into the thread. */
  countUsage(turnUsage: TokenUsage): Extract<EventBody, { type: 'usage.updated' }> {
    this.history.measure(turnUsage.totalTokens);
    return {
      type: 'usage.updated',
      turnId: '',
      last: turnUsage,
      thread: addUsage(this.usage, turnUsage),
      contextWindow: this.ports.modelInfo.contextWindow,
    };
  }
}

function abortMark(turnId: string): EventBody {
  const content = [{ type: 'input_text' as const, text: ABORT_MARK }];
  return { type: 'history.appended', turnId, entries: [{ type: 'message', role: 'user', content }] };
}

function describePlan(steps: readonly { text: string; status: string }[]): string {
  return steps.map((step) => `- [${step.status}] ${step.text}`).join('\n');
}
