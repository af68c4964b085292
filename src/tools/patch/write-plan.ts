// Writes a planned patch to disk, and says exactly how far it came when a write fails.
import { dirname } from 'node:path';
import type { FileAccess } from '../../protocol/files.ts';
import { printable } from '../printable.ts';
import { reasonOf, statOrNull, writeFailure } from './hunk-errors.ts';
import type { PatchPlan } from './plan-patch.ts';

/** Null when all may be written, else why not, for the model. Nothing is changed. */
export async function checkPlan(plan: PatchPlan, files: FileAccess): Promise<string | null> {
  for (const path of pathsOf(plan)) {
    try {
      await files.checkWrite(path);
    } catch (error) {
      return `${writeFailure(path, error)} Nothing was changed.`;
    }
  }
  for (const [path, before] of plan.baseline) {
    const now = await statOrNull(files, path);
    const isSame =
      now?.kind === before?.kind && now?.size === before?.size && now?.mtimeMs === before?.mtimeMs;
    if (!isSame)
      return `${printable(path)} was changed by somebody else meanwhile. Nothing was changed; read it again.`;
  }
  return null;
}

/** Every path that the plan writes or removes. */
export function pathsOf(plan: PatchPlan): string[] {
  return [...plan.writes, ...plan.removals].map((entry) => entry.path);
}

/** Null when all is written, else what failed and what was written before. */
export async function writePlan(plan: PatchPlan, files: FileAccess): Promise<string | null> {
  const done: string[] = [];
  const attempt = async (what: string, path: string, action: () => Promise<void>): Promise<string | null> => {
    try {
      await action();
    } catch (error) {
      const written = done.length === 0 ? 'Nothing was changed.' : `Already done: ${done.join(', ')}.`;
      return `Failed to ${what} ${printable(path)}: ${reasonOf(error).replace(/\.$/, '')}. ${written}`;
    }
    done.push(`${what} ${printable(path)}`);
    return null;
  };
  const remove = ({ path, movedTo }: PatchPlan['removals'][number]): Promise<string | null> =>
    attempt('delete', path, async () => {
      await files.remove(path);
      await restoreMoved(plan, movedTo, files);
    });
  // A file that gives way to a folder of its name goes first; all others last, when the new contents are safe.
  const inTheWay = plan.removals.filter(({ path }) => plan.writes.some((write) => isUnder(write.path, path)));
  const rest = plan.removals.filter((removal) => !inTheWay.includes(removal));
  for (const removal of inTheWay) {
    const failed = await remove({ ...removal, movedTo: null });
    if (failed !== null) return failed;
  }
  for (const { path, data } of plan.writes) {
    const failed = await attempt('write', path, () => files.write(path, data));
    if (failed !== null) return failed;
  }
  for (const removal of rest) {
    const failed = await remove(removal);
    if (failed !== null) return failed;
  }
  return null;
}

/** Two names may be one file (letter case, symlinks): then removing the old name took the new content away. */
async function restoreMoved(plan: PatchPlan, movedTo: string | null, files: FileAccess): Promise<void> {
  const moved = plan.writes.find((write) => write.path === movedTo);
  if (moved !== undefined && (await statOrNull(files, moved.path)) === null)
    await files.write(moved.path, moved.data);
}

function isUnder(path: string, folder: string): boolean {
  for (let parent = dirname(path); parent !== dirname(parent); parent = dirname(parent))
    if (parent === folder) return true;
  return false;
}
