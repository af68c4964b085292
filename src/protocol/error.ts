// The three errors that have a meaning beyond "bug": a failed turn, a mistake of the caller, and bad tool input.

export type TurnErrorCode =
  | 'auth' // no key, 401, 403
  | 'transport' // unreachable, cut, timed out, 5xx after all retries
  | 'rate_limited' // 429 after all retries
  | 'quota' // plan or credit used up
  | 'overloaded' // the provider says it is out of capacity
  | 'bad_request' // 400, 404, 422: sending it again cannot help
  | 'context_length' // the history does not fit the model
  | 'incomplete' // the provider stopped the response early (length, filter)
  | 'budget' // --max-turns, --max-tokens or --timeout reached
  | 'policy' // forbidden by approval or sandbox policy
  | 'sandbox' // the sandbox this policy needs is not to be had
  | 'schema' // the answer does not fit --output-schema
  | 'interrupted' // by the user or a signal
  | 'storage' // the rollout could not be written
  | 'internal';

/** The plain data of a failed turn, as faces and rollouts carry it. */
export interface TurnErrorInfo {
  code: TurnErrorCode;
  /** What failed, where, and the next step; complete sentences, no secrets. */
  message: string;
  retryable: boolean;
  /** HTTP status, when there was one. */
  status?: number;
}

/** Ends a turn. Caught in one place, in the engine's thread. */
export class TurnError extends Error implements TurnErrorInfo {
  override readonly name = 'TurnError';
  readonly code: TurnErrorCode;
  readonly retryable: boolean;
  readonly status?: number;
  /** Milliseconds the server asked us to wait before the next try. */
  readonly retryAfterMs?: number;

  constructor(
    code: TurnErrorCode,
    message: string,
    options: { retryable?: boolean; status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    if (options.status !== undefined) this.status = options.status;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }

  get info(): TurnErrorInfo {
    const { code, message, retryable, status } = this;
    return { code, message, retryable, ...(status === undefined ? {} : { status }) };
  }
}

/** A mistake of the person at the keyboard: printed without a stack, with the next step, by `main.ts`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** 2 for a wrong command line, 1 for everything else (as Codex does). */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A tool call that cannot be carried out as written; its message is the output the model reads. */
export class ToolInputError extends Error {
  override readonly name = 'ToolInputError';
}
