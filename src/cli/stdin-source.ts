// The real stdin of this process, told apart by what is at descriptor 0.
import { fstatSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';
import { UsageError } from '../protocol/error.ts';
import type { StdinSource } from './stdin.ts';

/** Looks at descriptor 0; nothing is read before the first `read`. */
export function openStdin(): StdinSource {
  const kind = kindOfStdin();
  let chunks: AsyncIterator<Uint8Array> | null = null;
  const read = async (): Promise<Uint8Array | null> => {
    // Runtimes disagree: one reads a folder as empty, the other throws something unreadable.
    if (isFolder()) throw new UsageError('Failed to read from stdin: it is a folder.');
    chunks ??= (process.stdin as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    try {
      const next = await chunks.next();
      return next.done ? null : next.value;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`Failed to read from stdin: ${reason}.`, { cause });
    }
  };
  const close = (): void => {
    process.stdin.destroy();
    process.stdin.unref?.();
  };
  return { kind, read, close };
}

function isFolder(): boolean {
  return fstatSync(0).isDirectory();
}

function kindOfStdin(): StdinSource['kind'] {
  try {
    const stat = fstatSync(0);
    if (isatty(0)) return 'terminal';
    if (stat.isFIFO() || stat.isSocket() || stat.isFile()) return 'open';
    // The only character device that matters beside terminals; others (/dev/zero) are read like pipes.
    if (stat.isCharacterDevice()) return stat.rdev === nullDevice() ? 'null-device' : 'open';
    return stat.isDirectory() ? 'open' : 'closed';
  } catch {
    return 'closed';
  }
}

/** Device number of the null device; -1 where there is none. */
function nullDevice(): number {
  try {
    return statSync(devNull).rdev;
  } catch {
    return -1;
  }
}
