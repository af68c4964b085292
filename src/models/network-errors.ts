// Turns failures below HTTP (name, connection, TLS, silence, redirects, wrong content) into typed errors with a next step.
import { TurnError } from '../protocol/error.ts';
import { safeText } from './error-text.ts';
import type { ErrorContext } from './responses-errors.ts';
import { showUrl } from './responses-request.ts';

interface Cause {
  text: string;
  next: string;
  retryable: boolean;
}

const CAUSES: readonly (Cause & { codes: RegExp })[] = [
  {
    codes: /^(ECONNREFUSED|ConnectionRefused)$/,
    text: 'the connection was refused',
    next: 'Is the server running, and is base_url right?',
    retryable: true,
  },
  {
    codes: /^(ENOTFOUND|EAI_\w+|DNS\w*|FailedToOpenSocket)$/,
    text: 'the host could not be found or reached',
    next: 'Check the network, the proxy settings and base_url.',
    retryable: true,
  },
  {
    codes: /^(ENETUNREACH|EHOSTUNREACH|ENETDOWN|EADDRNOTAVAIL)$/,
    text: 'the network cannot reach the host',
    next: 'Check the network and the proxy settings.',
    retryable: true,
  },
  {
    codes: /^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|ConnectionTimeout|Timeout)$/,
    text: 'the connection timed out',
    next: 'Check the network and the proxy settings.',
    retryable: true,
  },
  {
    codes:
      /^(CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT\w+|UNKNOWN_CERTIFICATE\w*)$/,
    text: "the server's certificate is not trusted",
    next: 'If a proxy of your company re-signs traffic, name its certificate in NODE_EXTRA_CA_CERTS.',
    retryable: false,
  },
  {
    codes: /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|ConnectionClosed|ConnectionReset|ERR_SOCKET\w*)$/,
    text: 'the connection was closed by the other side',
    next: 'Try again; if it stays, check the network and the proxy settings.',
    retryable: true,
  },
];

/** `fetch` rejected: nothing of an answer came. */
export function connectError(error: unknown, context: ErrorContext): TurnError {
  const cause = causeOf(error, context);
  return new TurnError(
    'transport',
    `error sending request for url (${context.shownUrl}): ${cause.text}. ${cause.next}`,
    { retryable: cause.retryable, cause: error },
  );
}

/** The body broke off with an error. */
export function streamError(error: unknown, context: ErrorContext): TurnError {
  const cause = causeOf(error, context);
  return disconnected(cause.text, context, error);
}

/** The body ended, in good order, before the response did. */
export function closedEarlyError(context: ErrorContext): TurnError {
  return disconnected('stream closed before response.completed', context);
}

/** An event that is not what it must be; dropping it could drop a tool call. */
export function malformedError(detail: string, context: ErrorContext): TurnError {
  const shown = safeText(detail, { secrets: context.secrets, maxChars: 200 });
  return disconnected(`malformed event (${shown})`, context);
}

function disconnected(what: string, context: ErrorContext, cause?: unknown): TurnError {
  return new TurnError(
    'transport',
    `stream disconnected before completion: ${what} (url: ${context.shownUrl}). Try again; if it stays, check the network and the provider's status page.`,
    { retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}

/** Nothing came for `stream_idle_timeout_ms`. */
export function idleError(context: ErrorContext): TurnError {
  const ms = context.provider.streamIdleTimeoutMs;
  return new TurnError(
    'transport',
    `idle timeout waiting for SSE: ${context.shownUrl} sent nothing for ${ms} ms. Try again; for a slow provider raise stream_idle_timeout_ms.`,
    { retryable: true },
  );
}

export function interruptedError(): TurnError {
  return new TurnError('interrupted', 'The model request was interrupted.');
}

/** Following a redirect would hand the key and the prompt to a host that nobody configured. */
export function redirectError(status: number, location: string | null, context: ErrorContext): TurnError {
  const base = context.shownUrl.replace(/\?.*$/, '');
  const target =
    location !== null && URL.canParse(location, base)
      ? showUrl(new URL(location, base))
      : 'an address it did not name';
  return new TurnError(
    'bad_request',
    `${context.shownUrl} redirects (status ${status}) to ${safeText(target, { secrets: context.secrets, maxChars: 300 })}. skua does not follow redirects with credentials and prompts. If that address is right, set it as base_url of the provider "${context.provider.id}".`,
    { status },
  );
}

/** A good status with something that is no event stream: a login page, or another API. */
export function contentTypeError(contentType: string, start: string, context: ErrorContext): TurnError {
  const options = { secrets: context.secrets, maxChars: 300 };
  const shown = safeText(start.replace(/<[^>]*>/g, ' '), options);
  return new TurnError(
    'bad_request',
    `${context.shownUrl} answered with ${safeText(contentType, { ...options, maxChars: 80 })} in place of an event stream: ${shown || 'nothing'}. Check base_url of the provider "${context.provider.id}"; it must speak the Responses API.`,
    { status: 200 },
  );
}

/** The innermost cause that names a code; `fetch` wraps it several times over. */
function causeOf(error: unknown, context: ErrorContext): Cause {
  let text = '';
  let at: unknown = error;
  for (let depth = 0; depth < 6 && typeof at === 'object' && at !== null; depth++) {
    const { code, message, cause, errors } = at as {
      code?: unknown;
      message?: unknown;
      cause?: unknown;
      errors?: unknown;
    };
    if (typeof code === 'string') {
      const known = CAUSES.find((entry) => entry.codes.test(code));
      if (known) return known;
    }
    if (typeof message === 'string' && message !== '') text = message;
    at = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  const shown = safeText(text, { secrets: context.secrets, maxChars: 300 }).replace(/\.$/, '');
  return {
    text: shown || 'unknown network error',
    next: 'Check the network and the proxy settings.',
    retryable: true,
  };
}
