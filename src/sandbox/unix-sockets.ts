// Finds the socket files of the host that a command could connect to: a read-only mount does not stop a connection.
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isInside } from './path-rules.ts';

/** A command that is connected to one of these does what it likes outside: better no Unix sockets than more masks. */
const MAX_MASKS = 64;

/** Paths in the text of `/proc/net/unix`: the sockets of this network namespace that have a name in the file system. */
export function parseSocketPaths(text: string): string[] {
  const paths = new Set<string>();
  for (const line of text.split('\n').slice(1)) {
    const path = /^\S+ \S+ \S+ \S+ \S+ \S+ +\d+ (\/.*)$/.exec(line)?.[1];
    if (path !== undefined) paths.add(path);
  }
  return [...paths];
}

export interface SocketMasks {
  /** Folders that hold nothing but sockets: an empty folder goes over each. */
  folders: string[];
  files: string[];
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}

/** Whether a process of this user can get to the socket and write to it. null: one whom modes do not stop. */
function isReachable(path: string, uid: number | null): boolean {
  if (uid === null) return isSocket(path);
  try {
    const socket = lstatSync(path);
    if (!socket.isSocket() || (socket.mode & (socket.uid === uid ? 0o200 : 0o022)) === 0) return false;
    for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
      const folder = lstatSync(at);
      if ((folder.mode & (folder.uid === uid ? 0o100 : 0o011)) === 0) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function holdsOnlySockets(folder: string): boolean {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.length <= 64 && entries.every((entry) => entry.isSocket());
  } catch {
    return false;
  }
}

/** Git's own daemon answers questions about changed files and nothing else; git needs it at its place. */
function isHarmless(path: string): boolean {
  return basename(path) === 'fsmonitor--daemon.ipc';
}

/**
 * What to hide, or null when it is too much. `hidden`: folders that are private to the sandbox already;
 * `roots`: write roots, which are never hidden as a whole.
 */
export function findSocketMasks(options: {
  listing: string;
  hidden: readonly string[];
  roots: readonly string[];
  uid: number;
  ignoresModes: boolean;
}): SocketMasks | null {
  const folders = new Set<string>();
  const files: string[] = [];
  // New sockets appear in these at any time, so they are hidden even while they are empty.
  for (const folder of ['/tmp/.X11-unix', '/tmp/.ICE-unix', `/tmp/tmux-${options.uid}`]) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() && holdsOnlySockets(folder))
      folders.add(folder);
  }
  for (const path of parseSocketPaths(options.listing)) {
    const folder = dirname(path);
    if (folders.has(folder) || options.hidden.some((root) => isInside(path, root))) continue;
    if (isHarmless(path) || !isReachable(path, options.ignoresModes ? null : options.uid)) continue;
    const isRoot = options.roots.some((root) => isInside(root, folder));
    if (!isRoot && holdsOnlySockets(folder)) folders.add(folder);
    else files.push(path);
    if (folders.size + files.length > MAX_MASKS) return null;
  }
  return { folders: [...folders], files };
}

/** The listing of this network namespace; empty where the kernel has none. */
export function readSocketListing(): string {
  try {
    return readFileSync('/proc/net/unix', 'latin1');
  } catch {
    return '';
  }
}
