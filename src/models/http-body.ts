// Reads the body of an answer with a limit on silence, and calls `fetch` without the runtime's own limits on time.
import { TurnError } from '../protocol/error.ts';
import { safeText } from './error-text.ts';

/** Keeps sockets open between the tool rounds of a turn; a server that wants less says so in `Keep-Alive`. */
const KEEP_ALIVE_MS = 30_000;

/** Longest time that timers take; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Where Node's fetch keeps the dispatcher it uses; set by its first use of `fetch`. */
const NODE_DISPATCHER = Symbol.for('undici.globalDispatcher.1');

/**
 * `fetch` with no limit of its own on how long headers or a pause in the body may take: both runtimes stop after 300 s
 * of silence, but `stream_idle_timeout_ms` may be longer, and the client keeps that time itself.
 * Node: a dispatcher of the same kind as the global one (so that proxy settings stay), with its time-outs off.
 * Other runtimes: the `timeout: false` member.
 */
export function createUntimedFetch(): typeof fetch {
  let dispatcher: unknown;
  return async (input, init) => {
    dispatcher ??= makeNodeDispatcher();
    // Members that some runtimes read and others ignore.
    const untimed = dispatcher === undefined ? { timeout: false } : { timeout: false, dispatcher };
    return fetch(input, Object.assign({}, init, untimed));
  };
}

function makeNodeDispatcher(): unknown {
  const holder = globalThis as unknown as Record<symbol, object | undefined>;
  if (holder[NODE_DISPATCHER] === undefined && typeof Response === 'function') {
    // The dispatcher comes into being when fetch's code is first loaded; touching the class is enough.
    void new Response();
  }
  const current = holder[NODE_DISPATCHER];
  if (current === undefined) return undefined;
  const Dispatcher = current.constructor as new (options: object) => unknown;
  try {
    return new Dispatcher({ headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  } catch {
    // A dispatcher that somebody installed and that needs more to be made: better with its limits than without it.
    return current;
  }
}

/** Aborts a request when its caller does, or when the other side is silent for too long. */
export class Watch {
  readonly controller = new AbortController();
  isIdle = false;
  readonly #signal: AbortSignal;
  readonly #idleMs: number;
  /** `performance.now()` at which silence becomes too long; Infinity while nobody waits. */
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  readonly #onAbort = (): void => this.controller.abort();

  constructor(signal: AbortSignal, idleMs: number) {
    this.#signal = signal;
    this.#idleMs = Math.min(idleMs, MAX_TIMER_MS);
    if (signal.aborted) this.controller.abort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get isInterrupted(): boolean {
    return this.#signal.aborted;
  }

  /** Counts silence from now until the promise settles. */
  async while<T>(promise: Promise<T>): Promise<T> {
    this.#deadline = performance.now() + this.#idleMs;
    // One timer for the whole stream, set again when it fires too early: setting one per read would cost more than the read.
    this.#timer ??= setTimeout(this.#check, this.#idleMs);
    try {
      return await promise;
    } finally {
      this.#deadline = Number.POSITIVE_INFINITY;
    }
  }

  /** Stops watching; the request itself goes on. */
  release(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #check = (): void => {
    const left = this.#deadline - performance.now();
    if (left <= 0) {
      this.isIdle = true;
      this.controller.abort();
      return;
    }
    this.#timer = setTimeout(this.#check, Number.isFinite(left) ? Math.max(1, left) : this.#idleMs);
  };
}

export type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

/** The beginning of a body as text, at most `maxBytes`; the rest is thrown away. Never rejects for a broken body. */
export async function readStart(response: Response, maxBytes: number, watch: Watch): Promise<string> {
  const reader = response.body?.getReader() as BodyReader | undefined;
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  try {
    while (size < maxBytes) {
      const { done, value } = await watch.while(reader.read());
      if (done) return text + decoder.decode();
      const piece = value.subarray(0, maxBytes - size);
      size += piece.length;
      text += decoder.decode(piece, { stream: true });
    }
  } catch {
    // What came before the break is still worth showing; an abort shows in the watch.
  }
  await dropBody(reader);
  return text;
}

/** Gives a body up; its connection closes. */
export async function dropBody(reader: BodyReader): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    // Already broken.
  }
}

/**
 * Reads to the end what little may follow the last event, so that the connection can serve the next request; gives up
 * after `graceMs`. Runs beside the caller.
 */
export function drainInBackground(reader: BodyReader, watch: Watch, graceMs: number): void {
  const timer = setTimeout(() => watch.controller.abort(), graceMs);
  timer.unref?.();
  const drain = async (): Promise<void> => {
    try {
      for (let reads = 0; reads < 64; reads++) if ((await reader.read()).done) return;
      await dropBody(reader);
    } catch {
      // Broken or aborted: either way the connection is gone, and nobody waits for it.
    } finally {
      clearTimeout(timer);
    }
  };
  void drain();
}

/** Passes typed errors on; wraps what else went wrong while credentials were fetched. */
export function asAuthError(error: unknown, reason: 'request' | 'unauthorized'): TurnError {
  if (error instanceof TurnError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const cause = safeText(said, { secrets: [], maxChars: 500 });
  const text =
    reason === 'request'
      ? `No credentials could be had for the model request: ${cause}. Nothing was sent.`
      : `The provider refused the credentials, and new ones could not be had: ${cause}.`;
  return new TurnError('auth', text, { cause: error });
}
