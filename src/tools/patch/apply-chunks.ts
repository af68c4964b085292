// Applies the chunks of one update hunk to the text of a file, in memory.
import { splitTextFile, type TextFile } from '../text-file.ts';
import { LineMatcher } from './match-lines.ts';
import type { PatchChunk, PatchLine } from './parse-patch.ts';

/** A chunk does not fit the file. `missing` are the lines that were looked for from line index `from` on. */
export interface ChunkMismatch {
  kind: 'context' | 'lines';
  missing: string[];
  from: number;
}

export type AppliedChunks = { ok: true; text: string } | { ok: false; mismatch: ChunkMismatch };

interface Placed {
  start: number;
  lines: readonly PatchLine[];
}

/**
 * Applies chunks in order: each is searched after the one before. Kept lines stay as the file has them, new
 * lines get the file's usual line end, and a last line without an end gets one.
 */
export function applyChunks(text: string, chunks: readonly PatchChunk[]): AppliedChunks {
  const file = splitTextFile(text);
  const matcher = new LineMatcher(file.lines);
  const placed: Placed[] = [];
  let cursor = 0;
  for (const chunk of chunks) {
    for (const context of chunk.contexts) {
      const next = findContext(matcher, context, cursor);
      if (next === null)
        return { ok: false, mismatch: { kind: 'context', missing: [context], from: cursor } };
      cursor = next;
    }
    if (chunk.lines.every((line) => line.op === 'add')) {
      const anchored = chunk.contexts.length > 0 && !chunk.atEndOfFile;
      placed.push({ start: anchored ? cursor : file.lines.length, lines: chunk.lines });
      continue;
    }
    const found = findChunk(matcher, chunk, cursor);
    if (found === null)
      return { ok: false, mismatch: { kind: 'lines', missing: oldLines(chunk.lines), from: cursor } };
    placed.push(found);
    cursor = found.start + oldLines(found.lines).length;
  }
  return { ok: true, text: render(file, placed) };
}

/** Line index after the context. Models also write git's `-1,2 +1,2 @@ place` and a closing `@@`: read as meant. */
function findContext(matcher: LineMatcher, context: string, cursor: number): number | null {
  const found = matcher.find([context], cursor);
  if (found >= 0) return found + 1;
  const git = /^-\d+(?:,\d+)? \+\d+(?:,\d+)? @@(.*)$/.exec(context.trim());
  if (git !== null) {
    const place = (git[1] as string).trim();
    const at = place === '' ? -1 : matcher.find([place], cursor);
    return at < 0 ? cursor : at + 1;
  }
  const closed = /^(.+?)\s*@@$/.exec(context);
  if (closed === null) return null;
  const at = matcher.find([closed[1] as string], cursor);
  return at < 0 ? null : at + 1;
}

/** Where a chunk fits, without the empty lines at its end when the file has none there. */
function findChunk(matcher: LineMatcher, chunk: PatchChunk, cursor: number): Placed | null {
  let lines: readonly PatchLine[] = chunk.lines;
  for (;;) {
    const old = oldLines(lines);
    // Nothing left to look for: the new lines go where the search stands.
    if (old.length === 0) return { start: cursor, lines };
    const start = matcher.find(old, cursor, chunk.atEndOfFile);
    if (start >= 0) return { start, lines };
    if (old.at(-1) !== '') return null;
    lines = withoutLastOldLine(lines);
  }
}

function withoutLastOldLine(lines: readonly PatchLine[]): PatchLine[] {
  const at = lines.findLastIndex((line) => line.op !== 'add');
  const dropped = lines[at] as PatchLine;
  // An empty line that the patch wants kept, with new lines after it, is new as well.
  const replacement: PatchLine[] =
    dropped.op === 'keep' && at < lines.length - 1 ? [{ op: 'add', text: '' }] : [];
  return [...lines.slice(0, at), ...replacement, ...lines.slice(at + 1)];
}

function oldLines(lines: readonly PatchLine[]): string[] {
  return lines.filter((line) => line.op !== 'add').map((line) => line.text);
}

function render(file: TextFile, placed: readonly Placed[]): string {
  const { lines, ends, lineEnd } = file;
  const out: string[] = [file.bom];
  let at = 0;
  const keep = (end: number): void => {
    for (; at < end; at++) out.push(lines[at] as string, ends[at] === '' ? lineEnd : (ends[at] as string));
  };
  for (const chunk of placed.toSorted((a, b) => a.start - b.start)) {
    keep(chunk.start);
    for (const line of chunk.lines) {
      if (line.op === 'add') out.push(line.text, lineEnd);
      else if (line.op === 'remove') at++;
      else keep(at + 1);
    }
  }
  keep(lines.length);
  return out.join('');
}
