// How the runtime spends memory: short runs stay small, and large garbage does not pile up.
import { findBunApi } from './bun-api.ts';

/** Counts what becomes garbage, and has it collected before it piles up. */
export interface GarbageMeter {
  /** Bytes that were read or made and are not needed any more. */
  add(bytes: number): void;
}

const LIMIT_BYTES = 1 << 19;

/**
 * Left alone, the engine of Bun waits for tens of megabytes of garbage, which is most of the memory of a run that lasts
 * a tenth of a second. Collecting a small heap takes about a millisecond. Node has no such call: there it does nothing.
 */
export function createGarbageMeter(limit = LIMIT_BYTES): GarbageMeter {
  const bun = findBunApi();
  let bytes = 0;
  return {
    add(more) {
      bytes += more;
      if (bytes < limit) return;
      bytes = 0;
      bun?.gc(true);
    },
  };
}

/**
 * The executable starts with compilation to machine code put off (see scripts/build.ts), because it costs more memory
 * and time than a short run wins by it. A run that goes on for a while gets it after all.
 */
export function compileInLongRuns(afterMs: number): void {
  const bun = findBunApi();
  if (bun) setTimeout(() => bun.unsafe.setJITPolicy(1), afterMs).unref();
}
