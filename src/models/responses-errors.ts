// Turns what a provider answered in place of a good response into one typed error that says what, where, and what next.
import { TurnError } from '../protocol/error.ts';
import type { TurnErrorCode } from '../protocol/error.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import { safeText } from './error-text.ts';
import { retryAfterFromHeaders, retryAfterFromText } from './retry-after.ts';

/** What an error needs to know of its request. */
export interface ErrorContext {
  provider: ProviderSettings;
  /** The address as it may be shown. */
  shownUrl: string;
  /** Texts that must not appear in a message. */
  secrets: readonly string[];
  /** Unix ms. */
  now: () => number;
}

/** An answer with an error status; `body` is its beginning. */
export interface HttpFailure {
  status: number;
  statusText: string;
  headers: Headers;
  body: string;
}

/** The error object that providers put into bodies, `response.failed` and `error` events. */
export interface ProviderError {
  code: string | null;
  message: string;
  planType?: string;
  /** Unix seconds. */
  resetsAt?: number;
  resetsInSeconds?: number;
}

const MAX_MESSAGE_CHARS = 1000;
const MAX_RAW_CHARS = 2000;

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Entity',
  425: 'Too Early',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const QUOTA_CODES = new Set([
  'insufficient_quota',
  'usage_limit_reached',
  'usage_not_included',
  'billing_hard_limit_reached',
]);
const OVERLOAD_CODES = new Set(['server_is_overloaded', 'slow_down', 'overloaded_error']);
const RATE_CODES = new Set(['rate_limit_exceeded', 'rate_limit_error']);
const CONTEXT_CODES = new Set(['context_length_exceeded', 'context_window_exceeded']);
const AUTH_CODES = new Set(['invalid_api_key', 'authentication_error', 'token_expired']);
/** Faults of the request itself: another try of the same bytes fails the same way. */
const REQUEST_CODE =
  /^(invalid_|image_|unsupported_|empty_image|failed_to_download_image|data_residency|bio_policy|cyber_policy|content_policy|model_not_found|string_above_max)/;

const CONTEXT_ADVICE =
  'The conversation no longer fits the context window of this model: compact it (/compact), start a new thread, or pick a model with a larger window.';

/** An HTTP answer other than 2xx and 3xx. */
export function httpError(failure: HttpFailure, context: ErrorContext): TurnError {
  const { status } = failure;
  const error = readErrorBody(failure.body);
  const fromProvider = codedError(error, context, failure);
  if (fromProvider !== null && (status < 500 || fromProvider.code === 'overloaded')) return fromProvider;
  const status5xx = status >= 500;
  const retryable = status5xx || [408, 409, 425, 429].includes(status);
  const code = codeOfStatus(status);
  const retryAfterMs = waitOf(error, failure, context);
  return new TurnError(code, describeHttp(failure, error, context), {
    retryable,
    status,
    ...(retryable && retryAfterMs !== undefined ? { retryAfterMs } : {}),
  });
}

/** A `response.failed` or `error` event inside a stream. */
export function failedError(error: ProviderError, context: ErrorContext): TurnError {
  const coded = codedError(error, context, null);
  if (coded !== null) return coded;
  const label = error.code === null ? '' : ` (${show(error.code, context, 80)})`;
  const text = `The provider ended the response with an error${label}: ${messageOf(error, context)}${at(context)}`;
  if (error.code !== null && REQUEST_CODE.test(error.code)) {
    return new TurnError(
      'bad_request',
      `${text} Sending the same request again cannot help: change the prompt or the images in it.`,
    );
  }
  const retryAfterMs = retryAfterFromText(error.message);
  return new TurnError('transport', `${text} Try again; if it stays, look at the provider's status page.`, {
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** A response that the provider stopped early: asking again would stop at the same place. */
export function incompleteError(reason: string, context: ErrorContext): TurnError {
  const advice: Readonly<Record<string, string>> = {
    max_output_tokens:
      'The answer reached the largest size the provider allows. Ask for a smaller step, or lower the reasoning effort.',
    content_filter:
      "The provider's content filter stopped the answer. Rephrase the request, or use another model.",
  };
  const next = advice[reason] ?? 'Rephrase the request, or use another model.';
  const shown = show(reason, context, 80);
  return new TurnError(
    'incomplete',
    `The provider stopped the response before its end, reason: ${shown}${at(context)} ${next}`,
  );
}

/** Reads the usual shapes of an error body: `{error: {...}}`, `{error: "..."}`, `{message}`, `{detail}`, HTML, text. */
export function readErrorBody(body: string): ProviderError {
  try {
    const parsed = readErrorValue(JSON.parse(body));
    if (parsed !== null) return parsed;
  } catch {
    // Not JSON: shown as text below.
  }
  if (/^\s*(<!doctype|<html|<\?xml|<head|<body)/i.test(body)) {
    const title = /<title[^>]*>([^<]{1,500})/i.exec(body)?.[1] ?? /<h1[^>]*>([^<]{1,500})/i.exec(body)?.[1];
    return { code: null, message: title === undefined ? 'an HTML page' : `an HTML page: ${title.trim()}` };
  }
  return { code: null, message: body };
}

/** The error object inside any JSON value; null when there is none. */
export function readErrorValue(value: unknown): ProviderError | null {
  if (typeof value === 'string') return { code: null, message: value };
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  const inner = fields['error'];
  if (typeof inner === 'string') {
    return {
      code: inner,
      message: textOf(fields['error_description']) ?? textOf(fields['message']) ?? inner,
    };
  }
  if (typeof inner === 'object' && inner !== null) return readErrorValue(inner);
  const message = textOf(fields['message']) ?? textOf(fields['detail']) ?? textOf(fields['title']);
  const type = textOf(fields['type']);
  const code = textOf(fields['code']) ?? (type === 'error' ? null : type);
  if (message === null && code === null) return null;
  const planType = textOf(fields['plan_type']);
  const resetsAt = fields['resets_at'];
  const resetsIn = fields['resets_in_seconds'];
  return {
    code: type !== null && QUOTA_CODES.has(type) ? type : code,
    message: message ?? '',
    ...(planType === null ? {} : { planType }),
    ...(typeof resetsAt === 'number' ? { resetsAt } : {}),
    ...(typeof resetsIn === 'number' ? { resetsInSeconds: resetsIn } : {}),
  };
}

/** Errors whose code says what they are, however they came. */
function codedError(error: ProviderError, context: ErrorContext, http: HttpFailure | null): TurnError | null {
  const { code } = error;
  if (code === null) return null;
  const status = http === null ? {} : { status: http.status };
  const said = `${messageOf(error, context)}${http === null ? at(context) : `, url: ${context.shownUrl}.`}`;
  const retryAfterMs = waitOf(error, http, context);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (QUOTA_CODES.has(code))
    return new TurnError('quota', `${quotaText(error, context)}${at(context)}`, status);
  if (CONTEXT_CODES.has(code)) return new TurnError('context_length', `${said} ${CONTEXT_ADVICE}`, status);
  if (OVERLOAD_CODES.has(code) && (http === null || http.status === 429 || http.status >= 500)) {
    const text = `The provider is out of capacity for this model: ${said} Wait a little, or pick another model.`;
    return new TurnError('overloaded', text, { ...status, ...wait, retryable: true });
  }
  // With a status, the status says what these are.
  if (http !== null) return null;
  if (RATE_CODES.has(code)) {
    const text = `Rate limit reached: ${said} Wait, or send fewer requests at a time.`;
    return new TurnError('rate_limited', text, { ...wait, retryable: true });
  }
  if (code === 'invalid_prompt') {
    return new TurnError(
      'bad_request',
      `The provider refused the prompt: ${said} Rephrase it; sending it again cannot help.`,
    );
  }
  if (AUTH_CODES.has(code)) return new TurnError('auth', `${said} ${authAdvice(context.provider)}`);
  return null;
}

function quotaText(error: ProviderError, context: ErrorContext): string {
  const said = messageOf(error, context);
  const tail = error.message === '' ? '' : ` The provider says: ${said}`;
  switch (error.code) {
    case 'usage_not_included':
      return `Your plan does not include this use. Upgrade the plan, or sign in with an API key.${tail}`;
    case 'usage_limit_reached': {
      const plan =
        error.planType === undefined ? 'your plan' : `the plan "${show(error.planType, context, 40)}"`;
      return `The usage limit of ${plan} is reached${resetText(error, context)}. Wait until then, add credit, or use another provider.${tail}`;
    }
    default:
      return `Quota exceeded. Check your plan and billing details with the provider, or use another key.${tail}`;
  }
}

function resetText(error: ProviderError, context: ErrorContext): string {
  const at =
    error.resetsAt === undefined
      ? error.resetsInSeconds === undefined
        ? null
        : context.now() + error.resetsInSeconds * 1000
      : error.resetsAt * 1000;
  if (at === null || !Number.isFinite(at) || Math.abs(at) > 8.64e15) return '';
  return `; it opens again at ${new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

function waitOf(error: ProviderError, http: HttpFailure | null, context: ErrorContext): number | undefined {
  const fromHeaders = http === null ? undefined : retryAfterFromHeaders(http.headers, context.now());
  return fromHeaders ?? retryAfterFromText(error.message);
}

function codeOfStatus(status: number): TurnErrorCode {
  if (status === 401 || status === 403 || status === 407) return 'auth';
  if (status === 402) return 'quota';
  if (status === 429) return 'rate_limited';
  if (status === 529) return 'overloaded';
  if (status >= 500 || status === 408 || status === 409 || status === 425) return 'transport';
  return 'bad_request';
}

function describeHttp(failure: HttpFailure, error: ProviderError, context: ErrorContext): string {
  const { status, statusText, body } = failure;
  const reason = show(statusText, context, 60) || (REASONS[status] ?? '');
  const label = `${status} ${reason}`.trim();
  const next = adviceOf(status, context.provider);
  // Codex gives the body of a 400 as it came, and scripts look into it.
  if (status === 400 && body.trim() !== '') {
    const raw = /^\s*</.test(body) ? messageOf(error, context) : show(body, context, MAX_RAW_CHARS);
    return `${raw}\nunexpected status ${label}, url: ${context.shownUrl}. ${next}`;
  }
  const said = error.message.trim() === '' ? 'no further word' : messageOf(error, context);
  const start = status === 429 ? 'last status:' : 'unexpected status';
  return `${start} ${label}: ${said}, url: ${context.shownUrl}. ${next}`;
}

function adviceOf(status: number, provider: ProviderSettings): string {
  switch (status) {
    case 401:
      return authAdvice(provider);
    case 403:
      return 'The credentials are known but not allowed to do this: check the organisation, the region, and whether the model is open to them.';
    case 404:
      return `Check the model's name (-m) and base_url of the provider "${provider.id}".`;
    case 413:
      return CONTEXT_ADVICE;
    case 429:
      return 'Wait, or send fewer requests at a time.';
    default:
      return status >= 500 || status === 408
        ? "The provider is in trouble: try again later; the provider's status page may say more."
        : "Sending the same request again cannot help: check the model's name (-m), its settings (effort, verbosity, service tier) and the provider.";
  }
}

function authAdvice(provider: ProviderSettings): string {
  if (provider.envKey !== null) {
    const hint = provider.envKeyInstructions === null ? '' : ` ${provider.envKeyInstructions}`;
    return `Check the key in the environment variable ${provider.envKey}.${hint}`;
  }
  return 'Check the credentials: `skua login status` shows which ones are used, `skua login --with-api-key` stores a new key.';
}

function messageOf(error: ProviderError, context: ErrorContext): string {
  return show(error.message, context, MAX_MESSAGE_CHARS) || (error.code ?? 'no further word');
}

function show(text: string, context: ErrorContext, maxChars: number): string {
  return safeText(text, { secrets: context.secrets, maxChars });
}

function at(context: ErrorContext): string {
  return ` (url: ${context.shownUrl}).`;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null;
}
