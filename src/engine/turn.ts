// The loop: record the input, sample the model, run its tool calls, append what they say, until it calls no more tools.
import { TurnError } from '../protocol/error.ts';
import type { EventBody } from '../protocol/event.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import { isToolCall } from '../protocol/history.ts';
import type { ModelRequest } from '../protocol/model.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import type { Dispatcher } from './dispatch.ts';
import type { History } from './history.ts';
import type { EnginePorts } from './ports.ts';
import { sample } from './sample.ts';

/** What one turn works with. Events it yields are applied to `history` before it goes on. */
export interface Turn {
  readonly id: string;
  readonly ports: EnginePorts;
  readonly history: History;
  readonly signal: AbortSignal;
  /** The first event, with the settings in force. */
  start(): EventBody;
  /** Entries and items for the user's input, preceded by whatever the conversation still lacks. */
  openingEntries(): Promise<{ entries: HistoryEntry[]; items: EventBody[] }>;
  /** What the user typed meanwhile; empty when nothing. */
  takeSteering(): Promise<{ entries: HistoryEntry[]; items: EventBody[] }>;
  buildRequest(): ModelRequest;
  newDispatcher(): Dispatcher;
  countUsage(usage: TokenUsage): EventBody;
  /** Throws a `TurnError` of code `budget` when no further request may be made; counts the request otherwise. */
  spendRequest(): void;
  needsCompaction(): boolean;
  compact(trigger: 'auto' | 'overflow'): AsyncGenerator<EventBody>;
}

export async function* runTurn(turn: Turn): AsyncGenerator<EventBody> {
  yield turn.start();
  const opening = await turn.openingEntries();
  yield* append(turn, opening.entries);
  yield* opening.items;

  for (;;) {
    if (turn.needsCompaction()) yield* turn.compact('auto');
    const dispatcher = turn.newDispatcher();
    const overflowed = yield* sampleOnce(turn, dispatcher);
    if (overflowed) {
      yield* turn.compact('overflow');
      continue;
    }
    for await (const output of dispatcher.outputs()) yield* append(turn, [output]);
    turn.signal.throwIfAborted();

    const steering = await turn.takeSteering();
    yield* append(turn, steering.entries);
    yield* steering.items;
    if (!dispatcher.hasCalls && steering.entries.length === 0) return;
  }
}

/** One logical request. Tool calls start while the response is still coming in. True when the context was too long. */
async function* sampleOnce(turn: Turn, dispatcher: Dispatcher): AsyncGenerator<EventBody, boolean> {
  turn.spendRequest();
  const { history, ports, signal } = turn;
  try {
    for await (const event of sample(turn.buildRequest(), ports, (id) => history.hasCall(id), signal)) {
      switch (event.type) {
        case 'show':
          yield event.body;
          break;
        case 'commit':
          yield* append(turn, event.entries);
          for (const item of event.items) yield { type: 'item.completed', turnId: turn.id, item };
          for (const entry of event.entries) if (isToolCall(entry)) dispatcher.start(entry);
          break;
        case 'done':
          if (event.usage) yield turn.countUsage(event.usage);
          break;
      }
    }
    return false;
  } catch (error) {
    // Every call that was started gets its output into the history, whatever ends the turn.
    for await (const output of dispatcher.outputs()) yield* append(turn, [output]);
    if (error instanceof TurnError && error.code === 'context_length' && !dispatcher.hasCalls) return true;
    throw error;
  }
}

function* append(turn: Turn, entries: HistoryEntry[]): Generator<EventBody> {
  if (entries.length > 0) yield { type: 'history.appended', turnId: turn.id, entries };
}
