// The `write` tool: makes a file or replaces the whole content of one.
import { resolve } from 'node:path';
import type { FromSchema } from '../lib/json-schema.ts';
import type { CallSite, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool } from './define-tool.ts';
import { changeFile, rejectChange } from './file-change.ts';
import { codeOf, reasonOf } from './patch/hunk-errors.ts';
import { printable } from './printable.ts';
import { decodeText } from './text-file.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1, description: 'File, relative to the working folder or absolute.' },
    content: { type: 'string', description: 'The whole content.' },
  },
  required: ['path', 'content'],
  additionalProperties: false,
} as const;

export function writeTool(): Tool {
  return defineTool({
    name: 'write',
    description:
      'Writes a whole file, making missing folders; replaces what was there. To change part of a file use edit.',
    schema: SCHEMA,
    run: runWrite,
  });
}

async function runWrite(
  args: FromSchema<typeof SCHEMA>,
  ctx: ToolContext,
  at: CallSite,
): Promise<ToolOutcome> {
  const path = resolve(at.cwd, args.path);
  const shown = printable(args.path);
  let before: string | null = null;
  try {
    before = decodeText(await ctx.files.read(path)) ?? '';
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      return rejectChange(path, `write failed: ${shown}: ${reasonOf(error)}`, ctx, at);
  }
  const done = before === null ? `Created ${shown}.` : `Replaced the content of ${shown}.`;
  return changeFile({ path, before, after: args.content }, done, ctx, at);
}
