// The stand-alone `apply_patch` command: hunk after hunk, what is done stays done, as in Codex.
import { resolve } from 'node:path';
import type { FileAccess } from '../../protocol/files.ts';
import { printable } from '../printable.ts';
import { decodeText } from '../text-file.ts';
import { applyChunks } from './apply-chunks.ts';
import { codeOf, mismatchMessage, reasonOf, statOrNull } from './hunk-errors.ts';
import { parsePatch, PatchSyntaxError, type PatchHunk } from './parse-patch.ts';

export interface ApplyPatchCommand {
  /** Arguments after the program's name: the patch, or nothing to read it from stdin. */
  argv: readonly string[];
  /** Reads all of standard input; called only without an argument. */
  stdin: () => Promise<Uint8Array>;
  cwd: string;
  files: FileAccess;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

class HunkFailed extends Error {
  override readonly name = 'HunkFailed';
}

/** Exit code: 0 done, 1 failed (earlier hunks stay applied), 2 wrong use. */
export async function runApplyPatchCommand(command: ApplyPatchCommand): Promise<0 | 1 | 2> {
  const { stdout, stderr } = command;
  const read = await readPatch(command);
  if ('exit' in read) return read.exit;
  const touched: { letter: 'A' | 'M' | 'D'; path: string }[] = [];
  try {
    const hunks = parsePatch(read.patch);
    if (hunks.length === 0) throw new HunkFailed('No files were modified.');
    for (const hunk of hunks) touched.push(await applyHunk(hunk, command));
  } catch (error) {
    if (!(error instanceof HunkFailed || error instanceof PatchSyntaxError)) throw error;
    stderr(`${error.message}\n`);
    return 1;
  }
  stdout('Success. Updated the following files:\n');
  for (const letter of ['A', 'M', 'D'])
    for (const entry of touched) if (entry.letter === letter) stdout(`${letter} ${printable(entry.path)}\n`);
  return 0;
}

async function readPatch(command: ApplyPatchCommand): Promise<{ patch: string } | { exit: 1 | 2 }> {
  const { argv, stdin, stderr } = command;
  if (argv.length > 1) {
    stderr('Error: apply_patch accepts exactly one argument.\n');
    return { exit: 2 };
  }
  const [argument] = argv;
  if (argument !== undefined) return { patch: argument };
  const input = await stdin();
  if (input.length === 0) {
    stderr("Usage: apply_patch 'PATCH'\n       echo 'PATCH' | apply_patch\n");
    return { exit: 2 };
  }
  const patch = decodeText(input);
  if (patch === null) {
    stderr('Error: Failed to read PATCH from stdin.\nstream did not contain valid UTF-8\n');
    return { exit: 1 };
  }
  return { patch };
}

async function applyHunk(
  hunk: PatchHunk,
  { cwd, files }: ApplyPatchCommand,
): Promise<{ letter: 'A' | 'M' | 'D'; path: string }> {
  const path = resolve(cwd, hunk.path);
  switch (hunk.type) {
    case 'add':
      await write(files, path, hunk.path, Buffer.from(hunk.lines.map((line) => `${line}\n`).join('')));
      return { letter: 'A', path: hunk.path };
    case 'delete':
      await remove(files, path, hunk.path);
      return { letter: 'D', path: hunk.path };
    case 'update': {
      const data = await updated(files, path, hunk);
      const target = hunk.moveTo === null ? path : resolve(cwd, hunk.moveTo);
      await write(files, target, hunk.moveTo ?? hunk.path, data);
      if (target !== path) {
        await remove(files, path, hunk.path);
        // Two names may be one file (letter case, symlinks): then the content went with the old name.
        if ((await statOrNull(files, target)) === null)
          await write(files, target, hunk.moveTo ?? hunk.path, data);
      }
      return { letter: 'M', path: hunk.moveTo ?? hunk.path };
    }
  }
}

async function updated(
  files: FileAccess,
  path: string,
  hunk: PatchHunk & { type: 'update' },
): Promise<Uint8Array> {
  const failed = `Failed to read file to update ${printable(hunk.path)}`;
  const before = await attempt(failed, () => files.read(path));
  if (hunk.chunks.length === 0) return before;
  const text = decodeText(before);
  if (text === null) throw new HunkFailed(`${failed}: stream did not contain valid UTF-8`);
  const applied = applyChunks(text, hunk.chunks);
  if (!applied.ok) throw new HunkFailed(mismatchMessage(hunk.path, applied.mismatch));
  return Buffer.from(applied.text);
}

async function write(files: FileAccess, path: string, name: string, data: Uint8Array): Promise<void> {
  try {
    await files.write(path, data);
  } catch (error) {
    const isParent = ['ENOTDIR', 'EEXIST'].includes(codeOf(error));
    const what = isParent ? 'create parent directories for' : 'write file';
    throw new HunkFailed(`Failed to ${what} ${printable(name)}: ${reasonOf(error)}`, { cause: error });
  }
}

async function remove(files: FileAccess, path: string, name: string): Promise<void> {
  const failed = `Failed to delete file ${printable(name)}`;
  if ((await statOrNull(files, path))?.kind === 'directory')
    throw new HunkFailed(`${failed}: Is a directory (os error 21)`);
  await attempt(failed, () => files.remove(path));
}

async function attempt<T>(failed: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new HunkFailed(`${failed}: ${reasonOf(error)}`, { cause: error });
  }
}
