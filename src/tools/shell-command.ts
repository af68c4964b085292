// The older shell tools (`shell_command`, `shell`): understood when a model calls them, not offered.
import { basename, resolve } from 'node:path';
import type { ObjectSchema } from '../lib/json-schema.ts';
import { quoteWords } from '../lib/shell-quote.ts';
import type {
  CallSite,
  ExecRequest,
  PreparedCall,
  Tool,
  ToolContext,
  ToolOutcome,
} from '../protocol/tool.ts';
import { defineTool } from './define-tool.ts';
import { redirectPatch, startCommand } from './exec-command.ts';
import { CommandSession } from './exec-session.ts';
import { preparePatch } from './patch/apply-patch.ts';
import { patchInArguments } from './patch/patch-in-command.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** What `timeout` of coreutils exits with. */
const TIMED_OUT = 124;

const COMMON = {
  workdir: { type: 'string' },
  timeout_ms: { type: 'integer', minimum: 1 },
  sandbox_permissions: {
    type: 'string',
    enum: ['use_default', 'require_escalated', 'with_additional_permissions'],
  },
  justification: { type: 'string' },
  prefix_rule: { type: 'array', items: { type: 'string' } },
} as const;

const LINE_SCHEMA = {
  type: 'object',
  properties: { command: { type: 'string', minLength: 1 }, login: { type: 'boolean' }, ...COMMON },
  required: ['command'],
} as const satisfies ObjectSchema;

const ARGV_SCHEMA = {
  type: 'object',
  properties: { command: { type: 'array', items: { type: 'string' }, minItems: 1 }, ...COMMON },
  required: ['command'],
} as const satisfies ObjectSchema;

interface ShellCall {
  command: string;
  shell?: string;
  login?: boolean | undefined;
  workdir?: string | undefined;
  timeout_ms?: number | undefined;
  sandbox_permissions?: string | undefined;
  justification?: string | undefined;
  prefix_rule?: string[] | undefined;
}

/** `command` is a string or, as in the oldest form, a list of words. */
export function shellCommandTool(name: 'shell_command' | 'shell'): Tool {
  const description = 'Runs a command and waits for its end.';
  const lines = defineTool({
    name,
    description,
    schema: LINE_SCHEMA,
    parallel: true,
    redirect: (args, at) => redirectPatch(args.command, resolve(at.cwd, args.workdir ?? ''), at),
    run: runShellCommand,
  });
  const words = defineTool({
    name,
    description,
    schema: ARGV_SCHEMA,
    parallel: true,
    redirect: (args, at) => redirectWords(args.command, resolve(at.cwd, args.workdir ?? ''), at),
    run: (args, ctx, at) => runShellCommand({ ...args, ...readArgv(args.command) }, ctx, at),
  });
  return {
    ...lines,
    prepare: (input, at) => (/"command"\s*:\s*\[/.test(input) ? words : lines).prepare(input, at),
  };
}

function redirectWords(argv: readonly string[], workdir: string, at: CallSite): PreparedCall | null {
  const patch = patchInArguments(argv);
  if (patch !== null) return preparePatch(patch, { ...at, cwd: workdir });
  return redirectPatch(readArgv(argv).command, workdir, at);
}

/** `["bash", "-lc", "script"]` is a script for that shell; anything else a command with its arguments. */
function readArgv(argv: readonly string[]): Pick<ShellCall, 'command' | 'shell' | 'login'> {
  const [program = '', flag = '', script] = argv;
  const isShell = /^(ba|z|da|k)?sh$/.test(basename(program));
  if (argv.length === 3 && script !== undefined && isShell && (flag === '-lc' || flag === '-c'))
    return { command: script, shell: program, login: flag === '-lc' };
  return { command: quoteWords(argv) };
}

async function runShellCommand(args: ShellCall, ctx: ToolContext, at: CallSite): Promise<ToolOutcome> {
  const callStart = ctx.now();
  const isDefault = (args.sandbox_permissions ?? 'use_default') === 'use_default';
  const request: ExecRequest = {
    command: args.command,
    workdir: resolve(at.cwd, args.workdir ?? ''),
    login: args.login ?? true,
    terminal: false,
    escalate: isDefault
      ? null
      : { justification: args.justification ?? '', prefixRule: args.prefix_rule ?? null },
    ...(args.shell === undefined ? {} : { shell: args.shell }),
  };
  const session = await startCommand(request, ctx, at, 'agent');
  if (!(session instanceof CommandSession)) return session;
  const timeoutMs = args.timeout_ms ?? DEFAULT_TIMEOUT_MS;
  const result = await session.wait(timeoutMs, ctx.signal);
  if (result !== 'ended') await session.stop();
  const { text } = session.output.take(ctx.outputTokenLimit, { final: true });
  const seconds = ((ctx.now() - callStart) / 1000).toFixed(1);
  const head = (code: number | string): string =>
    `Exit code: ${code}\nWall time: ${seconds} seconds\nOutput:\n`;
  const item = session.finalItem();
  switch (result) {
    case 'ended':
      return { output: `${head(session.exitCode ?? 1)}${text}`, success: session.exitCode === 0, item };
    case 'timeout':
      return {
        output: `${head(TIMED_OUT)}command timed out after ${timeoutMs} milliseconds\n${text}`,
        success: false,
        item: { ...item, exitCode: TIMED_OUT },
      };
    case 'aborted':
      return {
        output: `${head('none')}aborted by the user; it may have had effects\n${text}`,
        success: false,
        item,
      };
  }
}
