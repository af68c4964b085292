// Files that belong to this user alone: folders 0700, files 0600 whatever the umask, never through a link or a pipe.
//
//   ensurePrivateDirectory(path)        makes missing folders 0700; repairs the last one's mode
//   readPrivateFile(path)               Buffer, or null when nothing is there
//   createPrivateFile(path, data)       fails with EEXIST when something is there
//   replacePrivateFile(path, data)      all or nothing: temporary file, fsync, rename
//   openPrivateAppend(path)             descriptor of a log to append to; the caller closes it
//   appendPrivateFile(path, data)       the same for one piece of data
//
// Everything is synchronous. A path that holds a symbolic link, a hard link, a pipe, a device or a folder where a
// plain file is expected fails with `UnsafeFileError`; other failures keep the OS's error (`code` ENOENT, EACCES...).
// Parent folders of the given path may be links: callers pass the real path of the home. Windows has no modes there.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Something stands where a plain private file or folder should be; nothing was read or written. */
export class UnsafeFileError extends Error {
  override readonly name = 'UnsafeFileError';
  readonly code = 'EUNSAFE';
  readonly path: string;

  constructor(path: string, what: string) {
    super(
      `${path} is ${what}; refusing to use it. Move it away and put a plain file or folder in its place.`,
    );
    this.path = path;
  }
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
// Undefined on Windows, where neither symlinks nor pipes can be opened by accident in these ways.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_BLOCK = constants.O_NONBLOCK ?? 0;

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** lstat, or null when nothing is there. */
function look(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function whatIs(stat: Stats): string {
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (stat.isDirectory()) return 'a folder';
  if (stat.isFIFO()) return 'a pipe';
  return 'not a plain file';
}

function mustBePlain(path: string, stat: Stats): void {
  if (!stat.isFile()) throw new UnsafeFileError(path, whatIs(stat));
  if (stat.nlink > 1) throw new UnsafeFileError(path, 'a file with more than one name (hard link)');
}

/** Makes `path` and its missing parents with mode 0700, and takes group and others off an existing `path`. */
export function ensurePrivateDirectory(path: string): void {
  const stat = look(path);
  if (stat === null) {
    const parent = dirname(path);
    if (parent !== path && look(parent) === null) ensurePrivateDirectory(parent);
    try {
      mkdirSync(path, { mode: FOLDER_MODE });
    } catch (error) {
      // Somebody else made it between the look and now.
      if (codeOf(error) !== 'EEXIST') throw error;
      ensurePrivateDirectory(path);
      return;
    }
    chmodSync(path, FOLDER_MODE);
    return;
  }
  if (!stat.isDirectory()) throw new UnsafeFileError(path, whatIs(stat));
  if (process.platform === 'win32' || (stat.mode & 0o077) === 0) return;
  try {
    chmodSync(path, FOLDER_MODE);
  } catch (error) {
    // A read-only mount: nothing of ours can be written there anyway.
    if (codeOf(error) !== 'EROFS') throw error;
  }
}

/** Opens without following a final link and without waiting on a pipe, then checks what was really opened. */
function openPlain(path: string, flags: number): number {
  let fd: number;
  try {
    fd = openSync(path, flags | NO_FOLLOW | NO_BLOCK, FILE_MODE);
  } catch (error) {
    const stat = ['ELOOP', 'EMLINK', 'ENXIO', 'EISDIR'].includes(codeOf(error) ?? '') ? look(path) : null;
    if (stat !== null && !stat.isFile()) throw new UnsafeFileError(path, whatIs(stat));
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    mustBePlain(path, stat);
    if (process.platform !== 'win32' && (stat.mode & 0o777) !== FILE_MODE) repairMode(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function repairMode(fd: number): void {
  try {
    fchmodSync(fd, FILE_MODE);
  } catch (error) {
    // A read-only mount or another owner: nothing of ours is made worse by reading it.
    if (!['EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** The content of a plain file, or null when nothing is there. Too wide a mode is repaired where it can be. */
export function readPrivateFile(path: string): Buffer | null {
  let fd: number;
  try {
    fd = openPlain(path, constants.O_RDONLY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, data: Uint8Array | string): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}

function writeNew(path: string, data: Uint8Array | string, mode: number): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, FILE_MODE);
  try {
    if (process.platform !== 'win32') fchmodSync(fd, mode);
    writeAll(fd, data);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    unlinkSync(path);
    throw error;
  }
  closeSync(fd);
}

/** Makes a new file; fails with EEXIST when anything at all is there. */
export function createPrivateFile(path: string, data: Uint8Array | string): void {
  writeNew(path, data, FILE_MODE);
}

export interface ReplaceOptions {
  /** Mode of the result, 0600 when left out: for files that the user made readable on purpose. */
  mode?: number;
  /** Called just before the rename; throwing here leaves everything as it was. */
  beforeRename?: () => void;
}

/** Puts `data` in the place of `path`, whole or not at all; a reader sees the old content or the new one. */
export function replacePrivateFile(
  path: string,
  data: Uint8Array | string,
  options: ReplaceOptions = {},
): void {
  const existing = look(path);
  if (existing !== null) mustBePlain(path, existing);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  writeNew(temporary, data, options.mode ?? FILE_MODE);
  try {
    options.beforeRename?.();
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** Opens a log for appending, making it when it is missing. The caller closes the descriptor. */
export function openPrivateAppend(path: string): number {
  return openPlain(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
}

export function appendPrivateFile(path: string, data: Uint8Array | string): void {
  const fd = openPrivateAppend(path);
  try {
    writeAll(fd, data);
  } finally {
    closeSync(fd);
  }
}
