// Writes the rollout of one thread: one writer at a time, whole lines only, on disk before anybody sees the event.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { acquireFileLock, FileLockedError, type FileLock } from '../lib/file-lock.ts';
import { openPrivateAppend } from '../lib/private-files.ts';
import { TurnError, UsageError } from '../protocol/error.ts';
import type { ThreadEvent } from '../protocol/event.ts';
import type { ThreadMeta } from '../protocol/thread.ts';
import { formatLine, isTurnEnd, projectEvent, type ProjectionState } from './rollout-format.ts';
import { checkFolders, makeFolders, newRolloutPath, threadIdOfFile } from './rollout-files.ts';
import { sessionMetaPayload } from './rollout-settings.ts';
import { repairTail } from './rollout-tail.ts';

export interface RolloutWriter {
  /** Where the rollout is or will be; null when nothing is kept. */
  readonly path: string | null;
  /** What was repaired while opening; for the user. */
  readonly warnings: readonly string[];
  /**
   * Writes the lines of one event with one write(); at the end of a turn also waits for the disk.
   * Throws a `TurnError` with code `storage`; the file then still ends in a whole line and a later try may succeed.
   */
  append(event: ThreadEvent): void;
  /** Waits until everything appended so far is on the disk. */
  flush(): void;
  /** Gives the thread free for other writers. Safe to call twice. */
  close(): void;
}

export interface RolloutOptions {
  /** Home folder of the program; made when it is missing. */
  home: string;
  meta: ThreadMeta;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Lines that a fork takes over from its origin: whole lines, each with its line feed. */
  inherited?: Uint8Array;
}

/**
 * A writer for a new thread. Nothing is made on the disk before the first line is written,
 * so a run that ends before its first turn leaves nothing behind.
 */
export function createRollout(options: RolloutOptions): RolloutWriter {
  const { meta, now } = options;
  const path = newRolloutPath(options.home, meta);
  const open = (): OpenFile => {
    makeFolders(path);
    const lock = lockThread(path, meta.id);
    try {
      return { fd: openSync(path, NEW_FILE, 0o600), lock };
    } catch (error) {
      lock.release();
      throw error;
    }
  };
  const head = (): Uint8Array => {
    const line = formatLine(new Date(now()).toISOString(), {
      type: 'session_meta',
      payload: sessionMetaPayload(meta),
    });
    return Buffer.concat([Buffer.from(line), options.inherited ?? new Uint8Array()]);
  };
  return createWriter({ path, now, open, head, warnings: [], nextOrdinal: null });
}

/**
 * A writer that goes on in an existing rollout. Locks it at once; repairs a last line that was cut.
 * Throws a `UsageError` that names the process when another one has the thread open, `UnsafeFileError` for links
 * and other things that are no plain file.
 */
export function openRollout(options: { path: string; now: () => number }): RolloutWriter {
  const { path, now } = options;
  checkFolders(path);
  const lock = lockThread(path, threadIdOfFile(path));
  try {
    const fd = openPrivateAppend(path);
    try {
      const tail = repairTail(path, fd);
      return createWriter({ path, now, open: () => ({ fd, lock }), head: () => null, ...tail, opened: true });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** For `--ephemeral`: keeps nothing. */
export function createNullRollout(): RolloutWriter {
  return { path: null, warnings: [], append: () => {}, flush: () => {}, close: () => {} };
}

const NEW_FILE =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_EXCL |
  (constants.O_NOFOLLOW ?? 0);

interface OpenFile {
  fd: number;
  lock: FileLock;
}

interface WriterParts {
  path: string;
  now: () => number;
  open: () => OpenFile;
  /** What goes in front of the first line, written together with it. */
  head: () => Uint8Array | null;
  warnings: readonly string[];
  nextOrdinal: number | null;
  opened?: boolean;
}

function lockThread(path: string, threadId: string): FileLock {
  try {
    return acquireFileLock(`${path}.lock`, randomBytes(8).toString('hex'));
  } catch (error) {
    if (!(error instanceof FileLockedError)) throw error;
    const { pid, host, local } = error.holder;
    const hint = local
      ? `End it first, or work on a copy with "skua fork ${threadId}".`
      : `End it first, or work on a copy with "skua fork ${threadId}". If it is gone for good, delete ${error.lockPath}.`;
    throw new UsageError(
      `Thread ${threadId} is open in process ${pid}${local ? '' : ` on ${host}`}; two writers would mix up its record. ${hint}`,
      { cause: error },
    );
  }
}

function createWriter(parts: WriterParts): RolloutWriter {
  const { path, now } = parts;
  const state: ProjectionState = { turnContext: null };
  let file: OpenFile | null = parts.opened === true ? parts.open() : null;
  let headWritten = parts.opened === true;
  let ordinal = parts.nextOrdinal;
  let isClosed = false;

  const guarded = (action: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw storageError(action, path, error);
    }
  };

  const sync = (): void => {
    if (file !== null) guarded('flush', () => syncFile((file as OpenFile).fd));
  };

  return {
    path,
    warnings: parts.warnings,
    append: (event) => {
      if (isClosed)
        throw new Error(`The rollout ${path} is closed; an event of type ${event.type} came too late.`);
      const lines = projectEvent(event, state);
      if (lines.length > 0) {
        const timestamp = new Date(now()).toISOString();
        const number = (index: number): number | null => (ordinal === null ? null : ordinal + index);
        const text = Buffer.from(lines.map((line, at) => formatLine(timestamp, line, number(at))).join(''));
        guarded('write', () => {
          file ??= parts.open();
          const head = headWritten ? null : parts.head();
          writeWhole(file.fd, head === null ? text : Buffer.concat([head, text]));
          headWritten = true;
          ordinal = number(lines.length);
        });
      }
      if (isTurnEnd(event)) sync();
    },
    flush: sync,
    close: () => {
      if (isClosed) return;
      isClosed = true;
      if (file === null) return;
      closeSync(file.fd);
      file.lock.release();
    },
  };
}

/** All bytes or none: what a full disk took of them is cut off again. */
function writeWhole(fd: number, bytes: Uint8Array): void {
  const before = fstatSync(fd).size;
  let done = 0;
  try {
    while (done < bytes.length) {
      const count = writeSync(fd, bytes, done);
      // Zero bytes without an error would make this a busy loop.
      if (count === 0) throw new Error('nothing could be written');
      done += count;
    }
  } catch (error) {
    // Only our own piece may go: another program may have added lines meanwhile.
    if (done > 0 && fstatSync(fd).size === before + done) ftruncateSync(fd, before);
    throw error;
  }
}

function syncFile(fd: number): void {
  try {
    fdatasyncSync(fd);
  } catch (error) {
    // Some file systems of containers cannot do it at all.
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function storageError(action: string, path: string, error: unknown): TurnError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TurnError(
    'storage',
    `Cannot ${action} the record of this thread, ${path}: ${reason}. ${nextStep(error)}`,
    {
      cause: error,
    },
  );
}

function nextStep(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Free some disk space, then resume the thread; everything up to here is kept.';
    case 'EFBIG':
      return 'The file has reached the size limit of this system or shell (ulimit -f); start a new thread.';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'Make the folder writable, choose another home with SKUA_HOME, or use --ephemeral.';
    default:
      return 'Check the disk, then resume the thread; everything up to here is kept.';
  }
}
