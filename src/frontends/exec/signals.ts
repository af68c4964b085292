// Signals of a headless run: the first ends the turn cleanly, a second one ends everything at once.
import type { EndSignal } from './exit-code.ts';

export interface SignalWatch {
  /** The signal that came, or null. */
  readonly received: EndSignal | null;
  dispose(): void;
}

const SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const EXIT_AT_ONCE = 130;

/** `stop` is called for the first signal; `force` for the next one, right before the program ends. */
export function watchSignals(stop: () => void, force: () => void): SignalWatch {
  const state: { received: EndSignal | null } = { received: null };
  const handlers = SIGNALS.map((signal) => {
    const handler = (): void => {
      if (state.received) {
        force();
        process.exit(EXIT_AT_ONCE);
      }
      state.received = signal;
      stop();
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
