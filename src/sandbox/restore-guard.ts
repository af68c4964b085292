// Remembers protected paths before a command and puts them back after it, for mechanisms that cannot forbid the change.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Enough for hooks, configs and agent folders; a bigger tree is watched, and new names in it are moved aside. */
const MAX_FILE_BYTES = 512 * 1024;
const MAX_ENTRIES = 500;
const MAX_TOTAL_BYTES = 8 * 1024 * 1024;
/** Agents keep whole checkouts in such folders; what is in them is work, not settings. */
const SKIPPED = 'worktrees';

type Memory =
  | { kind: 'missing' }
  | { kind: 'file'; signature: string; mode: number; content: Buffer | null }
  | { kind: 'link'; target: string }
  | { kind: 'folder'; mode: number; names: string[] }
  | { kind: 'other'; signature: string };

/** The change time cannot be set by programs, so equal signatures mean untouched content. */
function signatureOf(stat: BigIntStats): string {
  return [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs, stat.mode].join(':');
}

function look(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function remember(path: string, budget: { bytes: number }): Memory {
  const stat = look(path);
  if (stat === null) return { kind: 'missing' };
  const mode = Number(stat.mode) & 0o7777;
  if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  if (stat.isDirectory()) return { kind: 'folder', mode, names: readdirSync(path) };
  if (!stat.isFile()) return { kind: 'other', signature: signatureOf(stat) };
  const size = Number(stat.size);
  const content = size <= MAX_FILE_BYTES && size <= budget.bytes ? readFileSync(path) : null;
  budget.bytes -= content?.length ?? 0;
  return { kind: 'file', signature: signatureOf(stat), mode, content };
}

function moveAside(path: string): void {
  if (look(path) !== null) renameSync(path, `${path}.replaced-${randomBytes(4).toString('hex')}`);
}

/** Parents stand before their children in the map. */
export class RestoreGuard {
  private readonly memories: Map<string, Memory>;

  private constructor(memories: Map<string, Memory>) {
    this.memories = memories;
  }

  static take(paths: readonly string[]): RestoreGuard {
    const memories = new Map<string, Memory>();
    const budget = { bytes: MAX_TOTAL_BYTES };
    const queue = [...paths];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const path = next;
      if (memories.has(path) || memories.size >= MAX_ENTRIES || basename(path) === SKIPPED) continue;
      try {
        const memory = remember(path, budget);
        memories.set(path, memory);
        if (memory.kind === 'folder') queue.push(...memory.names.map((name) => join(path, name)));
      } catch {
        // Unreadable for us is unreadable for the command.
      }
    }
    return new RestoreGuard(memories);
  }

  /** Puts everything back; returns the paths that had been changed. What `isWelcome` was missing before and may stay. */
  restore(isWelcome: (path: string) => boolean = () => false): string[] {
    const changed: string[] = [];
    for (const [path, memory] of this.memories) {
      try {
        if (memory.kind === 'missing' && isWelcome(path)) continue;
        if (this.restoreOne(path, memory)) changed.push(path);
      } catch {
        changed.push(path);
      }
    }
    return changed;
  }

  private restoreOne(path: string, memory: Memory): boolean {
    const stat = look(path);
    switch (memory.kind) {
      case 'missing':
        if (stat === null) return false;
        moveAside(path);
        return true;
      case 'link':
        if (stat?.isSymbolicLink() === true && readlinkSync(path) === memory.target) return false;
        moveAside(path);
        symlinkSync(memory.target, path);
        return true;
      case 'folder':
        return restoreFolder(path, memory, stat);
      case 'file':
        if (stat !== null && signatureOf(stat) === memory.signature) return false;
        return restoreFile(path, memory, stat);
      case 'other':
        return stat === null || signatureOf(stat) !== memory.signature;
    }
  }
}

function restoreFolder(path: string, memory: Memory & { kind: 'folder' }, stat: BigIntStats | null): boolean {
  if (stat?.isDirectory() !== true) {
    moveAside(path);
    mkdirSync(path, { mode: memory.mode });
    return true;
  }
  const isSameMode = (Number(stat.mode) & 0o7777) === memory.mode;
  if (!isSameMode) chmodSync(path, memory.mode);
  const strangers = readdirSync(path).filter(
    (name) => !memory.names.includes(name) && !name.includes('.replaced-'),
  );
  for (const name of strangers) moveAside(join(path, name));
  return strangers.length > 0 || !isSameMode;
}

function restoreFile(path: string, memory: Memory & { kind: 'file' }, stat: BigIntStats | null): boolean {
  if (memory.content === null) return true;
  const isSameContent =
    stat?.isFile() === true &&
    (Number(stat.mode) & 0o7777) === memory.mode &&
    stat.size === BigInt(memory.content.length) &&
    readFileSync(path).equals(memory.content);
  // Touched, or hard-linked by somebody: a new signature, but nothing to put back.
  if (isSameContent) return false;
  const temporary = join(dirname(path), `.skua-${randomBytes(6).toString('hex')}`);
  writeFileSync(temporary, memory.content, { flag: 'wx', mode: 0o600 });
  chmodSync(temporary, memory.mode);
  // Perhaps it was the user's own edit, made meanwhile: the new content is kept beside it.
  moveAside(path);
  renameSync(temporary, path);
  return true;
}
