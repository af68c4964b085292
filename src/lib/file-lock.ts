// One holder at a time for a file, across processes: a queue of claims in a lock file, safe against holders that died.
//
// Every claimant appends one line to the lock file; the order of the lines is the order of the claims, the same for
// everybody. Whoever finds no living claim before its own holds the lock. The holder removes the file when it is done.
// Nothing is ever taken away from a holder, so two claimants that both find a dead one cannot both win.
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { openPrivateAppend } from './private-files.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from './json-lines.ts';

/** Who holds the lock. */
export interface LockHolder {
  pid: number;
  /** The machine, or the container's name for it. */
  host: string;
  /** False when it runs where its pid means nothing to us: then it counts as alive. */
  local: boolean;
}

/** The lock is held by somebody who is, as far as can be told, alive. */
export class FileLockedError extends Error {
  override readonly name = 'FileLockedError';
  readonly holder: LockHolder;
  readonly lockPath: string;

  constructor(lockPath: string, holder: LockHolder) {
    super(`${lockPath} is held by process ${holder.pid}${holder.local ? '' : ` on ${holder.host}`}.`);
    this.holder = holder;
    this.lockPath = lockPath;
  }
}

export interface FileLock {
  readonly path: string;
  /** Safe to call twice. */
  release(): void;
}

interface Claim {
  pid: number;
  /** When the process started, in the system's own unit; tells it from a later process with the same pid. */
  start: string | null;
  host: string;
  /** Pid namespace; null where there are none. */
  space: string | null;
  nonce: string;
}

const MAX_ATTEMPTS = 20;

/**
 * Takes the lock file `path` or throws `FileLockedError`; never waits. `nonce` must be new for every call.
 * Other failures keep the OS's error.
 */
export function acquireFileLock(path: string, nonce: string): FileLock {
  const own: Claim = {
    pid: process.pid,
    start: startOfProcess(process.pid),
    host: hostname(),
    space: pidNamespace(),
    nonce,
  };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const fd = openPrivateAppend(path);
    try {
      writeSync(fd, JSON.stringify(own) + '\n');
      const holder = livingClaimBefore(path, own);
      // The file may have been removed by its holder since it was opened: then this claim is written nowhere.
      if (!isSameFile(fd, path)) continue;
      if (holder !== null) {
        writeSync(fd, JSON.stringify({ released: nonce }) + '\n');
        throw new FileLockedError(path, {
          pid: holder.pid,
          host: holder.host,
          local: isLocal(holder, own),
        });
      }
    } finally {
      closeSync(fd);
    }
    return { path, release: releaser(path, nonce) };
  }
  throw new Error(`Cannot lock ${path}: it was removed ${MAX_ATTEMPTS} times while being taken. Try again.`);
}

function releaser(path: string, nonce: string): () => void {
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    try {
      // Somebody may have deleted the file by hand and another holder made a new one: that one is not ours.
      if (readFileSync(path, 'utf8').includes(nonce)) unlinkSync(path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  };
}

function livingClaimBefore(path: string, own: Claim): Claim | null {
  const lines = readLock(path).split('\n').map(parseJsonObject);
  const released = new Set(lines.map((line) => line?.['released']).filter((nonce) => nonce !== undefined));
  for (const line of lines) {
    const claim = line === null ? null : toClaim(line);
    if (claim === null || released.has(claim.nonce)) continue;
    if (claim.nonce === own.nonce) return null;
    if (isAlive(claim, own)) return claim;
  }
  return null;
}

function readLock(path: string): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function toClaim(line: JsonObject): Claim | null {
  const { pid, start, host, space, nonce } = line;
  if (!isJsonObject(line) || typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return null;
  if (typeof host !== 'string' || typeof nonce !== 'string') return null;
  return {
    pid,
    host,
    nonce,
    start: typeof start === 'string' ? start : null,
    space: typeof space === 'string' ? space : null,
  };
}

function isLocal(claim: Claim, own: Claim): boolean {
  return claim.host === own.host && claim.space === own.space;
}

function isAlive(claim: Claim, own: Claim): boolean {
  // A pid of another machine or container cannot be looked up here: rather refuse than let two write.
  if (!isLocal(claim, own)) return true;
  try {
    process.kill(claim.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const start = startOfProcess(claim.pid);
  if (start === DEAD) return false;
  return start === null || claim.start === null || start === claim.start;
}

function isSameFile(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  const opened = fstatSync(fd, { bigint: true });
  return there !== undefined && there.ino === opened.ino && there.dev === opened.dev;
}

const DEAD = 'dead';

/** Field 22 of /proc/PID/stat, `DEAD` for a process that only waits to be reaped; null where there is no such file (then the pid alone has to do). */
function startOfProcess(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? DEAD : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
