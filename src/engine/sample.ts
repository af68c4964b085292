// One logical model request: retries, back-off, and the rule that nothing is shown as done twice or run twice.
import { TurnError } from '../protocol/error.ts';
import type { EventBody } from '../protocol/event.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import { isToolCall } from '../protocol/history.ts';
import type { Item } from '../protocol/item.ts';
import type { ModelEvent, ModelRequest } from '../protocol/model.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import type { EnginePorts } from './ports.ts';
import { present } from './present.ts';

const FIRST_DELAY_MS = 200;
/** A server that asks for more patience than this gets a failed turn with the time named, not a silent wait. */
const LONGEST_WAIT_MS = 120_000;

export type SampleEvent =
  | { type: 'show'; body: EventBody }
  /** Entries that are final: a later retry of this request cannot take them back. */
  | { type: 'commit'; entries: HistoryEntry[]; items: Item[] }
  | { type: 'done'; usage: TokenUsage | null };

/**
 * Entries are held back until something makes them final: a finished tool call (which may start at once) or the end
 * of the response. A stream that breaks before that is discarded and asked for again; one that breaks after a tool
 * call counts as ended there, so the call runs exactly once and the model goes on from its output.
 */
export async function* sample(
  request: ModelRequest,
  ports: EnginePorts,
  isKnownCall: (callId: string) => boolean,
  signal: AbortSignal,
): AsyncGenerator<SampleEvent> {
  let requestTries = 0;
  let streamTries = 0;
  for (;;) {
    const attempt = new Attempt(request.turnId, ports, isKnownCall);
    try {
      for await (const event of ports.model(request, signal)) yield* attempt.take(event);
      yield* attempt.finish();
      return;
    } catch (error) {
      if (!(error instanceof TurnError) || signal.aborted) {
        yield* attempt.closeLive();
        throw error;
      }
      if (attempt.hasCommittedCall && error.retryable) {
        yield* attempt.closeLive();
        yield { type: 'done', usage: null };
        return;
      }
      const started = attempt.hasStarted;
      const tries = started ? ++streamTries : ++requestTries;
      if (started) requestTries = 0;
      const maxAttempts = started ? ports.retries.streamMaxRetries : ports.retries.requestMaxRetries;
      if (!error.retryable || tries > maxAttempts) {
        yield* attempt.closeLive();
        throw tries > 1 ? exhausted(error, tries - 1) : error;
      }
      const delayMs = retryDelay(error, tries, ports.random());
      yield {
        type: 'show',
        body: {
          type: 'model.retrying',
          turnId: request.turnId,
          attempt: tries,
          maxAttempts,
          delayMs,
          error: error.info,
          discardedItemIds: attempt.liveIds(),
        },
      };
      await ports.clock.sleep(delayMs, signal);
      if (signal.aborted) throw new TurnError('interrupted', 'Interrupted while waiting to retry.');
    }
  }
}

function exhausted(error: TurnError, retries: number): TurnError {
  return new TurnError(
    error.code,
    `${error.message} (gave up after ${retries} ${retries === 1 ? 'retry' : 'retries'})`,
    {
      ...(error.status === undefined ? {} : { status: error.status }),
      cause: error,
    },
  );
}

function retryDelay(error: TurnError, tries: number, random: number): number {
  const asked = error.retryAfterMs;
  if (asked !== undefined && asked > LONGEST_WAIT_MS) {
    const seconds = Math.ceil(asked / 1000);
    throw new TurnError(
      error.code,
      `${error.message} The server asks to wait ${seconds} s; try again then, or resume this thread.`,
      { cause: error },
    );
  }
  const backoff = FIRST_DELAY_MS * 2 ** Math.min(tries - 1, 8) * (0.9 + 0.2 * random);
  return Math.round(Math.max(asked ?? 0, backoff));
}

/** One try of the request: which items are on screen, and which entries wait to become final. */
class Attempt {
  hasStarted = false;
  hasCommittedCall = false;
  private usage: TokenUsage | null = null;
  private readonly turnId: string;
  private readonly ports: EnginePorts;
  private readonly isKnownCall: (callId: string) => boolean;
  private readonly live = new Map<string, Item>();
  private heldEntries: HistoryEntry[] = [];
  private heldItems: Item[] = [];

  constructor(turnId: string, ports: EnginePorts, isKnownCall: (callId: string) => boolean) {
    this.turnId = turnId;
    this.ports = ports;
    this.isKnownCall = isKnownCall;
  }

  *take(event: ModelEvent): Generator<SampleEvent> {
    this.hasStarted = true;
    switch (event.type) {
      case 'textDelta': {
        const item = yield* this.open(event.itemId, (id) => ({
          type: 'agentMessage',
          id,
          text: '',
          phase: null,
        }));
        if (item.type === 'agentMessage') item.text += event.text;
        yield this.delta(item.id, { kind: 'text', text: event.text });
        return;
      }
      case 'reasoningDelta': {
        const item = yield* this.open(event.itemId, (id) => ({
          type: 'reasoning',
          id,
          summary: [],
          content: [],
        }));
        const { text, index } = event;
        if (item.type === 'reasoning') {
          const parts = event.part === 'summary' ? item.summary : item.content;
          parts[index] = (parts[index] ?? '') + text;
        }
        yield this.delta(item.id, {
          kind: event.part === 'summary' ? 'reasoningSummary' : 'reasoningContent',
          text,
          index,
        });
        return;
      }
      case 'webSearchStarted':
        yield* this.open(event.itemId, (id) => ({
          type: 'webSearch',
          id,
          query: '',
          action: { type: 'other' },
        }));
        return;
      case 'entry':
        yield* this.hold(event.itemId, event.entry);
        return;
      case 'rateLimits':
        yield {
          type: 'show',
          body: { type: 'rateLimits.updated', primary: event.primary, secondary: event.secondary },
        };
        return;
      case 'completed':
        this.usage = event.usage;
        return;
      case 'started':
      case 'toolInputDelta':
        return;
    }
  }

  *finish(): Generator<SampleEvent> {
    yield* this.commit();
    yield* this.closeLive();
    yield { type: 'done', usage: this.usage };
  }

  liveIds(): string[] {
    return [...this.live.keys()];
  }

  /** Items that were shown and got no final form are closed as far as they came: nothing stays open for ever. */
  *closeLive(): Generator<SampleEvent> {
    for (const item of this.live.values()) {
      yield { type: 'show', body: { type: 'item.completed', turnId: this.turnId, item } };
    }
    this.live.clear();
  }

  private *open(itemId: string, create: (id: string) => Item): Generator<SampleEvent, Item> {
    const known = this.live.get(itemId);
    if (known) return known;
    const item = create(itemId);
    this.live.set(itemId, item);
    yield { type: 'show', body: { type: 'item.started', turnId: this.turnId, item: { ...item } } };
    return item;
  }

  private delta(itemId: string, delta: Extract<EventBody, { type: 'item.delta' }>['delta']): SampleEvent {
    return { type: 'show', body: { type: 'item.delta', turnId: this.turnId, itemId, delta } };
  }

  private *hold(itemId: string, entry: HistoryEntry): Generator<SampleEvent> {
    if (isToolCall(entry)) {
      // Some servers count their call ids from zero in every response: a reused id gets a fresh name.
      const call = this.isKnownCall(entry.call_id)
        ? { ...entry, call_id: `${entry.call_id}_${this.ports.newId()}` }
        : entry;
      this.heldEntries.push(call);
      this.hasCommittedCall = true;
      yield* this.commit();
      return;
    }
    this.heldEntries.push(entry);
    const item = present(entry, itemId);
    if (!item) return;
    if (item.type === 'agentMessage' && item.text === '' && !this.live.has(itemId)) return;
    if (!this.live.has(itemId)) yield* this.open(itemId, () => ({ ...item }));
    this.heldItems.push(item);
  }

  private *commit(): Generator<SampleEvent> {
    if (this.heldEntries.length === 0) return;
    for (const item of this.heldItems) this.live.delete(item.id);
    yield { type: 'commit', entries: this.heldEntries, items: this.heldItems };
    this.heldEntries = [];
    this.heldItems = [];
  }
}
