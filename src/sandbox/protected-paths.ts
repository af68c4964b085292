// The names inside writable trees that decide what other programs run: they stay read-only, also while missing.
import { join } from 'node:path';
import { foldPath, isInside } from './path-rules.ts';

/**
 * Folders and files of coding agents and git. The text files that agents read (AGENTS.md, CLAUDE.md) stay writable:
 * people ask for changes to them, and they run nothing. For `.git` see `git-metadata.ts`: commits work.
 */
export const PROTECTED_NAMES: readonly string[] = [
  '.git',
  '.codex',
  '.agents',
  '.claude',
  '.gemini',
  '.skua',
  '.mcp.json',
];

/**
 * Paths to protect under each of `writeRoots` (workspace and added roots, not the temporary folders), and skua's own
 * `home` when it lies inside one. A root that the user named is never protected against itself.
 */
export function protectedPathsFor(writeRoots: readonly string[], home: string): string[] {
  const explicit = new Set(writeRoots.map((root) => foldPath(root)));
  const candidates = writeRoots.flatMap((root) => PROTECTED_NAMES.map((name) => join(root, name)));
  if (writeRoots.some((root) => isInside(home, root))) candidates.push(home);
  return [...new Set(candidates)].filter((path) => !explicit.has(foldPath(path)));
}
