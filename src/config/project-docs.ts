// Instruction files (AGENTS.md and its kin): which ones count for a folder, and their text within a size limit.
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import type { Settings } from '../protocol/settings.ts';
import { foldersBetween } from './trust.ts';

export interface ProjectDoc {
  /** Absolute path, as found. */
  path: string;
  text: string;
}

/** `projectRoot` and `cwd` are real paths; `projectDocMaxBytes` is for all project files together, 0: none. */
export type ProjectDocsInput = Pick<
  Settings,
  'home' | 'projectRoot' | 'cwd' | 'projectDocMaxBytes' | 'projectDocFallbackFilenames'
>;

const OVERRIDE = 'AGENTS.override.md';
const USUAL = 'AGENTS.md';

/** Limit of the one file from the home, which does not use up the project's limit. */
const HOME_MAX_BYTES = 32_768;

interface Found {
  path: string;
  realPath: string;
}

function isInside(root: string, path: string): boolean {
  const below = relative(root, path);
  return below !== '..' && !below.startsWith(`..${sep}`) && !/^([A-Za-z]:|[\\/])/.test(below);
}

/** First of `names` in `folder` that is a file; links out of `root` are skipped with a warning. */
function findDoc(
  folder: string,
  names: readonly string[],
  root: string | null,
  warnings: string[],
): Found | null {
  for (const name of names) {
    const path = join(folder, name);
    if (!lstatSync(path, { throwIfNoEntry: false })) continue;
    let realPath: string;
    try {
      realPath = realpathSync(path);
    } catch {
      warnings.push(`${path} is a link to nothing and is not read.`);
      continue;
    }
    if (root !== null && !isInside(root, realPath)) {
      warnings.push(`${path} is a link that leaves the project and is not read.`);
      continue;
    }
    const stat = lstatSync(realPath, { throwIfNoEntry: false });
    if (stat?.isFile()) return { path, realPath };
    warnings.push(`${path} is not a plain file and is not read.`);
  }
  return null;
}

/** At most `limit` bytes, and whether there were more; null when the file changed into something else. */
function readStart(path: string, limit: number): { bytes: Buffer; isCut: boolean } | null {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const fd = openSync(path, flags);
  try {
    if (!fstatSync(fd).isFile()) return null;
    const buffer = Buffer.alloc(Math.min(limit, fstatSync(fd).size) + 1);
    let length = 0;
    while (length < buffer.length) {
      const got = readSync(fd, buffer, length, buffer.length - length, null);
      if (got === 0) break;
      length += got;
    }
    return { bytes: buffer.subarray(0, Math.min(length, limit)), isCut: length > limit };
  } finally {
    closeSync(fd);
  }
}

/** Length without a UTF-8 character that was cut in two at the end. */
function wholeCharacters(bytes: Buffer): number {
  let start = bytes.length - 1;
  while (start > 0 && start > bytes.length - 4 && ((bytes[start] as number) & 0xc0) === 0x80) start--;
  const lead = bytes[start] ?? 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return size > bytes.length - start ? start : bytes.length;
}

interface Reading {
  docs: ProjectDoc[];
  warnings: string[];
  seen: Set<string>;
}

/** Adds the file's text; returns the bytes it used. */
function addDoc(reading: Reading, found: Found, limit: number): number {
  if (reading.seen.has(found.realPath)) return 0;
  reading.seen.add(found.realPath);
  if (limit <= 0) {
    reading.warnings.push(
      `${found.path} is left out: the instruction files above it fill project_doc_max_bytes.`,
    );
    return 0;
  }
  let start: { bytes: Buffer; isCut: boolean } | null;
  try {
    start = readStart(found.realPath, limit);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    reading.warnings.push(`${found.path} cannot be read: ${why}.`);
    return 0;
  }
  if (!start) return 0;
  const bytes = start.isCut ? start.bytes.subarray(0, wholeCharacters(start.bytes)) : start.bytes;
  if (start.isCut) {
    reading.warnings.push(
      `${found.path} is cut after ${bytes.length} bytes (limit of instruction files: project_doc_max_bytes).`,
    );
  }
  const text = new TextDecoder().decode(bytes);
  if (text.trim() !== '') reading.docs.push({ path: found.path, text });
  // After a cut nothing follows: the few bytes a character did not fit into are no room for another file.
  return start.isCut ? limit : bytes.length;
}

/** Names to try, best first. A fallback with a path in it could point anywhere and is refused. */
function candidateNames(fallbacks: readonly string[], warnings: string[]): string[] {
  const plain = fallbacks.filter((name) => {
    const isPlain =
      name !== '' && name !== '.' && name !== '..' && basename(name) === name && !/[\\/]/.test(name);
    if (!isPlain)
      warnings.push(`project_doc_fallback_filenames: "${name}" is not a plain file name and is ignored.`);
    return isPlain;
  });
  return [OVERRIDE, USUAL, 'CLAUDE.md', ...plain];
}

/**
 * The home's file first, then one file per folder from the project's root down to `cwd`. Text only: safe in folders
 * that are not trusted. Invalid UTF-8 is replaced, one file is never included twice.
 */
export function discoverProjectDocs(input: ProjectDocsInput): { docs: ProjectDoc[]; warnings: string[] } {
  const reading: Reading = { docs: [], warnings: [], seen: new Set() };
  const own = findDoc(input.home, [OVERRIDE, USUAL], null, reading.warnings);
  if (own) addDoc(reading, own, HOME_MAX_BYTES);
  if (input.projectDocMaxBytes <= 0) return { docs: reading.docs, warnings: reading.warnings };
  const names = candidateNames(input.projectDocFallbackFilenames, reading.warnings);
  let left = input.projectDocMaxBytes;
  for (const folder of foldersBetween(input.projectRoot, input.cwd)) {
    const found = findDoc(folder, names, input.projectRoot, reading.warnings);
    if (found) left -= addDoc(reading, found, left);
  }
  return { docs: reading.docs, warnings: reading.warnings };
}
