// Finds a bubblewrap that nobody else can have put there: on PATH, outside the workspace, in folders closed to others.
import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { isInside } from './path-rules.ts';

export type FoundBwrap = { program: string } | { missing: string };

const FIRST_USER_GROUP = 1000;

/** Writable for everybody, or for a group of other people; system groups such as `staff` are the administrator's. */
function isOpenToOthers(stat: Stats): boolean {
  const isGroupOfOthers = stat.gid >= FIRST_USER_GROUP && stat.gid !== process.getgid?.();
  return (stat.mode & 0o002) !== 0 || ((stat.mode & 0o020) !== 0 && isGroupOfOthers);
}

/** A folder counts as closed when nobody but root and this user can change what is in it, nor anything above it. */
function isClosed(folder: string, uid: number): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const stat = statSync(at);
    // The sticky bit keeps others from replacing an entry of a shared folder, not from adding one.
    const isSticky = at !== folder && (stat.mode & 0o1000) !== 0;
    if ((isOpenToOthers(stat) && !isSticky) || (stat.uid !== 0 && stat.uid !== uid)) return false;
    if (at === dirname(at)) return true;
  }
}

/** `forbidden`: trees that a command or a repository can write: workspace, writable roots, temporary folders. */
export function findBwrap(options: { path: string; forbidden: readonly string[]; uid: number }): FoundBwrap {
  // With `/` as the workspace everything would be suspect; the owners of the folders have to do then.
  const forbidden = options.forbidden.filter((root) => root !== '/');
  let rejected: string | null = null;
  for (const folder of options.path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    try {
      const program = realpathSync(join(folder, 'bwrap'));
      accessSync(program, constants.X_OK);
      const stat = statSync(program);
      const isSound =
        stat.isFile() &&
        !isOpenToOthers(stat) &&
        !forbidden.some((root) => isInside(program, root) || isInside(folder, root)) &&
        isClosed(dirname(program), options.uid);
      if (isSound) return { program };
      rejected = program;
    } catch {
      // Not here.
    }
  }
  if (rejected === null) return { missing: 'bubblewrap (the program bwrap) is not installed.' };
  return {
    missing: `${rejected} was not used, because others (or commands in the workspace) could have replaced it.`,
  };
}
