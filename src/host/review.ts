// What a review is asked to look at: the change itself, read by git with the repository's own programs switched off.
import type { ReviewSubject } from '../engine/review.ts';
import { reviewRequest } from '../engine/review.ts';
import { readDiff } from '../git/diff.ts';
import { UsageError } from '../protocol/error.ts';

/** A diff up to this size goes along with the request; the reviewer reads a larger one by itself. */
const MAX_DIFF_BYTES = 200_000;

/** The user message of a review. Fails with a `UsageError` for an unknown branch or commit, and when nothing changed. */
export async function reviewText(
  subject: ReviewSubject,
  surroundings: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<string> {
  const { cwd, env } = surroundings;
  if (subject.type === 'custom') return reviewRequest(subject, null);
  const target =
    subject.type === 'uncommitted'
      ? { kind: 'uncommitted' as const }
      : subject.type === 'base'
        ? { kind: 'base' as const, branch: subject.branch }
        : { kind: 'commit' as const, sha: subject.sha };
  const { diff, isTruncated } = await readDiff(target, {
    cwd,
    env,
    workspaces: [cwd],
    maxBytes: MAX_DIFF_BYTES,
  });
  if (diff === '') throw new UsageError(`There is nothing to review: ${describeEmpty(subject)}.`);
  return reviewRequest(subject, isTruncated ? null : diff);
}

function describeEmpty(subject: Exclude<ReviewSubject, { type: 'custom' }>): string {
  switch (subject.type) {
    case 'uncommitted':
      return 'the work tree has no uncommitted changes';
    case 'base':
      return `nothing differs from ${subject.branch}`;
    case 'commit':
      return `commit ${subject.sha} changes no file`;
  }
}
