// Runs the tool calls of one response: parallel where the tool allows it, one output per call always, also on abort.
import { ToolInputError, TurnError } from '../protocol/error.ts';
import type { EventBody } from '../protocol/event.ts';
import type { ToolCallEntry, ToolOutputContent, ToolOutputEntry } from '../protocol/history.ts';
import { toolInputOf } from '../protocol/history.ts';
import type { PreparedCall, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import type { ToolSet } from './ports.ts';

export const ABORTED_OUTPUT = 'aborted by the user before it finished; it may have had effects';

export interface DispatchSite {
  tools: ToolSet;
  cwd: string;
  turnId: string;
  signal: AbortSignal;
  /** Never throws: what cannot be saved ends the turn by its signal. */
  emit(body: EventBody): void;
  contextFor(callId: string): ToolContext;
}

export class Dispatcher {
  private readonly site: DispatchSite;
  private readonly running = new Set<Promise<void>>();
  private readonly finished: ToolOutputEntry[] = [];
  private wake: (() => void) | null = null;
  private failure: unknown = null;
  private count = 0;
  /** Resolves when the last exclusive call has ended; shared calls wait for it, exclusive ones for everything. */
  private exclusive: Promise<void> = Promise.resolve();

  constructor(site: DispatchSite) {
    this.site = site;
  }

  /** True once a call was started. */
  get hasCalls(): boolean {
    return this.count > 0;
  }

  start(call: ToolCallEntry): void {
    this.count++;
    const tool = this.site.tools.resolve(call.name);
    const gate = tool?.parallel ? this.exclusive : Promise.all([this.exclusive, ...this.running]);
    const run = this.answer(call, tool, gate);
    this.running.add(run);
    if (!tool?.parallel) this.exclusive = run;
    void run.then(() => {
      this.running.delete(run);
      this.wake?.();
    });
  }

  /** The outputs, in the order in which the calls end. Fails, after all of them, when a call ended the turn. */
  async *outputs(): AsyncGenerator<ToolOutputEntry> {
    for (;;) {
      let output = this.finished.shift();
      while (output) {
        yield output;
        output = this.finished.shift();
      }
      if (this.running.size === 0) break;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    if (this.failure) throw this.failure;
  }

  private async answer(call: ToolCallEntry, tool: Tool | null, gate: Promise<unknown>): Promise<void> {
    await gate;
    let output: ToolOutputContent;
    try {
      if (this.site.signal.aborted || this.failure) output = ABORTED_OUTPUT;
      else if (!tool) output = `unsupported call: ${call.name}`;
      else output = (await this.run(call, tool)).output;
    } catch (error) {
      output = this.describe(error, call);
    }
    this.finished.push({
      type: call.type === 'function_call' ? 'function_call_output' : 'custom_tool_call_output',
      call_id: call.call_id,
      output,
    });
  }

  private async run(call: ToolCallEntry, tool: Tool): Promise<ToolOutcome> {
    const { site } = this;
    const prepared = tool.prepare(toolInputOf(call), { callId: call.call_id, cwd: site.cwd });
    if (prepared.item) site.emit({ type: 'item.started', turnId: site.turnId, item: prepared.item });
    try {
      const outcome = await prepared.run(site.contextFor(call.call_id));
      if (outcome.item) site.emit({ type: 'item.completed', turnId: site.turnId, item: outcome.item });
      return outcome;
    } catch (error) {
      this.failItem(prepared);
      throw error;
    }
  }

  private failItem(prepared: PreparedCall): void {
    const { item } = prepared;
    if (!item) return;
    const failed = 'status' in item ? { ...item, status: 'failed' as const } : item;
    this.site.emit({ type: 'item.completed', turnId: this.site.turnId, item: failed });
  }

  /** What the model reads about a call that threw; keeps the errors that must end the turn. */
  private describe(error: unknown, call: ToolCallEntry): string {
    if (error instanceof ToolInputError) return error.message;
    if (this.site.signal.aborted) return ABORTED_OUTPUT;
    if (error instanceof TurnError) {
      this.failure ??= error;
      return `not run: ${error.message}`;
    }
    const detail = error instanceof Error ? error.message : String(error);
    this.site.emit({
      type: 'warning',
      turnId: this.site.turnId,
      message: `The tool ${call.name} failed unexpectedly: ${detail}. This is a fault of skua; please report it.`,
    });
    return `${call.name} failed unexpectedly: ${detail}`;
  }
}
