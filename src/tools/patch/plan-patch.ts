// Works out what a whole patch does before anything is written: reads, matches, and collects the new contents.
import { resolve } from 'node:path';
import { unifiedDiff } from '../../lib/diff.ts';
import type { FileAccess, FileStat } from '../../protocol/files.ts';
import type { FileUpdateChange, PatchChangeKind } from '../../protocol/item.ts';
import { printable } from '../printable.ts';
import { decodeText } from '../text-file.ts';
import { applyChunks } from './apply-chunks.ts';
import { describeNearest } from './find-nearest.ts';
import { mismatchMessage, reasonOf, statOrNull } from './hunk-errors.ts';
import type { PatchHunk } from './parse-patch.ts';

/** The patch does not fit the files; the message is for the model. */
export class PatchMismatch extends Error {
  override readonly name = 'PatchMismatch';
}

export interface PatchPlan {
  /** For people: one entry per file. */
  changes: FileUpdateChange[];
  /** `A path`, `M path`, `D path`, in that order of letters. */
  summary: string[];
  writes: { path: string; data: Uint8Array; letter: 'A' | 'M' }[];
  removals: { path: string; movedTo: string | null }[];
  /** State of every file that was read, to notice changes made while somebody was asked. */
  baseline: Map<string, FileStat | null>;
}

interface Change {
  path: string;
  kind: PatchChangeKind;
  before: Uint8Array | null;
  after: Uint8Array | null;
}

/** Throws PatchMismatch. */
export async function planPatch(
  hunks: readonly PatchHunk[],
  cwd: string,
  files: FileAccess,
): Promise<PatchPlan> {
  const planner = new PatchPlanner(cwd, files);
  for (const hunk of hunks) await planner.take(hunk);
  return planner.plan();
}

class PatchPlanner {
  private readonly cwd: string;
  private readonly files: FileAccess;
  private readonly baseline = new Map<string, FileStat | null>();
  /** Files that were there to be read. */
  private readonly readable = new Set<string>();
  /** What the patch has made so far; null: removed. */
  private readonly overlay = new Map<string, Uint8Array | null>();
  private readonly movedTo = new Map<string, string>();
  private readonly changes: Change[] = [];
  private readonly touched: { letter: 'A' | 'M' | 'D'; path: string }[] = [];

  constructor(cwd: string, files: FileAccess) {
    this.cwd = cwd;
    this.files = files;
  }

  async take(hunk: PatchHunk): Promise<void> {
    const path = resolve(this.cwd, hunk.path);
    switch (hunk.type) {
      case 'add':
        return this.add(path, hunk);
      case 'delete':
        return this.delete(path, hunk);
      case 'update':
        return this.update(path, hunk);
    }
  }

  plan(): PatchPlan {
    const writes: PatchPlan['writes'] = [];
    const removals: PatchPlan['removals'] = [];
    for (const [path, data] of this.overlay) {
      const existed = this.readable.has(path) || this.baseline.get(path) != null;
      if (data !== null) writes.push({ path, data, letter: existed ? 'M' : 'A' });
      else if (existed) removals.push({ path, movedTo: this.movedTo.get(path) ?? null });
    }
    const summary = (['A', 'M', 'D'] as const).flatMap((letter) =>
      this.touched.filter((entry) => entry.letter === letter).map((entry) => `${letter} ${entry.path}`),
    );
    return { changes: this.changes.map(toItemChange), summary, writes, removals, baseline: this.baseline };
  }

  private async add(path: string, hunk: PatchHunk & { type: 'add' }): Promise<void> {
    const stat = await this.stat(path);
    if (stat !== null && stat.kind !== 'file' && !this.overlay.has(path))
      throw new PatchMismatch(`Failed to write file ${printable(hunk.path)}: a ${stat.kind} is in the way`);
    const data = Buffer.from(hunk.lines.map((line) => `${line}\n`).join(''));
    this.record({ path, kind: { type: 'add' }, before: null, after: data });
    this.overlay.set(path, data);
    this.touched.push({ letter: 'A', path: printable(hunk.path) });
  }

  private async delete(path: string, hunk: PatchHunk & { type: 'delete' }): Promise<void> {
    const before = await this.read(path, `Failed to delete file ${printable(hunk.path)}`);
    this.record({ path, kind: { type: 'delete' }, before, after: null });
    this.overlay.set(path, null);
    this.touched.push({ letter: 'D', path: printable(hunk.path) });
  }

  private async update(path: string, hunk: PatchHunk & { type: 'update' }): Promise<void> {
    const failed = `Failed to read file to update ${printable(hunk.path)}`;
    const before = await this.read(path, failed);
    const after = hunk.chunks.length === 0 ? before : this.applied(before, hunk, failed);
    const target = hunk.moveTo === null ? path : resolve(this.cwd, hunk.moveTo);
    if (target !== path) {
      const stat = await this.stat(target);
      if (stat !== null && stat.kind !== 'file')
        throw new PatchMismatch(
          `Failed to move to ${printable(hunk.moveTo ?? '')}: a ${stat.kind} is in the way`,
        );
      this.overlay.set(path, null);
      this.movedTo.set(path, target);
    }
    this.overlay.set(target, after);
    const movePath = target === path ? null : target;
    this.record({ path, kind: { type: 'update', move_path: movePath }, before, after });
    this.touched.push({ letter: 'M', path: printable(hunk.moveTo ?? hunk.path) });
  }

  private applied(before: Uint8Array, hunk: PatchHunk & { type: 'update' }, failed: string): Uint8Array {
    const text = decodeText(before);
    if (text === null)
      throw new PatchMismatch(`${failed}: it is not UTF-8 text; change it with a command instead`);
    const applied = applyChunks(text, hunk.chunks);
    if (applied.ok) return Buffer.from(applied.text);
    const hint = describeNearest(
      text.split('\n').map((line) => line.replace(/\r$/, '')),
      applied.mismatch.missing,
    );
    const message = mismatchMessage(hunk.path, applied.mismatch);
    throw new PatchMismatch(hint === null ? message : `${message}\n\n${hint}`);
  }

  private async stat(path: string): Promise<FileStat | null> {
    const known = this.baseline.get(path);
    if (known !== undefined) return known;
    const stat = await statOrNull(this.files, path);
    this.baseline.set(path, stat);
    return stat;
  }

  private async read(path: string, failed: string): Promise<Uint8Array> {
    const made = this.overlay.get(path);
    if (made === null) throw new PatchMismatch(`${failed}: an earlier part of this patch removed it`);
    if (made !== undefined) return made;
    const stat = await this.stat(path);
    if (stat?.kind === 'directory') throw new PatchMismatch(`${failed}: Is a directory (os error 21)`);
    try {
      const bytes = await this.files.read(path);
      this.readable.add(path);
      return bytes;
    } catch (error) {
      throw new PatchMismatch(`${failed}: ${reasonOf(error)}`);
    }
  }

  /** Joins several changes of one file into one, so that people see each file once. */
  private record(change: Change): void {
    const index = this.changes.findIndex(
      (known) =>
        known.path === change.path && !(known.kind.type === 'update' && known.kind.move_path !== null),
    );
    const known = this.changes[index];
    if (known === undefined) {
      this.changes.push(change);
      return;
    }
    const isNew = known.kind.type === 'add';
    if (isNew && change.kind.type === 'delete') this.changes.splice(index, 1);
    else if (isNew && change.kind.type === 'update' && change.kind.move_path === null)
      this.changes[index] = { ...known, after: change.after };
    else this.changes[index] = { ...change, before: known.before };
  }
}

function toItemChange(change: Change): FileUpdateChange {
  const { path, kind } = change;
  switch (kind.type) {
    case 'add':
      return { path, kind, diff: readable(change.after) };
    case 'delete':
      return { path, kind, diff: readable(change.before) };
    case 'update':
      return { path, kind, diff: diffOf(change.before, change.after) };
  }
}

function diffOf(before: Uint8Array | null, after: Uint8Array | null): string {
  if (before === after) return '';
  return unifiedDiff(readable(before), readable(after));
}

function readable(bytes: Uint8Array | null): string {
  if (bytes === null) return '';
  return decodeText(bytes) ?? `(${bytes.length} bytes that are not text)\n`;
}
