// Reads a rollout back into the thread it records: fast, and never stopped by a damaged line.
import {
  forEachLine,
  isJsonObject,
  parseJsonObject,
  stringMember,
  type JsonObject,
} from '../lib/json-lines.ts';
import { createGarbageMeter } from '../lib/runtime/memory.ts';
import { readPrivateFile } from '../lib/private-files.ts';
import { timeOfUuid7 } from '../lib/uuid.ts';
import { UsageError } from '../protocol/error.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { StoredThread, ThreadMeta, ThreadSettings } from '../protocol/thread.ts';
import { NO_USAGE, type TokenUsage } from '../protocol/usage.ts';
import { readEntry } from './history-entry.ts';
import { repairHistory } from './history-repair.ts';
import { replayCompaction, replayRollback } from './history-replay.ts';
import { threadIdOfFile } from './rollout-files.ts';
import { readSessionMeta, readTurnContext } from './rollout-settings.ts';

// The start of a line as Codex and we write it: most event lines need no more than this.
const LINE_HEAD =
  /\{"timestamp":"[^"]*",(?:"ordinal":\d+,)?"type":"(\w+)","payload":\{(?:"type":"(\w+)",?)?/y;

/** Line types that carry nothing for us. */
const IGNORED: ReadonlySet<string> = new Set(['world_state', 'token_usage_record']);

const LINE_FEED = 10;
const PART_BYTES = 512 * 1024;
/** Of the lines of which only the latest good one counts. */
const KEPT_LINES = 4;

type Range = readonly [start: number, end: number];

interface Reading {
  /** The part of the file that is being read. */
  text: string;
  meta: ThreadMeta | null;
  history: HistoryEntry[];
  /** The latest lines of these kinds; one may turn out to be damaged. */
  turnContexts: string[];
  tokenCounts: string[];
  lines: number;
  damaged: number;
  unknown: Map<string, number>;
  warnings: string[];
}

/**
 * Reads the rollout at `path`. Entries keep the exact payloads of the file. `name` is what the thread is called, when
 * the caller knows it (names lie in an index of their own). Throws a `UsageError` when the file is missing or holds
 * nothing that can be read; everything less is told in `warnings`.
 */
export function readRollout(path: string, name: string | null = null): StoredThread {
  const { stored, size } = readWhole(path, name);
  // The file and its text are garbage now, and the request that comes next is as large again.
  createGarbageMeter().add(size);
  return stored;
}

function readWhole(path: string, name: string | null): { stored: StoredThread; size: number } {
  const bytes = readPrivateFile(path);
  if (bytes === null)
    throw new UsageError(`No rollout at ${path}. List the threads with "skua resume --all".`);
  const reading: Reading = {
    text: '',
    meta: null,
    history: [],
    turnContexts: [],
    tokenCounts: [],
    lines: 0,
    damaged: 0,
    unknown: new Map(),
    warnings: [],
  };
  for (const part of partsOf(bytes)) {
    reading.text = part.toString('utf8');
    forEachLine(reading.text, (start, end, terminated) => {
      readLine(reading, start, end, terminated);
    });
  }
  if (reading.lines === 0) {
    throw new UsageError(
      `${path} holds no thread: not one of its lines can be read. Choose another thread, or delete it.`,
    );
  }
  const settings = lastSettings(reading);
  const usage = lastUsage(reading);
  const repaired = repairHistory(reading.history);
  const stored: StoredThread = {
    meta: reading.meta ?? metaWithoutHead(reading, path, settings),
    name,
    history: repaired.history,
    usage: usage.thread,
    lastUsage: usage.last,
    settings,
    rolloutPath: path,
    warnings: [...reading.warnings, ...describeDamage(reading, path), ...repaired.warnings],
  };
  return { stored, size: bytes.length };
}

/** Whole lines, some hundred kilobytes together: the text of a long thread need not be in memory at once. */
function* partsOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, start + PART_BYTES);
    const end = feed === -1 ? bytes.length : feed + 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}

function keepLatest(lines: string[], { text }: Reading, range: Range): void {
  lines.push(text.slice(...range));
  if (lines.length > KEPT_LINES) lines.shift();
}

function readLine(reading: Reading, start: number, end: number, terminated: boolean): void {
  LINE_HEAD.lastIndex = start;
  const head = LINE_HEAD.exec(reading.text);
  if (head !== null && terminated) {
    const bodyStart = LINE_HEAD.lastIndex;
    if (head[1] === 'event_msg' && head[2] !== undefined) {
      readEvent(reading, head[2], bodyStart, [start, end]);
      return;
    }
    if (head[1] === 'turn_context') {
      keepLatest(reading.turnContexts, reading, [start, end]);
      reading.lines++;
      return;
    }
  }
  const line = parseJsonObject(reading.text.slice(start, end));
  if (line !== null) readParsed(reading, line, [start, end]);
  else if (terminated) reading.damaged++;
  else
    reading.warnings.push(
      `The last line was cut off in writing (${end - start} characters) and is left out.`,
    );
}

/** Events are for people; only token counts and rollbacks say something about the thread. */
function readEvent(reading: Reading, type: string, bodyStart: number, range: Range): void {
  reading.lines++;
  if (type === 'token_count' && reading.text.startsWith('"info":{', bodyStart)) {
    keepLatest(reading.tokenCounts, reading, range);
  } else if (type === 'thread_rolled_back') {
    const payload = parseJsonObject(reading.text.slice(...range))?.['payload'];
    if (isJsonObject(payload)) rollBack(reading, payload);
    else reading.damaged++;
  }
}

function rollBack(reading: Reading, payload: JsonObject): void {
  const turns = payload['num_turns'];
  if (typeof turns === 'number' && turns > 0) reading.history = replayRollback(reading.history, turns);
}

function readParsed(reading: Reading, line: JsonObject, range: Range): void {
  const type = stringMember(line, 'type');
  const payload = line['payload'];
  if (!isJsonObject(payload)) {
    readBareLine(reading, line, type);
    return;
  }
  reading.lines++;
  switch (type) {
    case 'session_meta':
      // A fork repeats the heads of the threads it came from behind its own.
      reading.meta ??= readSessionMeta(payload);
      break;
    case 'turn_context':
      keepLatest(reading.turnContexts, reading, range);
      break;
    case 'response_item':
      addEntry(reading, payload);
      break;
    case 'compacted':
      reading.history = replayCompaction(reading.history, payload);
      break;
    case 'event_msg':
      if (payload['type'] === 'token_count' && isJsonObject(payload['info']))
        keepLatest(reading.tokenCounts, reading, range);
      else if (payload['type'] === 'thread_rolled_back') rollBack(reading, payload);
      break;
    default:
      countUnknown(reading, type);
  }
}

/** The first versions of Codex wrote items and the head without a wrapper. */
function readBareLine(reading: Reading, line: JsonObject, type: string | null): void {
  if (type !== null && !('payload' in line)) {
    reading.lines++;
    addEntry(reading, line);
  } else if (type === null && typeof line['id'] === 'string' && typeof line['timestamp'] === 'string') {
    reading.lines++;
    reading.meta ??= readSessionMeta(line);
  } else if (!('record_type' in line)) {
    reading.damaged++;
  }
}

function addEntry(reading: Reading, payload: JsonObject): void {
  const result = readEntry(payload);
  if (result.kind === 'entry') reading.history.push(result.entry);
  else if (result.kind === 'damaged') reading.damaged++;
}

function countUnknown(reading: Reading, type: string | null): void {
  const name = type ?? 'none';
  if (!IGNORED.has(name)) reading.unknown.set(name, (reading.unknown.get(name) ?? 0) + 1);
}

function lastSettings(reading: Reading): Partial<ThreadSettings> | null {
  for (const line of reading.turnContexts.toReversed()) {
    const payload = parseJsonObject(line)?.['payload'];
    if (isJsonObject(payload)) return readTurnContext(payload);
    reading.damaged++;
  }
  return null;
}

function lastUsage(reading: Reading): { thread: TokenUsage; last: TokenUsage | null } {
  for (const line of reading.tokenCounts.toReversed()) {
    const payload = parseJsonObject(line)?.['payload'];
    const info = isJsonObject(payload) ? payload['info'] : null;
    if (isJsonObject(info)) {
      return {
        thread: readUsage(info['total_token_usage']) ?? NO_USAGE,
        last: readUsage(info['last_token_usage']),
      };
    }
    reading.damaged++;
  }
  return { thread: NO_USAGE, last: null };
}

function readUsage(value: unknown): TokenUsage | null {
  if (!isJsonObject(value)) return null;
  const count = (name: string): number => (typeof value[name] === 'number' ? value[name] : 0);
  return {
    inputTokens: count('input_tokens'),
    cachedInputTokens: count('cached_input_tokens'),
    outputTokens: count('output_tokens'),
    reasoningOutputTokens: count('reasoning_output_tokens'),
    totalTokens: count('total_tokens'),
  };
}

function metaWithoutHead(
  reading: Reading,
  path: string,
  settings: Partial<ThreadSettings> | null,
): ThreadMeta {
  reading.warnings.push('The head of the rollout is missing; its file name and latest turn stand in for it.');
  const id = threadIdOfFile(path);
  const created = timeOfUuid7(id);
  return {
    id,
    createdAt: created === null ? '' : new Date(created).toISOString(),
    cwd: settings?.cwd ?? '',
    originator: '',
    source: 'cli',
    cliVersion: '',
    provider: settings?.provider ?? '',
    forkedFrom: null,
    git: null,
    instructions: null,
  };
}

function describeDamage(reading: Reading, path: string): string[] {
  const warnings: string[] = [];
  if (reading.damaged > 0) warnings.push(`${reading.damaged} damaged lines of ${path} were left out.`);
  if (reading.unknown.size > 0) {
    const kinds = [...reading.unknown].map(([type, count]) => `${count} x ${type}`).join(', ');
    warnings.push(
      `Lines of unknown types were passed over (${kinds}); a newer version may have written them.`,
    );
  }
  return warnings;
}
