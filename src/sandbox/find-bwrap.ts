// Finds a bubblewrap that nobody else can have put there: on PATH, outside the workspace, in folders closed to others.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { isInside } from './path-rules.ts';

export type FoundBwrap = { program: string } | { missing: string };

/** A folder counts as closed when only root and this user can write to it and to everything above it. */
function isClosed(folder: string, uid: number): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const stat = statSync(at);
    // The sticky bit keeps others from replacing what is in a shared folder such as /tmp.
    const isShared = (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
    if (isShared || (at === folder && (stat.mode & 0o022) !== 0)) return false;
    if (stat.uid !== 0 && stat.uid !== uid) return false;
    if (at === dirname(at)) return true;
  }
}

/** `forbidden`: trees that a command or a repository can write: workspace, writable roots, temporary folders. */
export function findBwrap(options: { path: string; forbidden: readonly string[]; uid: number }): FoundBwrap {
  let rejected: string | null = null;
  for (const folder of options.path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    try {
      const program = realpathSync(join(folder, 'bwrap'));
      accessSync(program, constants.X_OK);
      const stat = statSync(program);
      const isSound =
        stat.isFile() &&
        (stat.mode & 0o022) === 0 &&
        !options.forbidden.some((root) => isInside(program, root) || isInside(folder, root)) &&
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
