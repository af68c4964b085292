// Signals of a headless run: the first ends the turn cleanly, a second one ends the program at once.
import type { EndSignal } from './exit-code.ts';

export interface SignalWatch {
  /** The signal that came, or null. */
  readonly received: EndSignal | null;
  dispose(): void;
}

const SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const EXIT_AT_ONCE = 130;

/** `stop` is called for the first signal only. */
export function watchSignals(stop: (signal: EndSignal) => void): SignalWatch {
  const state: { received: EndSignal | null } = { received: null };
  const handlers = SIGNALS.map((signal) => {
    const handler = (): void => {
      if (state.received) process.exit(EXIT_AT_ONCE);
      state.received = signal;
      stop(signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return {
    get received() {
      return state.received;
    },
    dispose() {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
