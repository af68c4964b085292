// Changing one file as a tool call: shown, approved, checked, written; shared by `edit` and `write`.
import { unifiedDiff } from '../lib/diff.ts';
import type { FileChangeItem, PatchChangeKind } from '../protocol/item.ts';
import type { CallSite, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { failure, rejection } from './define-tool.ts';
import { statOrNull, writeFailure } from './patch/hunk-errors.ts';
import { printable } from './printable.ts';

export interface FileChange {
  /** Absolute. */
  path: string;
  /** null: the file is new. */
  before: string | null;
  after: string;
}

/** Writes the file after approval. `done` is what the model reads on success. */
export async function changeFile(
  change: FileChange,
  done: string,
  ctx: ToolContext,
  at: CallSite,
): Promise<ToolOutcome> {
  const { path, before, after } = change;
  const kind: PatchChangeKind = before === null ? { type: 'add' } : { type: 'update', move_path: null };
  const diff = before === null ? after : unifiedDiff(before, after);
  const item = (status: FileChangeItem['status']): FileChangeItem => ({
    type: 'fileChange',
    id: at.callId,
    changes: [{ path, kind, diff }],
    status,
  });
  ctx.startItem(item('inProgress'));
  const stat = await statOrNull(ctx.files, path);
  const refusal = await ctx.approvePatch([path], null);
  if (refusal !== null)
    return failure(rejection(refusal.reason), item(refusal.declined ? 'declined' : 'failed'));
  if (ctx.signal.aborted) return failure('aborted by the user; nothing was changed', item('failed'));
  const now = await statOrNull(ctx.files, path);
  if (now?.mtimeMs !== stat?.mtimeMs || now?.size !== stat?.size)
    return failure(
      `patch rejected: ${printable(path)} was changed by somebody else meanwhile. Read it again.`,
      item('failed'),
    );
  try {
    await ctx.files.write(path, Buffer.from(after));
  } catch (error) {
    return failure(`patch rejected: ${writeFailure(path, error)}`, item('failed'));
  }
  return { output: done, success: true, item: item('completed') };
}

/** A change that could not be worked out is shown as well: people should see what was tried. */
export function rejectChange(path: string, message: string, ctx: ToolContext, at: CallSite): ToolOutcome {
  const item = (status: FileChangeItem['status']): FileChangeItem => ({
    type: 'fileChange',
    id: at.callId,
    changes: [{ path, kind: { type: 'update', move_path: null }, diff: '' }],
    status,
  });
  ctx.startItem(item('inProgress'));
  return failure(message, item('failed'));
}
