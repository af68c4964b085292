// What a headless run's exit code says: Codex's 0/1/2, or the finer set behind `--exit-codes=detailed`.
import type { TurnResult } from '../../engine/thread.ts';
import type { TurnErrorCode } from '../../protocol/error.ts';

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const SIGNAL_CODES: Readonly<Record<EndSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const BUDGET = 5;

const DETAILED: Readonly<Record<TurnErrorCode, number>> = {
  auth: 4,
  transport: 3,
  rate_limited: 3,
  quota: 3,
  overloaded: 3,
  incomplete: 3,
  bad_request: 3,
  context_length: 3,
  budget: BUDGET,
  policy: 7,
  sandbox: 7,
  schema: 8,
  interrupted: 130,
  storage: 1,
  internal: 1,
};

export interface RunEnd {
  /** What ended the run from outside, if anything did. */
  signal: EndSignal | null;
  /** False when an answer had to fit a schema and does not. */
  fitsSchema: boolean;
}

export function exitCodeOf(result: TurnResult, end: RunEnd, style: 'codex' | 'detailed'): number {
  if (end.signal) return SIGNAL_CODES[end.signal];
  switch (result.status) {
    case 'completed':
      return end.fitsSchema || style === 'codex' ? 0 : DETAILED.schema;
    case 'aborted':
      return 1;
    case 'failed':
      // The limits are flags of our own: their code does not depend on the style.
      if (result.error.code === 'budget') return BUDGET;
      return style === 'detailed' ? DETAILED[result.error.code] : 1;
  }
}
