// Names of threads: Codex's `session_index.jsonl` in the home, where the last line about a thread counts.
import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { forEachLine, parseJsonObject, stringMember } from '../lib/json-lines.ts';
import { openPrivateAppend, readPrivateFile } from '../lib/private-files.ts';
import { UsageError } from '../protocol/error.ts';
import { realHome } from './rollout-files.ts';

const INDEX = 'session_index.jsonl';

/** Names by thread id. Lines that cannot be read are passed over. */
export function readThreadNames(home: string): Map<string, string> {
  const names = new Map<string, string>();
  const text = readPrivateFile(join(realHome(home), INDEX))?.toString('utf8') ?? '';
  forEachLine(text, (start, end) => {
    const line = parseJsonObject(text.slice(start, end));
    const id = line && stringMember(line, 'id');
    const name = line && stringMember(line, 'thread_name');
    if (id && name !== null) names.set(id.toLowerCase(), name);
  });
  return names;
}

/** Gives a thread a name. `now`: milliseconds since 1970. Throws a `UsageError` for an empty name. */
export function renameThread(options: { home: string; id: string; name: string; now: number }): void {
  const name = options.name.trim();
  if (name === '') throw new UsageError('A thread needs a name with at least one character.');
  const path = join(realHome(options.home), INDEX);
  const line = { id: options.id, thread_name: name, updated_at: new Date(options.now).toISOString() };
  // A torn line of somebody else must not swallow this one; empty lines are passed over by every reader.
  const before = readPrivateFile(path);
  const isTorn = before !== null && before.length > 0 && before.at(-1) !== 10;
  const fd = openPrivateAppend(path);
  try {
    writeSync(fd, `${isTorn ? '\n' : ''}${JSON.stringify(line)}\n`);
  } finally {
    closeSync(fd);
  }
}
