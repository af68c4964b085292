// The `read` tool: shows part of a text file with line numbers.
import { resolve } from 'node:path';
import type { FromSchema } from '../lib/json-schema.ts';
import { bytesForTokens } from '../lib/tokens.ts';
import type { CallSite, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool, failure } from './define-tool.ts';
import { imageTypeOf } from '../lib/image-type.ts';
import { codeOf, reasonOf } from './patch/hunk-errors.ts';
import { printable } from './printable.ts';

const DEFAULT_LINES = 2000;
const MAX_LINE = 2000;
const MAX_FILE_BYTES = 32 * 1024 * 1024;

const SCHEMA = {
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1, description: 'File, relative to the working folder or absolute.' },
    offset: { type: 'integer', minimum: 0, description: 'First line, counted from 1; default 1.' },
    limit: { type: 'integer', minimum: 1, description: 'Number of lines; default 2000.' },
  },
  required: ['path'],
  additionalProperties: false,
} as const;

export function readTool(): Tool {
  return defineTool({
    name: 'read',
    description: 'Reads a text file. Each line comes with its number and a tab before it.',
    schema: SCHEMA,
    parallel: true,
    run: runRead,
  });
}

async function runRead(
  args: FromSchema<typeof SCHEMA>,
  ctx: ToolContext,
  at: CallSite,
): Promise<ToolOutcome> {
  const path = resolve(at.cwd, args.path);
  const shown = printable(args.path);
  let bytes: Uint8Array;
  try {
    const stat = await ctx.files.stat(path);
    if (stat?.kind === 'directory')
      return failure(`read failed: ${shown} is a folder; list it with a command.`);
    if (stat !== null && stat.kind !== 'file') return failure(`read failed: ${shown} is no regular file.`);
    if (stat !== null && stat.size > MAX_FILE_BYTES)
      return failure(
        `read failed: ${shown} has ${stat.size} bytes, too many to read whole. Look at parts of it with a command such as rg, head or sed -n.`,
      );
    bytes = await ctx.files.read(path);
  } catch (error) {
    const hint = codeOf(error) === 'ENOENT' ? ' Find it with a command such as rg --files.' : '';
    return failure(`read failed: ${shown}: ${reasonOf(error)}.${hint}`);
  }
  const image = imageTypeOf(bytes);
  if (image !== null) return failure(`read failed: ${shown} is an image (${image}); use view_image.`);
  if (bytes.subarray(0, 8192).includes(0))
    return failure(
      `read failed: ${shown} is not text (${bytes.length} bytes). Use a command to look into it.`,
    );
  const text = Buffer.from(bytes).toString('utf8');
  return { output: numbered(text, args, bytesForTokens(ctx.outputTokenLimit)), success: true };
}

function numbered(text: string, args: FromSchema<typeof SCHEMA>, maxBytes: number): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return '(the file is empty)';
  const first = Math.max(1, args.offset ?? 1);
  if (first > lines.length) return `(the file has only ${lines.length} lines)`;
  const end = Math.min(lines.length, first - 1 + (args.limit ?? DEFAULT_LINES));
  const out: string[] = [];
  let size = 0;
  let at = first - 1;
  for (; at < end; at++) {
    const line = `${String(at + 1).padStart(6)}\t${shortened((lines[at] as string).replace(/\r$/, ''))}`;
    size += Buffer.byteLength(line) + 1;
    if (size > maxBytes && out.length > 0) break;
    out.push(line);
  }
  if (at < lines.length)
    out.push(`(lines ${at + 1} to ${lines.length} follow: read on with offset ${at + 1})`);
  return out.join('\n');
}

function shortened(line: string): string {
  if (line.length <= MAX_LINE) return line;
  const whole = line
    .slice(0, MAX_LINE)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
  return `${whole}… (${line.length - whole.length} more characters)`;
}
