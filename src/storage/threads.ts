// Finds, lists and forks the threads of a home.
import { resolve } from 'node:path';
import { readPrivateFile } from '../lib/private-files.ts';
import { isUuid } from '../lib/uuid.ts';
import { UsageError } from '../protocol/error.ts';
import type { StoredThread, ThreadMeta, ThreadSummary } from '../protocol/thread.ts';
import { findRolloutFile, listRolloutFiles, type RolloutFile } from './rollout-files.ts';
import { formatLine, historyLine } from './rollout-format.ts';
import { readHeadMeta, readPreview } from './rollout-head.ts';
import { readRollout } from './rollout-reader.ts';
import { createRollout, type RolloutWriter } from './rollout-writer.ts';
import { readThreadNames } from './thread-names.ts';

export interface ThreadFilter {
  home: string;
  /** Only threads that were started in this folder (absolute, real). */
  cwd?: string;
  /** Also threads of `exec`, MCP clients and other non-interactive sources. Sub-agents are never listed. */
  includeNonInteractive: boolean;
  /** The archived threads instead of the others. */
  archived?: boolean;
}

/** A thread that was asked for by the user. */
export interface FoundThread extends ThreadSummary {
  archived: boolean;
}

const LINE_FEED = 10;
const MIN_PREFIX = 4;
const MAX_NAMED_IN_ERROR = 5;

/** Threads by their latest change, newest first; reads only the heads of files, and only of as many as are needed. */
export function listThreads(options: ThreadFilter & { limit: number }): ThreadSummary[] {
  const { home, limit, cwd, includeNonInteractive } = options;
  const files = newestFirst(listRolloutFiles(home, { archived: options.archived === true }));
  const names = readThreadNames(home);
  const folder = cwd === undefined ? null : resolve(cwd);
  const threads: ThreadSummary[] = [];
  for (const file of files) {
    if (threads.length >= limit) break;
    const meta = tryHead(file);
    if (meta === null || !isListed(meta.source, includeNonInteractive)) continue;
    if (folder !== null && resolve(meta.cwd) !== folder) continue;
    threads.push(summarise(file, meta, names));
  }
  return threads;
}

/** The thread that was changed last; null when there is none. */
export function latestThread(options: ThreadFilter): ThreadSummary | null {
  return listThreads({ ...options, limit: 1 })[0] ?? null;
}

/**
 * The thread a user means by an id, a name (exact, else in any case), or the start of an id (4 characters or more).
 * Archived threads are found by id. Throws a `UsageError` when there is none or more than one.
 */
export function findThread(home: string, query: string): FoundThread {
  const wanted = query.trim();
  if (isUuid(wanted)) {
    const file = findRolloutFile(home, wanted);
    if (file === null) throw notFound(wanted);
    return found(file, readThreadNames(home));
  }
  const names = readThreadNames(home);
  const named = findByName(home, wanted, names);
  if (named !== null) return named;
  if (wanted.length < MIN_PREFIX || !/^[0-9a-f-]+$/i.test(wanted)) throw notFound(wanted);
  const files = newestFirst(listRolloutFiles(home, { archived: false }));
  const matching = files.filter((file) => file.id.startsWith(wanted.toLowerCase()));
  const [only, ...others] = matching;
  if (only === undefined) throw notFound(wanted);
  if (others.length > 0) {
    const ids = matching.slice(0, MAX_NAMED_IN_ERROR).map((file) => file.id);
    const rest = matching.length > ids.length ? `, and ${matching.length - ids.length} more` : '';
    throw new UsageError(
      `${matching.length} thread ids start with "${wanted}": ${ids.join(', ')}${rest}. Give more of it.`,
    );
  }
  return found(only, names);
}

/** Reads a found or listed thread, name included. */
export function readThread(thread: ThreadSummary): StoredThread {
  return readRollout(thread.rolloutPath, thread.name);
}

/**
 * A writer for a new thread that starts with everything the stored one holds. `meta` is the head of the new thread;
 * the origin stays as it is and may be in use.
 */
export function forkThread(options: {
  home: string;
  stored: StoredThread;
  meta: ThreadMeta;
  now: () => number;
}): RolloutWriter {
  const { home, stored, now } = options;
  const meta = { ...options.meta, forkedFrom: options.meta.forkedFrom ?? stored.meta.id };
  return createRollout({ home, meta, now, inherited: inheritedLines(stored, now) });
}

function inheritedLines(stored: StoredThread, now: () => number): Uint8Array {
  const bytes = stored.rolloutPath === null ? null : readPrivateFile(stored.rolloutPath);
  if (bytes !== null) return bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
  const timestamp = new Date(now()).toISOString();
  return Buffer.from(stored.history.map((entry) => formatLine(timestamp, historyLine(entry))).join(''));
}

function newestFirst(files: RolloutFile[]): RolloutFile[] {
  return files.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? 1 : -1));
}

function isListed(source: ThreadMeta['source'], includeNonInteractive: boolean): boolean {
  if (typeof source !== 'string') return false;
  return includeNonInteractive || source === 'cli' || source === 'vscode';
}

/** A file that vanished or cannot be read is no reason to hide all the others. */
function tryHead(file: RolloutFile): ThreadMeta | null {
  try {
    return readHeadMeta(file.path);
  } catch {
    return null;
  }
}

function summarise(
  file: RolloutFile,
  meta: ThreadMeta | null,
  names: ReadonlyMap<string, string>,
): ThreadSummary {
  const updatedAt = new Date(file.mtimeMs).toISOString();
  return {
    // The file name decides: it is what finds the thread again.
    id: file.id,
    name: names.get(file.id) ?? null,
    createdAt: meta?.createdAt || updatedAt,
    updatedAt,
    cwd: meta?.cwd ?? '',
    preview: readPreview(file.path),
    source: meta?.source ?? 'cli',
    rolloutPath: file.path,
  };
}

function found(file: RolloutFile, names: ReadonlyMap<string, string>): FoundThread {
  return { ...summarise(file, tryHead(file), names), archived: file.archived };
}

function findByName(home: string, wanted: string, names: ReadonlyMap<string, string>): FoundThread | null {
  const isExact = (name: string): boolean => name === wanted;
  const isAlike = (name: string): boolean => name.toLowerCase() === wanted.toLowerCase();
  for (const matches of [isExact, isAlike]) {
    const ids = [...names].filter(([, name]) => matches(name)).map(([id]) => id);
    const files = ids.map((id) => findRolloutFile(home, id)).filter((file) => file !== null);
    const newest = newestFirst(files)[0];
    if (newest !== undefined) return found(newest, names);
  }
  return null;
}

function notFound(query: string): UsageError {
  return new UsageError(
    `no rollout found for thread id ${query}. List the threads you can resume with "skua resume --all".`,
  );
}
