// Real paths, also of things that do not exist yet.
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Absolute, with every link of the existing part resolved; what does not exist is kept as it is written. */
export function realPathOrSame(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPathOrSame(parent), basename(absolute));
  }
}
