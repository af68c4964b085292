// The `exec_command` tool: runs a shell command, and leaves it running as a session when it takes long.
import { resolve } from 'node:path';
import type { FromSchema } from '../lib/json-schema.ts';
import { ToolInputError } from '../protocol/error.ts';
import type { CommandExecutionItem } from '../protocol/item.ts';
import type {
  CallSite,
  ExecRequest,
  PreparedCall,
  Tool,
  ToolContext,
  ToolOutcome,
} from '../protocol/tool.ts';
import { readCommandActions } from './command-actions.ts';
import { defineTool, failure } from './define-tool.ts';
import { sessionReport } from './exec-report.ts';
import { CommandSession, makeRoom } from './exec-session.ts';
import { preparePatch } from './patch/apply-patch.ts';
import { patchInCommand } from './patch/patch-in-command.ts';

const DEFAULT_YIELD_MS = 10_000;
const MIN_YIELD_MS = 250;
const MAX_YIELD_MS = 30_000;

const SCHEMA = {
  type: 'object',
  properties: {
    cmd: { type: 'string', minLength: 1, description: 'The command line, for a shell.' },
    workdir: { type: 'string', description: 'Folder to run it in; default: the working folder.' },
    shell: { type: 'string', description: "Shell program; default: the user's." },
    login: { type: 'boolean', description: 'Run as a login shell; default true.' },
    tty: {
      type: 'boolean',
      description: 'Give it a terminal, which also keeps its input open for write_stdin; default false.',
    },
    yield_time_ms: {
      type: 'integer',
      description: 'Longest wait before you get the output so far (250 to 30000, default 10000).',
    },
    max_output_tokens: {
      type: 'integer',
      minimum: 0,
      description: 'Longer output is cut in the middle; default 10000.',
    },
    sandbox_permissions: {
      type: 'string',
      enum: ['use_default', 'require_escalated', 'with_additional_permissions'],
      description:
        '`require_escalated` asks to run outside the sandbox: only when the command failed because of the sandbox or clearly needs network or files outside the workspace.',
    },
    justification: {
      type: 'string',
      description: 'With require_escalated: one short question to the user, saying what the command is for.',
    },
    prefix_rule: {
      type: 'array',
      items: { type: 'string' },
      description:
        'With require_escalated: beginning of the command, word by word, that the user could allow for good, e.g. ["npm", "install"]. Never a shell or an interpreter alone.',
    },
  },
  required: ['cmd'],
  additionalProperties: false,
} as const;

type ExecArguments = FromSchema<typeof SCHEMA>;

const DESCRIPTION =
  'Runs a shell command and returns its output, stdout and stderr together. Returns as soon as the command ends. ' +
  'If it is still running after yield_time_ms, you get a session ID: read on or type into it with write_stdin. ' +
  'Calls that do not depend on each other may be made at the same time. Search with rg rather than grep.';

export function execCommandTool(): Tool {
  return defineTool({
    name: 'exec_command',
    description: DESCRIPTION,
    schema: SCHEMA,
    parallel: true,
    redirect: (args, at) => redirectPatch(args.cmd, resolve(at.cwd, args.workdir ?? ''), at),
    run: runExecCommand,
  });
}

/** A command that only calls `apply_patch` becomes that tool's call. */
export function redirectPatch(command: string, workdir: string, at: CallSite): PreparedCall | null {
  const found = patchInCommand(command);
  if (found === null) return null;
  return preparePatch(found.patch, { ...at, cwd: resolve(workdir, found.folder ?? '') });
}

async function runExecCommand(args: ExecArguments, ctx: ToolContext, at: CallSite): Promise<ToolOutcome> {
  const callStart = ctx.now();
  const request: ExecRequest = {
    command: args.cmd,
    workdir: resolve(at.cwd, args.workdir ?? ''),
    login: args.login ?? true,
    terminal: args.tty ?? false,
    escalate: escalationOf(args),
    ...(args.shell === undefined ? {} : { shell: args.shell }),
  };
  const started = await startCommand(request, ctx, at);
  if (!(started instanceof CommandSession)) return started;
  const session = started;
  const yieldMs = Math.min(MAX_YIELD_MS, Math.max(MIN_YIELD_MS, args.yield_time_ms ?? DEFAULT_YIELD_MS));
  const result = await session.wait(yieldMs, ctx.signal);
  if (result === 'aborted') await session.stop();
  const notice = result === 'timeout' ? await makeRoom(ctx.sessions) : null;
  const output = (): string =>
    sessionReport(session, {
      callId: at.callId,
      wallMs: ctx.now() - callStart,
      result,
      maxTokens: args.max_output_tokens ?? ctx.outputTokenLimit,
      notice,
    });
  if (result === 'timeout' && session.exitCode === null) {
    session.goToBackground();
    return { output: output(), success: true };
  }
  return { output: output(), success: session.exitCode === 0, item: session.finalItem() };
}

/** Shows the command's item and starts it. A refusal comes back as the finished outcome of the call. */
export async function startCommand(
  request: ExecRequest,
  ctx: ToolContext,
  at: CallSite,
  source: CommandExecutionItem['source'] = 'unifiedExecStartup',
): Promise<CommandSession | ToolOutcome> {
  if (request.command.includes('\0'))
    throw new ToolInputError('the command contains a NUL character, which no command line can hold');
  const id = ctx.sessions.nextId();
  const item: CommandExecutionItem = {
    type: 'commandExecution',
    id: at.callId,
    command: ctx.displayCommand(request),
    cwd: request.workdir,
    processId: source === 'unifiedExecStartup' ? String(id) : null,
    source,
    status: 'inProgress',
    commandActions: readCommandActions(request.command),
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
  };
  ctx.startItem(item);
  try {
    const start = await ctx.exec(request);
    if (start.type === 'refused')
      return failure(start.reason, { ...item, status: start.declined ? 'declined' : 'failed' });
    // The time somebody took to approve is not the command's.
    const startedAt = ctx.now();
    const { process } = start;
    return new CommandSession({ id, item, process, hasTerminal: request.terminal, startedAt, ctx });
  } catch (error) {
    ctx.completeItem({ ...item, status: 'failed' });
    throw error;
  }
}

function escalationOf(args: ExecArguments): ExecRequest['escalate'] {
  const { sandbox_permissions: permissions = 'use_default', justification, prefix_rule } = args;
  if (permissions === 'use_default') return null;
  return { justification: justification ?? '', prefixRule: prefix_rule ?? null };
}
