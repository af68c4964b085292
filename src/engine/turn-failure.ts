// What ended a turn, told apart once: a failure with its code, a mistake of the user, or a fault of the program.
import { TurnError, UsageError } from '../protocol/error.ts';

/** null when the turn ended because somebody interrupted it. */
export function failureOf(error: unknown, signal: AbortSignal): TurnError | null {
  if (signal.aborted) return signal.reason instanceof TurnError ? signal.reason : null;
  return asTurnError(error);
}

export function asTurnError(error: unknown): TurnError {
  if (error instanceof TurnError) return error;
  // A mistake of the user that only showed while the turn was running, such as an image that is none.
  if (error instanceof UsageError) return new TurnError('bad_request', error.message, { cause: error });
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new TurnError('internal', `A fault of skua ended the turn; please report it. ${detail}`, {
    cause: error,
  });
}
