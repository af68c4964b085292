// Repairs the end of a rollout whose last writer was cut off in the middle of a line.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { parseJsonObject, type JsonObject } from '../lib/json-lines.ts';

const CHUNK = 65_536;
const LINE_FEED = 10;
const MAX_SHOWN = 400;

export interface Tail {
  warnings: string[];
  /** Number for the next line, where the lines are numbered (newer versions of Codex insist on it); else null. */
  nextOrdinal: number | null;
}

/**
 * Makes the file end in a whole line: adds a missing line feed, or cuts off a torn piece. `appendFd` is open for writing.
 * The torn piece is quoted in the returned warning; it was never acknowledged to anybody.
 * It cannot stay: half a UTF-8 character makes the real Codex refuse the whole file.
 */
export function repairTail(path: string, appendFd: number): Tail {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const size = fstatSync(fd).size;
    const torn = lineBefore(fd, size);
    if (torn.length === 0) {
      const last = size === 0 ? torn : lineBefore(fd, size - 1);
      return { warnings: [], nextOrdinal: nextOrdinal(parseJsonObject(last.toString('utf8'))) };
    }
    const text = torn.toString('utf8');
    const line = parseJsonObject(text);
    if (line !== null) {
      writeSync(appendFd, '\n');
      return { warnings: [], nextOrdinal: nextOrdinal(line) };
    }
    const start = size - torn.length;
    ftruncateSync(appendFd, start);
    const last = start === 0 ? Buffer.alloc(0) : lineBefore(fd, start - 1);
    const warning = `The last line of ${path} was cut off in writing (${torn.length} bytes) and is dropped: ${quote(text)}`;
    return { warnings: [warning], nextOrdinal: nextOrdinal(parseJsonObject(last.toString('utf8'))) };
  } finally {
    closeSync(fd);
  }
}

function nextOrdinal(line: JsonObject | null): number | null {
  const ordinal = line?.['ordinal'];
  return typeof ordinal === 'number' && Number.isSafeInteger(ordinal) ? ordinal + 1 : null;
}

/** The bytes between the last line feed before `position` and `position`. */
function lineBefore(fd: number, position: number): Buffer {
  let tail = Buffer.alloc(0);
  let end = position;
  while (end > 0) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    const count = readSync(fd, chunk, 0, chunk.length, start);
    const read = chunk.subarray(0, count);
    const feed = read.lastIndexOf(LINE_FEED);
    tail = Buffer.concat([feed === -1 ? read : read.subarray(feed + 1), tail]);
    if (feed !== -1) break;
    end = start;
  }
  return tail;
}

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}
