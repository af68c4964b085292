// What a command line asks for, as one typed value per command.
import { UsageError } from '../protocol/error.ts';
import type { ConfigInput, ExecOptions, ReviewScope, ThreadTarget } from '../frontends/exec/options.ts';
import type { SandboxMode } from '../protocol/sandbox.ts';
import { PROMPT_ARGUMENT } from './commands.ts';
import type { Parsed, Values } from './spec.ts';
import { parseCount, parseDuration } from './quantities.ts';

export type Shell = 'bash' | 'elvish' | 'fish' | 'powershell' | 'zsh';
export type StdinMode = 'auto' | 'require' | 'ignore';

/** Where a prompt may come from; resolved later, because a profile and stdin have a say. */
export interface PromptSource {
  /** The positional prompt; `-` means stdin. */
  argument: string | null;
  /** `--prompt TEXT`. */
  flag: string | null;
  /** `-p VALUE`: a profile or a prompt. */
  profileOrPrompt: string | null;
  stdin: StdinMode;
}

/** A headless run before its prompt is known. */
export interface ExecInvocation {
  command: 'exec';
  prompt: PromptSource;
  options: Omit<ExecOptions, 'input'>;
  images: readonly string[];
  /** Started by a command that is interactive in Codex. */
  isInteractiveCommand: boolean;
}

export type LoginMethod = 'browser' | 'device' | 'api-key' | 'access-token' | 'api-key-argument';

export type Invocation =
  | { command: 'help'; path: readonly string[]; long: boolean; asked: boolean }
  | { command: 'version' }
  | { command: 'planned'; path: readonly string[]; instead: string }
  | { command: 'tui' }
  | ExecInvocation
  | { command: 'login'; method: LoginMethod; config: ConfigInput }
  | { command: 'login-status'; config: ConfigInput }
  | { command: 'logout'; config: ConfigInput }
  | { command: 'features-list'; config: ConfigInput }
  | { command: 'features-set'; feature: string; enabled: boolean; config: ConfigInput }
  | { command: 'doctor'; json: boolean; summary: boolean; config: ConfigInput }
  | { command: 'debug-models'; bundled: boolean; config: ConfigInput }
  | { command: 'debug-prompt-input'; prompt: string | null; images: readonly string[]; config: ConfigInput }
  | { command: 'completion'; shell: Shell }
  | { command: 'update' };

/** Turns parsed words into an invocation. Throws a `UsageError` for values that cannot be read. */
export function toInvocation(parsed: Parsed): { invocation: Invocation; warnings: readonly string[] } {
  if (parsed.type !== 'run') {
    const { type, ...rest } = parsed;
    return { invocation: { command: type, ...rest } as Invocation, warnings: [] };
  }
  const warnings = [...parsed.warnings];
  return { invocation: bind(parsed.path, parsed.values, warnings), warnings };
}

function bind(path: readonly string[], values: Values, warnings: string[]): Invocation {
  const config = readConfigInput(values);
  switch (path.join(' ')) {
    case '':
      return { command: 'tui' };
    case 'exec':
    case 'exec resume':
    case 'exec fork':
    case 'exec review':
    case 'review':
      return readExec(path, values, warnings, { isInteractiveCommand: false });
    case 'resume':
    case 'fork':
      return readExec(path, values, warnings, { isInteractiveCommand: true });
    case 'login':
      return { command: 'login', method: readLoginMethod(values), config };
    case 'login status':
      return { command: 'login-status', config };
    case 'logout':
      return { command: 'logout', config };
    case 'features list':
      return { command: 'features-list', config };
    case 'features enable':
    case 'features disable': {
      const feature = one(values, 'feature') as string;
      return { command: 'features-set', feature, enabled: path[1] === 'enable', config };
    }
    case 'doctor':
      return { command: 'doctor', json: has(values, 'json'), summary: has(values, 'summary'), config };
    case 'debug models':
      return { command: 'debug-models', bundled: has(values, 'bundled'), config };
    case 'debug prompt-input': {
      const prompt = one(values, PROMPT_ARGUMENT);
      return { command: 'debug-prompt-input', prompt, images: values.get('image') ?? [], config };
    }
    case 'completion':
      return { command: 'completion', shell: (one(values, 'shell') ?? 'bash') as Shell };
    case 'update':
      return { command: 'update' };
    default:
      throw new Error(`command table and invocation disagree about '${path.join(' ')}'`);
  }
}

function one(values: Values, name: string): string | null {
  return values.get(name)?.at(-1) ?? null;
}

function has(values: Values, name: string): boolean {
  return values.has(name);
}

function readConfigInput(values: Values): ConfigInput {
  const isWorkspaceWrite = has(values, 'full-auto') || has(values, 'approve-for-me');
  return {
    overrides: values.get('config') ?? [],
    features: [
      ...(values.get('enable') ?? []).map((name) => ({ name, enabled: true })),
      ...(values.get('disable') ?? []).map((name) => ({ name, enabled: false })),
    ],
    profile: one(values, 'profile'),
    cd: one(values, 'cd'),
    addDirs: values.get('add-dir') ?? [],
    model: one(values, 'model'),
    oss: has(values, 'oss'),
    localProvider: one(values, 'local-provider'),
    sandbox: (one(values, 'sandbox') ?? (isWorkspaceWrite ? 'workspace-write' : null)) as SandboxMode | null,
    approval: one(values, 'ask-for-approval') as ConfigInput['approval'],
    bypassSandbox: has(values, 'dangerously-bypass-approvals-and-sandbox'),
    webSearch: has(values, 'search'),
    strict: has(values, 'strict-config'),
    trust: has(values, 'trust'),
    ignoreUserConfig: has(values, 'ignore-user-config'),
    ignoreRules: has(values, 'ignore-rules'),
  };
}

function readExec(
  path: readonly string[],
  values: Values,
  warnings: string[],
  { isInteractiveCommand }: { isInteractiveCommand: boolean },
): ExecInvocation {
  const kind = path.at(-1);
  const { argument, target } = readPositionals(kind, values, warnings);
  const mode: ExecOptions['mode'] =
    kind === 'review'
      ? { type: 'review', scope: readReviewScope(values) }
      : kind === 'resume' || kind === 'fork'
        ? { type: kind, target: target as ThreadTarget }
        : { type: 'new' };
  const timeout = one(values, 'timeout');
  return {
    command: 'exec',
    isInteractiveCommand,
    images: values.get('image') ?? [],
    prompt: {
      argument,
      flag: one(values, 'prompt'),
      profileOrPrompt: isInteractiveCommand ? null : one(values, 'profile'),
      stdin: (one(values, 'stdin') ?? 'auto') as StdinMode,
    },
    options: {
      mode,
      config: readConfigInput(values),
      json: has(values, 'json'),
      outputLastMessage: one(values, 'output-last-message'),
      outputSchemaPath: one(values, 'output-schema'),
      ephemeral: has(values, 'ephemeral'),
      color: (one(values, 'color') ?? 'auto') as ExecOptions['color'],
      skipGitRepoCheck: has(values, 'skip-git-repo-check'),
      threadSource: one(values, 'thread-source'),
      budgets: {
        maxTurns: countOf(values, 'max-turns'),
        timeoutSeconds: timeout === null ? null : parseDuration('timeout', timeout),
        maxTokens: countOf(values, 'max-tokens'),
      },
      exitCodes: (one(values, 'exit-codes') ?? 'codex') as ExecOptions['exitCodes'],
    },
  };
}

function countOf(values: Values, name: string): number | null {
  const text = one(values, name);
  return text === null ? null : parseCount(name, text);
}

/** `--last PROMPT` has its prompt where a session id would stand. */
function readPositionals(
  kind: string | undefined,
  values: Values,
  warnings: string[],
): { argument: string | null; target: ThreadTarget | null } {
  const argument = one(values, PROMPT_ARGUMENT);
  if (kind !== 'resume' && kind !== 'fork') return { argument, target: null };
  const session = one(values, 'session');
  const anyFolder = has(values, 'all');
  if (has(values, 'last')) {
    if (session !== null && argument !== null) {
      warnings.push(`--last is given, so the session id '${session}' is not used.`);
    }
    return { argument: argument ?? session, target: { by: 'last', anyFolder } };
  }
  if (session === null) {
    throw new UsageError(
      `which thread? Give a session id or a name, or --last for the most recent one.\nSee 'skua exec ${kind} --help'.`,
      { exitCode: 2 },
    );
  }
  return { argument, target: { by: 'name', idOrName: session, anyFolder } };
}

function readReviewScope(values: Values): ReviewScope {
  const branch = one(values, 'base');
  const sha = one(values, 'commit');
  const isScoped = has(values, 'uncommitted') || branch !== null || sha !== null;
  if (isScoped && has(values, 'prompt')) {
    throw new UsageError('--prompt cannot go with --uncommitted, --base or --commit; leave one out.', {
      exitCode: 2,
    });
  }
  if (has(values, 'uncommitted')) return { type: 'uncommitted' };
  if (branch !== null) return { type: 'base', branch };
  if (sha !== null) return { type: 'commit', sha, title: one(values, 'title') };
  return { type: 'custom' };
}

function readLoginMethod(values: Values): LoginMethod {
  if (has(values, 'api-key')) return 'api-key-argument';
  if (has(values, 'with-api-key')) return 'api-key';
  if (has(values, 'with-access-token')) return 'access-token';
  return has(values, 'device-auth') ? 'device' : 'browser';
}
