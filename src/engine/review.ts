// Review mode: the same loop with another prompt, fewer tools and an answer in a fixed shape.

export interface ReviewFinding {
  title: string;
  body: string;
  confidence_score: number;
  priority?: number | null;
  code_location: { absolute_file_path: string; line_range: { start: number; end: number } };
}

/** Source: Codex's review answer, so that tools that read it go on working. */
export interface ReviewAnswer {
  findings: ReviewFinding[];
  overall_correctness: string;
  overall_explanation: string;
  overall_confidence_score: number;
}

/** A review reads and checks; it does not edit. */
export const REVIEW_TOOLS: readonly string[] = [
  'exec_command',
  'write_stdin',
  'update_plan',
  'view_image',
  'read',
];

export const REVIEW_PROMPT = `You review a change that somebody else made. You do not edit anything; you read, run read-only commands and tests, and report.

# What to report
Report a finding only when all of this holds: it is a real defect (wrong behaviour, data loss, security hole, broken contract, serious slowness), this change introduces or exposes it, you can name the input or state that triggers it, and its author would want to fix it on learning of it. Look beyond the diff: callers, tests, documentation and configuration that the change should have touched. Leave out style, taste, and what the author clearly intends. No finding is better than a doubtful one; but do not stop at the first.

# How to write a finding
- title: what is wrong, at most 80 characters, beginning with its priority in brackets: [P0] blocks any release, [P1] fix before merging, [P2] should be fixed, [P3] minor.
- body: one short paragraph: why it is wrong, when it shows, what follows. Plain and matter-of-fact.
- code_location: absolute path and the shortest line range that shows it; it must overlap the change.

# Answer
Answer with this JSON object alone, no fence and no other text:
{"findings":[{"title":"[P1] ...","body":"...","confidence_score":0.0,"priority":1,"code_location":{"absolute_file_path":"/...","line_range":{"start":1,"end":2}}}],"overall_correctness":"patch is correct" or "patch is incorrect","overall_explanation":"one to three sentences","overall_confidence_score":0.0}
Confidence goes from 0 to 1. The patch is correct when existing behaviour stays intact and nothing of P0 or P1 was found.`;

export type ReviewSubject =
  | { type: 'uncommitted' }
  | { type: 'base'; branch: string }
  | { type: 'commit'; sha: string; title: string | null }
  | { type: 'custom'; text: string };

/** The user message that starts a review; with the change itself where it is at hand. */
export function reviewRequest(subject: ReviewSubject, diff: string | null): string {
  const task = describeSubject(subject);
  return diff === null
    ? task
    : `${task}\n\nThis is the change; read around it as needed.\n\n<diff>\n${diff.trimEnd()}\n</diff>`;
}

function describeSubject(subject: ReviewSubject): string {
  switch (subject.type) {
    case 'uncommitted':
      return 'Review the uncommitted changes of this repository: staged, unstaged and untracked files (`git status --porcelain`, `git diff HEAD`, and the untracked files themselves).';
    case 'base':
      return `Review what this branch changes against ${quote(subject.branch)}: \`git diff\` from \`git merge-base HEAD ${quote(subject.branch)}\` to the working tree.`;
    case 'commit':
      return `Review the change of commit ${quote(subject.sha)}${subject.title ? ` ("${subject.title}")` : ''}: \`git show ${quote(subject.sha)}\`.`;
    case 'custom':
      return subject.text;
  }
}

function quote(ref: string): string {
  return /^[\w./@{}^~-]+$/.test(ref) ? ref : `'${ref.replaceAll("'", String.raw`'\''`)}'`;
}

/** null when the text is no answer in the agreed shape. */
export function parseReview(text: string): ReviewAnswer | null {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return null;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end + 1));
  } catch {
    return null;
  }
  const answer = value as Partial<ReviewAnswer>;
  if (!Array.isArray(answer.findings) || typeof answer.overall_explanation !== 'string') return null;
  return answer.findings.every(isFinding) ? (answer as ReviewAnswer) : null;
}

function isFinding(value: unknown): value is ReviewFinding {
  if (typeof value !== 'object' || value === null) return false;
  const { title, body, code_location: place } = value as Partial<ReviewFinding>;
  return (
    typeof title === 'string' &&
    typeof body === 'string' &&
    typeof place?.absolute_file_path === 'string' &&
    typeof place.line_range?.start === 'number' &&
    typeof place.line_range.end === 'number'
  );
}

/** The answer for people, with paths relative to `cwd`. */
export function formatReview(answer: ReviewAnswer, cwd: string): string {
  const lines = answer.findings.map((finding) => {
    const { absolute_file_path: path, line_range: range } = finding.code_location;
    const shown = path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
    const body = finding.body.trim().replaceAll('\n', '\n  ');
    return `- ${withPriority(finding)} — ${shown}:${range.start}-${range.end}\n  ${body}`;
  });
  const heading = lines.length === 1 ? 'Review comment:' : 'Full review comments:';
  const comments = lines.length === 0 ? '' : `\n\n${heading}\n\n${lines.join('\n\n')}`;
  return `${answer.overall_explanation.trim()}${comments}`;
}

function withPriority(finding: ReviewFinding): string {
  const { title, priority } = finding;
  return /^\[P\d\]/.test(title) || typeof priority !== 'number' ? title : `[P${priority}] ${title}`;
}
