// Flags that several commands share.
import type { FlagSpec } from './spec.ts';

/** Accepted by every command. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: 'config',
    short: 'c',
    value: { label: 'KEY=VALUE' },
    repeatable: true,
    group: 'Global options',
    help: 'Set one config value for this run',
    more: 'KEY may be dotted. VALUE is read as TOML; what is not TOML is taken as a plain string. Example: -c model_reasoning_effort=high',
  },
  {
    name: 'enable',
    value: { label: 'FEATURE' },
    repeatable: true,
    group: 'Global options',
    help: 'Switch a feature on for this run, like -c features.FEATURE=true',
  },
  {
    name: 'disable',
    value: { label: 'FEATURE' },
    repeatable: true,
    group: 'Global options',
    help: 'Switch a feature off for this run, like -c features.FEATURE=false',
  },
  {
    name: 'strict-config',
    group: 'Global options',
    help: 'Make unknown config keys an error instead of a warning',
  },
];

export const SANDBOX_MODES = ['read-only', 'workspace-write', 'danger-full-access'] as const;
export const APPROVAL_POLICIES = ['untrusted', 'on-failure', 'on-request', 'never'] as const;

const MODEL: FlagSpec = {
  name: 'model',
  short: 'm',
  value: { label: 'MODEL' },
  help: 'Model to use',
};

const PROVIDER: readonly FlagSpec[] = [
  { name: 'oss', help: 'Use a local model server (LM Studio or Ollama)' },
  {
    name: 'local-provider',
    value: { label: 'PROVIDER' },
    help: 'Which local server --oss means: lmstudio or ollama',
  },
];

const SANDBOX: FlagSpec = {
  name: 'sandbox',
  short: 's',
  value: { label: 'MODE', choices: SANDBOX_MODES },
  help: 'What commands of the model may touch',
};

const APPROVAL: FlagSpec = {
  name: 'ask-for-approval',
  short: 'a',
  value: {
    label: 'POLICY',
    choices: APPROVAL_POLICIES,
    notices: {
      'on-failure': 'newer Codex dropped this policy; it still works here.',
      untrusted: 'newer Codex dropped this policy; it still works here.',
    },
  },
  help: 'When a person is asked before a command runs',
};

const AUTOMATION: readonly FlagSpec[] = [
  {
    name: 'full-auto',
    help: 'Old short form of --sandbox workspace-write',
    conflicts: ['dangerously-bypass-approvals-and-sandbox'],
    notice: 'newer Codex dropped this flag; use --sandbox workspace-write.',
  },
  {
    name: 'approve-for-me',
    help: 'Work in the workspace-write sandbox with approvals reviewed automatically',
    conflicts: ['dangerously-bypass-approvals-and-sandbox'],
    notice: 'automatic review is not in this version; the sandbox is workspace-write, nothing is approved.',
  },
  {
    name: 'dangerously-bypass-approvals-and-sandbox',
    aliases: ['yolo'],
    help: 'Run every command at once, without asking and without a sandbox',
    more: 'Only for machines that are fenced in from outside.',
  },
  {
    name: 'dangerously-bypass-hook-trust',
    hidden: true,
    help: 'Run hooks without recorded trust',
    notice: 'hooks are not in this version, so there is nothing to bypass.',
  },
];

const CD: FlagSpec = {
  name: 'cd',
  short: 'C',
  value: { label: 'DIR', kind: 'folder' },
  help: 'Folder to work in',
};

const PLACE: readonly FlagSpec[] = [
  CD,
  {
    name: 'add-dir',
    value: { label: 'DIR', kind: 'folder' },
    repeatable: true,
    help: 'Another folder that may be written, beside the workspace',
  },
  {
    name: 'worktree',
    help: 'Work in a new git worktree (not in this version yet)',
    unavailable:
      "managed worktrees are not in this version. Make one with 'git worktree add' and pass it with -C.",
  },
];

const PROFILE: FlagSpec = {
  name: 'profile',
  short: 'p',
  value: { label: 'PROFILE' },
  help: 'Config profile to use',
};

/** `-p` of `exec`, which also takes a prompt. */
const PROFILE_OR_PROMPT: FlagSpec = {
  ...PROFILE,
  value: { label: 'PROFILE|PROMPT' },
  help: 'Config profile to use; without another prompt and without a profile of that name: the prompt',
  more: 'Use --prompt where a text could also be the name of a profile.',
};

/** `-i` where several files may follow at once. */
const IMAGES: FlagSpec = {
  name: 'image',
  short: 'i',
  value: { label: 'FILE', kind: 'file', several: true, separator: ',' },
  repeatable: true,
  help: 'Image to show to the model; takes every argument up to the next flag',
};

/** `-i` of commands whose prompt may follow it. */
export const ONE_IMAGE: FlagSpec = {
  ...IMAGES,
  value: { label: 'FILE', kind: 'file', separator: ',' },
  help: 'Image to show to the model',
};

const SEARCH: FlagSpec = { name: 'search', help: 'Let the model search the web live' };

export const TRUST: FlagSpec = {
  name: 'trust',
  help: 'Trust this project for this run: its config, hooks and servers count',
};

/** What decides which config a command sees. */
export const CONTEXT_FLAGS: readonly FlagSpec[] = [MODEL, SANDBOX, PROFILE, CD];

/** Flags of the interactive commands: the program itself, `resume` and `fork`. */
export const INTERACTIVE_FLAGS: readonly FlagSpec[] = [
  IMAGES,
  MODEL,
  ...PROVIDER,
  PROFILE,
  SANDBOX,
  APPROVAL,
  ...AUTOMATION,
  ...PLACE,
  SEARCH,
  { name: 'no-alt-screen', help: 'Draw into the normal screen of the terminal' },
  { name: 'no-daemon', hidden: true, help: 'Do not use a shared background server (skua has none)' },
  {
    name: 'remote',
    value: { label: 'ADDR' },
    hidden: true,
    help: 'Connect to a remote app server',
    unavailable: 'remote app servers are not in this version.',
  },
  {
    name: 'remote-auth-token-env',
    value: { label: 'ENV_VAR' },
    hidden: true,
    help: 'Variable with the token for --remote',
    requires: 'remote',
  },
];

/** Output and bookkeeping of headless runs. */
const RUN_FLAGS: readonly FlagSpec[] = [
  { name: 'skip-git-repo-check', help: 'Work outside a git repository too' },
  { name: 'ephemeral', help: 'Keep no record of the thread on disk' },
  TRUST,
  { name: 'ignore-user-config', help: 'Do not read config.toml of the home folder' },
  { name: 'ignore-rules', help: 'Do not read command rules' },
  {
    name: 'output-schema',
    value: { label: 'FILE', kind: 'file' },
    help: 'JSON Schema that the last message must follow',
  },
  {
    name: 'color',
    value: { label: 'WHEN', choices: ['always', 'never', 'auto'] },
    help: 'Colours on stderr',
  },
  { name: 'json', aliases: ['experimental-json'], help: 'Print events on stdout, one JSON object per line' },
  {
    name: 'output-last-message',
    short: 'o',
    value: { label: 'FILE', kind: 'file' },
    help: 'File for the last message',
  },
  {
    name: 'thread-source',
    value: { label: 'SOURCE' },
    hidden: true,
    help: 'Where a new thread comes from, for its record',
  },
  {
    name: 'cyber-access-program',
    value: { label: 'PROGRAM', choices: ['standard', 'daybreak_blue', 'daybreak_red'] },
    hidden: true,
    help: 'Access program to ask OpenAI for',
    notice: 'access programs are not in this version; the server default is used.',
  },
];

/** What skua has and Codex has not. */
const OWN_FLAGS: readonly FlagSpec[] = [
  {
    name: 'prompt',
    value: { label: 'TEXT' },
    group: 'Own options',
    help: 'The prompt, unmistakably',
    conflicts: ['prompt argument'],
  },
  {
    name: 'stdin',
    value: { label: 'WHEN', choices: ['auto', 'require', 'ignore'] },
    group: 'Own options',
    help: 'Whether piped input is read: auto waits 3 s for it beside a prompt',
  },
  {
    name: 'max-turns',
    value: { label: 'N', kind: 'count' },
    group: 'Own options',
    help: 'Stop after N requests to the model',
  },
  {
    name: 'max-tokens',
    value: { label: 'N', kind: 'count' },
    group: 'Own options',
    help: 'Stop when the run has used N tokens',
  },
  {
    name: 'timeout',
    value: { label: 'TIME', kind: 'duration' },
    group: 'Own options',
    help: 'Stop after this time: 90, 90s, 10m or 1h',
  },
  {
    name: 'exit-codes',
    value: { label: 'SET', choices: ['codex', 'detailed'] },
    group: 'Own options',
    help: 'codex: 0, 1, 2; detailed: one code per kind of failure',
  },
];

/** Flags of `exec`. Its sub-commands take them too, so that the order of words does not matter. */
export const EXEC_FLAGS: readonly FlagSpec[] = [
  IMAGES,
  MODEL,
  ...PROVIDER,
  SANDBOX,
  { ...APPROVAL, hidden: true },
  PROFILE_OR_PROMPT,
  ...AUTOMATION,
  ...PLACE,
  { ...SEARCH, hidden: true },
  ...RUN_FLAGS,
  ...OWN_FLAGS,
];

/** Flags of `exec resume` and `exec fork`: `-i` takes one file, because a prompt may follow. */
export const EXEC_CHILD_FLAGS: readonly FlagSpec[] = EXEC_FLAGS.map((flag) =>
  flag === IMAGES ? ONE_IMAGE : flag,
);

/** What a review looks at. */
export const REVIEW_SCOPE_FLAGS: readonly FlagSpec[] = [
  {
    name: 'uncommitted',
    help: 'Review staged, unstaged and untracked changes',
    conflicts: ['base', 'commit', 'prompt argument'],
  },
  {
    name: 'base',
    value: { label: 'BRANCH' },
    help: 'Review the changes against this branch',
    conflicts: ['commit', 'prompt argument'],
  },
  {
    name: 'commit',
    value: { label: 'SHA' },
    help: 'Review the changes of this commit',
    conflicts: ['prompt argument'],
  },
  {
    name: 'title',
    value: { label: 'TITLE' },
    help: 'Title of the commit, for the summary',
    requires: 'commit',
  },
];
