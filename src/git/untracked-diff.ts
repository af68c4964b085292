// Shows files that git does not know yet as a diff, as `git diff --no-index /dev/null FILE` would, without a process each.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const MAX_FILE = 1_048_576;
const SNIFFED = 8000;

/** `paths`: relative to `root`, as git lists them. Stops before `maxBytes` are exceeded. */
export function untrackedDiff(
  root: string,
  paths: readonly string[],
  maxBytes: number,
): { diff: string; isTruncated: boolean } {
  const parts: string[] = [];
  let size = 0;
  for (const path of paths) {
    const part = newFile(root, path);
    size += Buffer.byteLength(part);
    if (size > maxBytes) return { diff: parts.join(''), isTruncated: true };
    parts.push(part);
  }
  return { diff: parts.join(''), isTruncated: false };
}

function newFile(root: string, path: string): string {
  const content = readContent(join(root, path));
  // Other repositories inside this one (a path that ends in a slash), pipes and vanished files have nothing to show.
  if (content === null) return '';
  const { mode, bytes } = content;
  const head = `diff --git ${quoted(`a/${path}`)} ${quoted(`b/${path}`)}\nnew file mode ${mode}\n`;
  if (bytes === null || bytes.subarray(0, SNIFFED).includes(0)) {
    return `${head}Binary files /dev/null and ${quoted(`b/${path}`)} differ\n`;
  }
  if (bytes.length === 0) return head;
  const lines = bytes.toString('utf8').split('\n');
  const isEnded = lines.at(-1) === '';
  if (isEnded) lines.pop();
  const range = lines.length === 1 ? '+1' : `+1,${lines.length}`;
  const body = lines.map((line) => `+${line}\n`).join('');
  const name = quoted(`b/${path}`);
  // git ends a name with blanks by a tab, so that patch programs see where it ends.
  const tab = /\s/.test(path) && !name.startsWith('"') ? '\t' : '';
  return `${head}--- /dev/null\n+++ ${name}${tab}\n@@ -0,0 ${range} @@\n${body}${isEnded ? '' : '\\ No newline at end of file\n'}`;
}

/** `bytes` null: too big to show. */
function readContent(path: string): { mode: string; bytes: Buffer | null } | null {
  try {
    const stat = lstatSync(path);
    // A link is its target's name, never what stands there: that may lie outside of the repository.
    if (stat.isSymbolicLink()) return { mode: '120000', bytes: readlinkSync(path, { encoding: 'buffer' }) };
    if (!stat.isFile()) return null;
    const mode = (stat.mode & 0o100) !== 0 ? '100755' : '100644';
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const opened = fstatSync(fd);
      if (!opened.isFile()) return null;
      return { mode, bytes: opened.size > MAX_FILE ? null : readFileSync(fd) };
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

/** A name as git writes it (core.quotePath): as it is, or in quotes with escapes. */
function quoted(name: string): string {
  if (/^[\x20-\x7e]*$/.test(name) && !/["\\]/.test(name)) return name;
  let text = '';
  for (const byte of Buffer.from(name)) {
    const character = String.fromCharCode(byte);
    if (ESCAPES[character] !== undefined) text += ESCAPES[character];
    else if (byte >= 0x20 && byte < 0x7f) text += character;
    else text += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `"${text}"`;
}
