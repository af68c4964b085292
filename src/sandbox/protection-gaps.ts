// Finds what the fence cannot guard: second names of protected files, which were there before.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import { isGitPath, resolveGitFence } from './git-metadata.ts';

const MAX_LOOKS = 2000;

/**
 * One sentence for each protected file with a hard link and each protected name that is a symbolic link, for a
 * warning when a thread starts. Empty when there is nothing to say.
 */
export function findProtectionGaps(policy: SandboxPolicy): string[] {
  if (policy.mode !== 'workspace-write') return [];
  const roots = [policy.workspace, ...policy.writableRoots];
  const queue = policy.protectedPaths.flatMap((path) => {
    const fence = isGitPath(path) ? resolveGitFence(path, roots) : null;
    return fence === null ? [path] : fence.guarded.map((entry) => entry.path);
  });
  const gaps: string[] = [];
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const path = queue.shift();
    if (path === undefined) break;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() && stat.nlink > 1) {
      gaps.push(
        `${path} has ${stat.nlink} names (hard links): through another one a command could change it.`,
      );
    } else if (stat?.isSymbolicLink()) {
      gaps.push(
        `${path} is a symbolic link: it is put back after a command that swapped it, not kept from it.`,
      );
    } else if (stat?.isDirectory()) {
      try {
        queue.push(...readdirSync(path).map((name) => join(path, name)));
      } catch {
        // Unreadable for us is unreadable for the command.
      }
    }
  }
  return gaps;
}
