// The words for hunks that do not fit the files they name.
import type { FileAccess, FileError, FileStat } from '../../protocol/files.ts';
import { printable } from '../printable.ts';
import type { ChunkMismatch } from './apply-chunks.ts';

/** The message of Codex's tool for a chunk that fits nowhere; `path` as people should see it. */
export function mismatchMessage(path: string, mismatch: ChunkMismatch): string {
  const shown = printable(path);
  return mismatch.kind === 'context'
    ? `Failed to find context '${mismatch.missing[0]}' in ${shown}`
    : `Failed to find expected lines in ${shown}:\n${mismatch.missing.join('\n')}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory (os error 2)',
  EACCES: 'Permission denied (os error 13)',
  EEXIST: 'File exists (os error 17)',
  ENOTDIR: 'Not a directory (os error 20)',
  EISDIR: 'Is a directory (os error 21)',
  EROFS: 'Read-only file system (os error 30)',
  ENOSPC: 'No space left on device (os error 28)',
};

/** Code of a file error; an empty string for errors without one. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as Partial<FileError>).code : undefined;
  return typeof code === 'string' ? code : '';
}

export function reasonOf(error: unknown): string {
  const known = REASONS[codeOf(error)];
  if (known !== undefined) return known;
  return printable(error instanceof Error ? error.message : String(error));
}

/** A whole sentence about a path that could not be written. The guard's own refusals name the path themselves. */
export function writeFailure(path: string, error: unknown): string {
  const reason = reasonOf(error);
  const sentence = reason.endsWith('.') ? reason : `${reason}.`;
  return codeOf(error) === 'DENIED' ? sentence : `Failed to write ${printable(path)}: ${sentence}`;
}

/** What is at a path; null also where policy or the system does not let us look. Other errors are bugs: thrown. */
export async function statOrNull(files: FileAccess, path: string): Promise<FileStat | null> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return null;
  }
}
