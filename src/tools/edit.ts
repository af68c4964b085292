// The `edit` tool: replaces an exact piece of text in a file, for models trained on that form.
import { resolve } from 'node:path';
import type { FromSchema } from '../lib/json-schema.ts';
import type { CallSite, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool } from './define-tool.ts';
import { changeFile, rejectChange } from './file-change.ts';
import { codeOf, reasonOf } from './patch/hunk-errors.ts';
import { printable } from './printable.ts';
import { replaceText } from './replace-text.ts';
import { decodeText } from './text-file.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1, description: 'File, relative to the working folder or absolute.' },
    old_string: {
      type: 'string',
      description: 'Exact text to replace, blanks and line breaks included. Empty: make a new file.',
    },
    new_string: { type: 'string', description: 'What to put there.' },
    replace_all: { type: 'boolean', description: 'Replace every occurrence; default false.' },
  },
  required: ['path', 'old_string', 'new_string'],
  additionalProperties: false,
} as const;

export function editTool(): Tool {
  return defineTool({
    name: 'edit',
    description:
      'Replaces text in a file. old_string must occur exactly once: give enough lines around the change, or set replace_all. Read the file first.',
    schema: SCHEMA,
    run: runEdit,
  });
}

async function runEdit(
  args: FromSchema<typeof SCHEMA>,
  ctx: ToolContext,
  at: CallSite,
): Promise<ToolOutcome> {
  const path = resolve(at.cwd, args.path);
  const shown = printable(args.path);
  const reject = (problem: string): ToolOutcome => rejectChange(path, `edit failed: ${problem}`, ctx, at);
  let bytes: Uint8Array;
  try {
    bytes = await ctx.files.read(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && args.old_string === '')
      return changeFile({ path, before: null, after: args.new_string }, `Created ${shown}.`, ctx, at);
    return reject(`cannot read ${shown}: ${reasonOf(error)}`);
  }
  const before = decodeText(bytes);
  if (before === null) return reject(`${shown} is not UTF-8 text; change it with a command instead.`);
  if (args.old_string === '') {
    if (before !== '') return reject(`${shown} exists and is not empty; old_string may not be empty then.`);
    return changeFile({ path, before, after: args.new_string }, `Filled ${shown}.`, ctx, at);
  }
  const replaced = replaceText(before, {
    oldText: args.old_string,
    newText: args.new_string,
    everywhere: args.replace_all ?? false,
  });
  if (!replaced.ok) return reject(`in ${shown}, ${replaced.problem}`);
  const { text: after, count } = replaced;
  const places = count === 1 ? '1 place' : `${count} places`;
  return changeFile({ path, before, after }, `Changed ${shown} in ${places}.`, ctx, at);
}
