// Files for output that is too long for the model: private, one folder a thread, old folders swept away.
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateFile, ensurePrivateDirectory } from '../lib/private-files.ts';
import type { SpillFile } from '../protocol/tool.ts';

const FOLDER = 'tool-output';
const KEPT_MS = 7 * 24 * 3600 * 1000;

export interface SpillFolder {
  open(): SpillFile;
}

/** `$home/tool-output/<thread>/<n>.log`, made when first needed. */
export function createSpillFolder(home: string, threadId: string, now: () => number): SpillFolder {
  const root = join(home, FOLDER);
  const folder = join(root, threadId);
  let count = 0;
  return {
    open() {
      if (count === 0) {
        ensurePrivateDirectory(folder);
        sweep(root, threadId, now());
      }
      let path: string;
      do path = join(folder, `${++count}.log`);
      while (!createFresh(path));
      const fd = openSync(path, 'a', 0o600);
      let isOpen = true;
      return {
        path,
        write(chunk) {
          if (!isOpen) return;
          for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
        },
        close() {
          if (isOpen) closeSync(fd);
          isOpen = false;
        },
      };
    },
  };
}

/** False when a resumed thread has left a file of this name. */
function createFresh(path: string): boolean {
  try {
    createPrivateFile(path, '');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away the output of threads that nobody has touched for a week. */
function sweep(root: string, current: string, now: number): void {
  for (const name of readdirSync(root)) {
    if (name === current) continue;
    const path = join(root, name);
    try {
      if (now - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
    } catch {
      // Another process may have swept it first.
    }
  }
}
