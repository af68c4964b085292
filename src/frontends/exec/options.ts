// What a headless run is asked to do, as the command line hands it to `runExec`.
import type { ApprovalPolicy } from '../../protocol/approval.ts';
import type { SandboxMode } from '../../protocol/sandbox.ts';

/** Which stored thread is meant. `anyFolder`: also threads that worked in other folders than the present one. */
export type ThreadTarget =
  | { by: 'last'; anyFolder: boolean }
  | { by: 'name'; idOrName: string; anyFolder: boolean };

export type ReviewScope =
  | { type: 'uncommitted' }
  | { type: 'base'; branch: string }
  | { type: 'commit'; sha: string; title: string | null }
  /** The prompt says what to review. */
  | { type: 'custom' };

export type ExecMode =
  | { type: 'new' }
  | { type: 'resume'; target: ThreadTarget }
  | { type: 'fork'; target: ThreadTarget }
  | { type: 'review'; scope: ReviewScope };

/** What the user said. `prompt` is null only for a review of a scope; `stdin` is extra text that was piped in. */
export interface ExecInput {
  prompt: string | null;
  stdin: string | null;
  /** Paths as given, relative to the folder skua was started in. */
  images: readonly string[];
}

/** Everything of the command line that config has a say in. null and false: not given. */
export interface ConfigInput {
  /** Raw `key=value` of every `-c`, in order. */
  overrides: readonly string[];
  /** `--enable` and `--disable`, in order. */
  features: readonly { name: string; enabled: boolean }[];
  profile: string | null;
  /** `-C DIR` as given. */
  cd: string | null;
  /** `--add-dir DIR` as given. */
  addDirs: readonly string[];
  model: string | null;
  oss: boolean;
  localProvider: string | null;
  /** `--full-auto` and `--approve-for-me` have become `workspace-write` already. */
  sandbox: SandboxMode | null;
  approval: Extract<ApprovalPolicy, string> | null;
  /** `--dangerously-bypass-approvals-and-sandbox`. */
  bypassSandbox: boolean;
  webSearch: boolean;
  /** Unknown config keys are errors. */
  strict: boolean;
  /** The project is trusted for this run. */
  trust: boolean;
  ignoreUserConfig: boolean;
  ignoreRules: boolean;
}

/** null: no limit. */
export interface Budgets {
  maxTurns: number | null;
  timeoutSeconds: number | null;
  maxTokens: number | null;
}

export interface ExecOptions {
  mode: ExecMode;
  input: ExecInput;
  config: ConfigInput;
  json: boolean;
  /** Path as given. */
  outputLastMessage: string | null;
  /** Path as given. */
  outputSchemaPath: string | null;
  ephemeral: boolean;
  color: 'auto' | 'always' | 'never';
  skipGitRepoCheck: boolean;
  /** Where a new thread comes from, for its record; null: `exec`. */
  threadSource: string | null;
  budgets: Budgets;
  exitCodes: 'codex' | 'detailed';
}

/**
 * The user text of a turn: the prompt, and piped data in a `<stdin>` block after it.
 * Source: Codex 0.118 and 0.169, `exec` with a prompt and a pipe.
 */
export function userTextOf(input: ExecInput): string {
  const prompt = input.prompt ?? '';
  if (input.stdin === null || input.stdin === '') return prompt;
  const end = input.stdin.endsWith('\n') ? '' : '\n';
  return `${prompt}\n\n<stdin>\n${input.stdin}${end}</stdin>`;
}
