// The head of a rollout without reading the file: whose thread it is, and its first user message in one line.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import {
  forEachLine,
  isJsonObject,
  parseJsonObject,
  stringMember,
  type JsonObject,
} from '../lib/json-lines.ts';
import type { ThreadMeta } from '../protocol/thread.ts';
import { readEntry, userTextOf } from './history-entry.ts';
import { readSessionMeta } from './rollout-settings.ts';

const META_BYTES = 4096;
/** Instructions, tool lists and AGENTS.md may stand in front of the first message. */
const PREVIEW_BYTES = [65_536, 1_048_576] as const;
const PREVIEW_LENGTH = 200;
/** Codex and we write the long instructions last: what stands in front of them is all a list needs. */
const CUT = ',"base_instructions":';

/** Who, where and when; without instructions and git. Null when the first line names no thread. */
export function readHeadMeta(path: string): ThreadMeta | null {
  const start = readStart(path, META_BYTES);
  const feed = start.indexOf('\n');
  const cut = start.indexOf(CUT);
  const short =
    cut !== -1 && (feed === -1 || cut < feed)
      ? `${start.slice(0, cut)}}}`
      : start.slice(0, Math.max(feed, 0));
  const meta = metaOf(parseJsonObject(short.replace(/^\uFEFF/, '')));
  if (meta !== null || (feed !== -1 && feed < META_BYTES && cut === -1)) return meta;
  const longer = readStart(path, PREVIEW_BYTES[1]);
  const end = longer.indexOf('\n');
  return metaOf(parseJsonObject(end === -1 ? longer : longer.slice(0, end)));
}

function metaOf(line: JsonObject | null): ThreadMeta | null {
  if (line === null) return null;
  if (isJsonObject(line['payload'])) {
    return line['type'] === 'session_meta' ? readSessionMeta(line['payload']) : null;
  }
  return 'timestamp' in line ? readSessionMeta(line) : null;
}

/** The first thing the user wrote: one line, without control characters, at most 200 characters; '' when not found. */
export function readPreview(path: string): string {
  for (const bytes of PREVIEW_BYTES) {
    const text = readStart(path, bytes);
    const found = firstUserText(text);
    if (found !== null) return oneLine(found);
    if (Buffer.byteLength(text) < bytes - 4) break;
  }
  return '';
}

function firstUserText(text: string): string | null {
  let found: string | null = null;
  forEachLine(text, (start, end, terminated) => {
    if (found !== null || !terminated) return;
    const head = text.slice(start, Math.min(end, start + 160));
    if (!head.includes('user') && !head.includes('"response_item"') && !head.includes('"message"')) return;
    const line = parseJsonObject(text.slice(start, end));
    if (line === null) return;
    const payload = isJsonObject(line['payload']) ? line['payload'] : line;
    if (line['type'] === 'event_msg') {
      if (payload['type'] === 'user_message') found = stringMember(payload, 'message');
      return;
    }
    const reading = readEntry(payload);
    if (reading.kind === 'entry') found = userTextOf(reading.entry);
  });
  return found;
}

function oneLine(text: string): string {
  // Lists are shown on terminals: no escape sequence of a message may reach one.
  const clean = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return clean.length > PREVIEW_LENGTH ? `${clean.slice(0, PREVIEW_LENGTH - 1).trimEnd()}…` : clean;
}

function readStart(path: string, bytes: number): string {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const fd = openSync(path, flags);
  try {
    const buffer = Buffer.allocUnsafe(bytes);
    let done = 0;
    while (done < bytes) {
      const count = readSync(fd, buffer, done, bytes - done, done);
      if (count === 0) break;
      done += count;
    }
    return buffer.toString('utf8', 0, done);
  } finally {
    closeSync(fd);
  }
}
