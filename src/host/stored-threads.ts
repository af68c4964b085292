// Finds the thread that a user wants to go on with.
import { UsageError } from '../protocol/error.ts';
import type { ThreadSummary } from '../protocol/thread.ts';
import { findThread, latestThread } from '../storage/threads.ts';

/** `query`: id, start of an id or name; null: the latest one of this folder. Fails with a `UsageError`. */
export function findStored(options: {
  home: string;
  cwd: string;
  query: string | null;
  anyFolder: boolean;
}): ThreadSummary {
  const { home, cwd, query, anyFolder } = options;
  if (query !== null) return findThread(home, query);
  const latest = latestThread({ home, includeNonInteractive: true, ...(anyFolder ? {} : { cwd }) });
  if (latest) return latest;
  throw new UsageError(
    anyFolder
      ? 'There is no thread to go on with yet. Start one: skua exec "PROMPT"'
      : `No thread was started in ${cwd} yet. Add --all to look in every folder, or start one: skua exec "PROMPT"`,
  );
}
