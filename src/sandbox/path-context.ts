// Which folders of the caller's surroundings the rules of paths need to know.
import { realpathSync, statSync } from 'node:fs';
import { isInside } from './path-rules.ts';
import type { PathContext } from './path-rules.ts';

export function realFolderOrNull(path: string | undefined): string | null {
  if (path === undefined || !path.startsWith('/')) return null;
  try {
    return statSync(path).isDirectory() ? realpathSync(path) : null;
  } catch {
    return null;
  }
}

/** The temporary folder counts only when it is one: not `/`, and not a folder that holds the user's home. */
export function pathContextFrom(env: Readonly<Record<string, string | undefined>>): PathContext {
  const tmpdir = realFolderOrNull(env['TMPDIR']);
  const home = realFolderOrNull(env['HOME']);
  const isUnfit = tmpdir === null || tmpdir === '/' || (home !== null && isInside(home, tmpdir));
  return { tmpdir: isUnfit ? null : tmpdir };
}
