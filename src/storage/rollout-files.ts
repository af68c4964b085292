// Where rollouts lie: `$home/sessions/YYYY/MM/DD/rollout-<local time>-<id>.jsonl`, as Codex has them.
import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ensurePrivateDirectory, UnsafeFileError } from '../lib/private-files.ts';
import { timeOfUuid7 } from '../lib/uuid.ts';
import type { ThreadMeta } from '../protocol/thread.ts';

export const SESSIONS = 'sessions';
export const ARCHIVED = 'archived_sessions';

const FILE_NAME = /^rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-([0-9a-f-]{36})\.jsonl$/i;
const DAY_MS = 86_400_000;

export interface RolloutFile {
  path: string;
  id: string;
  /** Last change, milliseconds since 1970. */
  mtimeMs: number;
  archived: boolean;
}

/** Path for a new thread's rollout, by the local time of its creation. */
export function newRolloutPath(home: string, meta: ThreadMeta): string {
  const created = new Date(meta.createdAt);
  const day = dayFolder(created);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [created.getHours(), created.getMinutes(), created.getSeconds()].map(two).join('-');
  const name = `rollout-${day.join('-')}T${time}-${meta.id}.jsonl`;
  return join(realHome(home), SESSIONS, ...day, name);
}

/** A home may be a link to another place; what lies in it may not. */
export function realHome(home: string): string {
  try {
    return realpathSync(home);
  } catch {
    return home;
  }
}

function dayFolder(date: Date): string[] {
  const two = (value: number): string => String(value).padStart(2, '0');
  return [String(date.getFullYear()).padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())];
}

/** The folders between a rollout and the home, outermost first. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); dirname(folder) !== folder; folder = dirname(folder)) {
    folders.unshift(folder);
    const name = basename(folder);
    if (name === SESSIONS || name === ARCHIVED) return folders;
  }
  return [dirname(path)];
}

/** Makes the folders of a new rollout, 0700 each; refuses a link in their place. */
export function makeFolders(path: string): void {
  for (const folder of foldersOf(path)) ensurePrivateDirectory(folder);
}

/** Refuses a rollout that lies behind a link inside the home. */
export function checkFolders(path: string): void {
  for (const folder of foldersOf(path)) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      throw new UnsafeFileError(folder, 'a symbolic link');
    }
  }
}

/** The thread id in a rollout's file name; the whole name when there is none. */
export function threadIdOfFile(path: string): string {
  const name = basename(path);
  return FILE_NAME.exec(name)?.[1]?.toLowerCase() ?? name;
}

/** All rollouts of a home with their time of last change; files of other names and links are passed over. */
export function listRolloutFiles(home: string, options: { archived: boolean }): RolloutFile[] {
  const root = join(realHome(home), options.archived ? ARCHIVED : SESSIONS);
  refuseLink(root);
  const files: RolloutFile[] = [];
  const add = (folder: string): void => {
    for (const name of namesIn(folder, 'file')) {
      const id = FILE_NAME.exec(name)?.[1];
      if (id === undefined) continue;
      const path = join(folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      files.push({ path, id: id.toLowerCase(), mtimeMs: stat.mtimeMs, archived: options.archived });
    }
  };
  if (options.archived) add(root);
  for (const folder of dayFolders(root)) add(folder);
  return files;
}

function* dayFolders(root: string): Generator<string> {
  for (const year of namesIn(root, 'folder')) {
    for (const month of namesIn(join(root, year), 'folder')) {
      for (const day of namesIn(join(root, year, month), 'folder')) yield join(root, year, month, day);
    }
  }
}

/** The rollout of a thread, by its id; looks first where the time in the id says it should be. */
export function findRolloutFile(home: string, id: string): RolloutFile | null {
  const wanted = id.toLowerCase();
  const created = timeOfUuid7(wanted);
  const root = join(realHome(home), SESSIONS);
  refuseLink(root);
  if (created !== null) {
    for (const offset of [0, -DAY_MS, DAY_MS]) {
      const folder = join(root, ...dayFolder(new Date(created + offset)));
      const name = namesIn(folder, 'file').find(
        (entry) => FILE_NAME.exec(entry)?.[1]?.toLowerCase() === wanted,
      );
      const path = join(folder, name ?? '');
      const stat = name === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
      if (stat !== undefined) return { path, id: wanted, mtimeMs: stat.mtimeMs, archived: false };
    }
  }
  for (const archived of [false, true]) {
    const found = listRolloutFiles(home, { archived }).find((file) => file.id === wanted);
    if (found !== undefined) return found;
  }
  return null;
}

function refuseLink(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new UnsafeFileError(folder, 'a symbolic link');
  }
}

/** Names of the plain files or the real folders in `folder`; none when it is not there. */
function namesIn(folder: string, kind: 'file' | 'folder'): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => (kind === 'file' ? entry.isFile() : entry.isDirectory()))
      .map((entry) => entry.name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
