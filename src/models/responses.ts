// Speaks the OpenAI Responses API: one HTTP request per call, its event stream as model events.
import { createGarbageMeter, type GarbageMeter } from '../lib/runtime/memory.ts';
import { SseOverflowError, SseParser } from '../lib/sse.ts';
import { TurnError } from '../protocol/error.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import { isToolCall } from '../protocol/history.ts';
import type { ModelClient, ModelEvent, ModelRequest } from '../protocol/model.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import { secretsOf } from './error-text.ts';
import {
  asAuthError,
  createUntimedFetch,
  drainInBackground,
  dropBody,
  readStart,
  Watch,
} from './http-body.ts';
import type { BodyReader } from './http-body.ts';
import {
  closedEarlyError,
  connectError,
  contentTypeError,
  idleError,
  interruptedError,
  malformedError,
  redirectError,
  streamError,
} from './network-errors.ts';
import { rateLimitsFromHeaders } from './rate-limits.ts';
import { ResponsesDecoder } from './responses-decoder.ts';
import type { ErrorContext } from './responses-errors.ts';
import { httpError } from './responses-errors.ts';
import { BodyEncoder, buildHeaders, resolveEndpoint, storesResponses } from './responses-request.ts';
import type { Endpoint } from './responses-request.ts';

export interface ResponsesClientOptions {
  provider: ProviderSettings;
  /** Credentials as headers. `unauthorized`: the ones given before were refused, get new ones if there are any. */
  authHeaders: (reason: 'request' | 'unauthorized') => Promise<Record<string, string>>;
  /** Read for `env_http_headers`. */
  env: Readonly<Record<string, string | undefined>>;
  originator: string;
  /** Version of this program. */
  version: string;
  userAgent: string;
  fetch?: typeof fetch;
  /** Unix ms; read for `Retry-After` dates. */
  now?: () => number;
}

/** An error body is quoted in part only; a page of HTML can be hundreds of kilobytes. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;
/** How long the end of a finished stream may take before its connection is given up. */
const DRAIN_GRACE_MS = 1000;
const MAX_TURN_STATES = 64;

interface Attempt {
  endpoint: Endpoint;
  body: string;
  headers: Record<string, string>;
  watch: Watch;
  context: ErrorContext & { secrets: string[] };
}

/**
 * A client of one provider. Each call is one attempt (plus one repeat when a 401 brings new credentials) and fails with
 * a `TurnError`; retries are the caller's. Aborting the signal, or leaving the iteration early, closes the connection.
 */
export function createResponsesClient(options: ResponsesClientOptions): ModelClient {
  const client = new ResponsesClient(options);
  return (request, signal) => client.stream(request, signal);
}

class ResponsesClient {
  readonly #options: ResponsesClientOptions;
  readonly #encoder: BodyEncoder;
  readonly #fetch: typeof fetch;
  readonly #turnStates = new TurnStates();

  constructor(options: ResponsesClientOptions) {
    this.#options = options;
    this.#encoder = new BodyEncoder({ store: storesResponses(options.provider) });
    this.#fetch = options.fetch ?? createUntimedFetch();
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    if (signal.aborted) throw interruptedError();
    const watch = new Watch(signal, this.#options.provider.streamIdleTimeoutMs);
    try {
      const attempt = this.#prepare(request, watch);
      const response = await this.#connect(attempt);
      this.#turnStates.keep(request, response.headers.get('x-codex-turn-state'));
      yield* decodeBody(response, request.input, attempt);
    } finally {
      watch.release();
    }
  }

  #prepare(request: ModelRequest, watch: Watch): Attempt {
    const { provider, env, now = Date.now } = this.#options;
    const endpoint = resolveEndpoint(provider);
    const headers = buildHeaders(request, this.#options, this.#turnStates.of(request));
    const fromEnv = Object.fromEntries(
      Object.values(provider.envHeaders).map((name) => [name, env[name] ?? '']),
    );
    const token = { token: provider.bearerToken ?? '' };
    const secrets = secretsOf(provider.headers, provider.queryParams, fromEnv, token);
    const context = { provider, shownUrl: endpoint.shown, secrets, now };
    return { endpoint, body: this.#encoder.encode(request), headers, watch, context };
  }

  /** Sends the request; comes back with a good answer whose body is still unread. */
  async #connect(attempt: Attempt): Promise<Response> {
    const first = await this.#credentials('request', attempt);
    const response = await this.#post(attempt, first);
    if (response.status !== 401) return checkStatus(response, attempt);
    const renewed = await this.#credentials('unauthorized', attempt);
    if (isSameHeaders(first, renewed)) return checkStatus(response, attempt);
    await response.body?.cancel().catch(() => {});
    return checkStatus(await this.#post(attempt, renewed), attempt);
  }

  async #credentials(
    reason: 'request' | 'unauthorized',
    { watch, context }: Attempt,
  ): Promise<Record<string, string>> {
    const { signal } = watch.controller;
    if (signal.aborted) throw interruptedError();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(interruptedError());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const headers = await Promise.race([this.#options.authHeaders(reason), aborted.promise]);
      context.secrets = [...secretsOf(headers), ...context.secrets];
      return headers;
    } catch (error) {
      throw asAuthError(error, reason);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #post(attempt: Attempt, auth: Record<string, string>): Promise<Response> {
    const { endpoint, watch, context } = attempt;
    const headers = toHeaders({ ...attempt.headers, ...lowerCased(auth) }, context);
    const { signal } = watch.controller;
    const init: RequestInit = { method: 'POST', headers, body: attempt.body, redirect: 'manual', signal };
    try {
      return await watch.while(this.#fetch(endpoint.url, init));
    } catch (error) {
      throw stoppedError(watch, context) ?? connectError(error, context);
    }
  }
}

async function checkStatus(response: Response, { watch, context }: Attempt): Promise<Response> {
  const { status, statusText, headers } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel().catch(() => {});
    throw redirectError(status, headers.get('location'), context);
  }
  const type = headers.get('content-type') ?? '';
  const isStream = !/^\s*(text\/html|application\/(problem\+)?json)\b/i.test(type);
  if (response.ok && isStream) return response;
  const start = await readStart(response, MAX_ERROR_BODY_BYTES, watch);
  if (watch.isInterrupted) throw interruptedError();
  if (response.ok) throw contentTypeError(type, start, context);
  throw httpError({ status, statusText, headers, body: start }, context);
}

async function* decodeBody(
  response: Response,
  input: readonly HistoryEntry[],
  { watch, context }: Attempt,
): AsyncGenerator<ModelEvent> {
  const limits = rateLimitsFromHeaders(response.headers);
  if (limits !== null) yield limits;
  const reader = response.body?.getReader() as BodyReader | undefined;
  if (reader === undefined) throw closedEarlyError(context);
  const decoder = new ResponsesDecoder({
    context,
    model: response.headers.get('openai-model'),
    usedCallIds: () => new Set(input.filter(isToolCall).map((call) => call.call_id)),
    freshId: () => crypto.randomUUID().replaceAll('-', ''),
  });
  const parser = new SseParser((data) => decoder.push(data), {
    peek: (text, from, end) => decoder.peek(text, from, end),
  });
  const garbage = createGarbageMeter();
  let isWhole = false;
  try {
    for (;;) {
      const chunk = await readChunk(reader, watch, context);
      if (chunk === null) throw closedEarlyError(context);
      feed(parser, chunk, garbage, context);
      const events = decoder.take();
      // The end is acted on before its last event is given out: a consumer may leave right after `completed`.
      const { end } = decoder;
      isWhole = end?.type === 'completed';
      if (isWhole) drainInBackground(reader, watch, DRAIN_GRACE_MS);
      for (const event of events) {
        if (watch.isInterrupted) throw interruptedError();
        yield event;
      }
      if (end?.type === 'failed') throw end.error;
      if (isWhole) return;
    }
  } finally {
    if (!isWhole) {
      watch.controller.abort();
      await dropBody(reader);
    }
  }
}

/** null at the end of the body. */
async function readChunk(
  reader: BodyReader,
  watch: Watch,
  context: ErrorContext,
): Promise<Uint8Array | null> {
  try {
    const { done, value } = await watch.while(reader.read());
    if (watch.isInterrupted) throw interruptedError();
    return done ? null : value;
  } catch (error) {
    throw stoppedError(watch, context) ?? streamError(error, context);
  }
}

/** Bytes that are decoded at once: a read of a fast stream can be half a megabyte. */
const FEED_BYTES = 64 * 1024;

function feed(parser: SseParser, chunk: Uint8Array, garbage: GarbageMeter, context: ErrorContext): void {
  try {
    for (let at = 0; at < chunk.length; at += FEED_BYTES) {
      const part = chunk.subarray(at, at + FEED_BYTES);
      parser.push(part);
      garbage.add(part.length);
    }
  } catch (error) {
    if (error instanceof SseOverflowError) throw malformedError(error.message, context);
    throw error;
  }
}

/** Why we ourselves stopped the request; null when we did not. */
function stoppedError(watch: Watch, context: ErrorContext): TurnError | null {
  if (watch.isInterrupted) return interruptedError();
  return watch.isIdle ? idleError(context) : null;
}

function toHeaders(headers: Record<string, string>, context: ErrorContext): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    try {
      result.set(name, value);
    } catch (error) {
      // The runtime's own message would quote the value.
      throw new TurnError(
        'bad_request',
        `The header "${name.slice(0, 80)}" of the provider "${context.provider.id}" holds characters that HTTP does not allow. Correct it in http_headers, env_http_headers or the key; nothing was sent.`,
        { cause: error instanceof Error ? error.name : undefined },
      );
    }
  }
  return result;
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function isSameHeaders(a: Record<string, string>, b: Record<string, string>): boolean {
  const [left, right] = [lowerCased(a), lowerCased(b)];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => left[name] === right[name]);
}

/** A token by which the provider sends all requests of a turn to the same machine; echoed within its turn only. */
class TurnStates {
  readonly #states = new Map<string, { turnId: string; state: string }>();

  of({ threadId, turnId }: ModelRequest): string | undefined {
    const known = this.#states.get(threadId);
    return known?.turnId === turnId ? known.state : undefined;
  }

  keep({ threadId, turnId }: ModelRequest, state: string | null): void {
    if (state === null) return;
    this.#states.delete(threadId);
    this.#states.set(threadId, { turnId, state });
    const [oldest] = this.#states.keys();
    if (this.#states.size > MAX_TURN_STATES && oldest !== undefined) this.#states.delete(oldest);
  }
}
