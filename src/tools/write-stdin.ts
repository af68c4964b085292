// The `write_stdin` tool: types into a running session, or waits for more of its output.
import type { FromSchema } from '../lib/json-schema.ts';
import type { CallSite, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool, failure } from './define-tool.ts';
import { sessionReport } from './exec-report.ts';
import { findSession } from './exec-session.ts';

const INPUT_YIELD = { min: 250, fallback: 250, max: 30_000 };
/** Polling often costs tokens and shows nothing new: a wait without input lasts longer. */
const POLL_YIELD = { min: 5_000, fallback: 5_000, max: 300_000 };
const INTERRUPT = '\u0003';

const SCHEMA = {
  type: 'object',
  properties: {
    session_id: { type: 'integer', description: 'The ID that exec_command gave.' },
    chars: {
      type: 'string',
      description: 'What to type, with \\n for Enter and \\u0003 for Ctrl-C. Empty: only wait for output.',
    },
    yield_time_ms: {
      type: 'integer',
      description:
        'Longest wait for output: 250 to 30000 after input (default 250), 5000 to 300000 without (default 5000).',
    },
    max_output_tokens: {
      type: 'integer',
      minimum: 0,
      description: 'Longer output is cut in the middle; default 10000.',
    },
  },
  required: ['session_id'],
  additionalProperties: false,
} as const;

export function writeStdinTool(): Tool {
  return defineTool({
    name: 'write_stdin',
    description:
      'Types into a session that exec_command left running, or waits for it, and returns the output that is new. Returns at once when the process ends.',
    schema: SCHEMA,
    run: runWriteStdin,
  });
}

async function runWriteStdin(
  args: FromSchema<typeof SCHEMA>,
  ctx: ToolContext,
  at: CallSite,
): Promise<ToolOutcome> {
  const { session_id: id, chars = '', yield_time_ms: asked } = args;
  const callStart = ctx.now();
  const session = findSession(ctx.sessions, id);
  if (session === null) return failure(`write_stdin failed: Unknown process id ${id}`);
  if (chars !== '' && session.exitCode === null) {
    if (session.hasTerminal) session.write(chars);
    else if (chars === INTERRUPT) session.interrupt();
    else
      return failure(
        `write_stdin failed: the input of session ${id} is closed because it has no terminal. Start the command again with tty set to true to type into it.`,
      );
  }
  const limits = chars === '' ? POLL_YIELD : INPUT_YIELD;
  const yieldMs = Math.min(limits.max, Math.max(limits.min, asked ?? limits.fallback));
  const result = await session.wait(yieldMs, ctx.signal);
  if (result === 'aborted') await session.stop();
  const output = sessionReport(session, {
    callId: at.callId,
    wallMs: ctx.now() - callStart,
    result,
    maxTokens: args.max_output_tokens ?? ctx.outputTokenLimit,
    notice: null,
  });
  if (session.exitCode === null) return { output, success: true };
  ctx.sessions.remove(id);
  return { output, success: session.exitCode === 0 };
}
