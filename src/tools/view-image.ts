// The `view_image` tool: puts an image file before the model's eyes.
import { resolve } from 'node:path';
import type { FromSchema } from '../lib/json-schema.ts';
import type { CallSite, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool, failure } from './define-tool.ts';
import { imageTypeOf } from '../lib/image-type.ts';
import { reasonOf } from './patch/hunk-errors.ts';
import { printable } from './printable.ts';

const MAX_IMAGE_BYTES = 20 * 1024 * 1024;

const SCHEMA = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      minLength: 1,
      description: 'Image file, relative to the working folder or absolute.',
    },
  },
  required: ['path'],
  additionalProperties: false,
} as const;

export function viewImageTool(): Tool {
  return defineTool({
    name: 'view_image',
    description: 'Shows you an image file (PNG, JPEG, GIF or WebP) of this machine.',
    schema: SCHEMA,
    parallel: true,
    run: runViewImage,
  });
}

async function runViewImage(
  args: FromSchema<typeof SCHEMA>,
  ctx: ToolContext,
  at: CallSite,
): Promise<ToolOutcome> {
  if (!ctx.inputImages)
    return failure('view_image failed: this model takes no images. Describe what you need from it instead.');
  const path = resolve(at.cwd, args.path);
  const shown = printable(args.path);
  try {
    const stat = await ctx.files.stat(path);
    if (stat !== null && stat.kind !== 'file') return failure(`view_image failed: ${shown} is not a file.`);
    if (stat !== null && stat.size > MAX_IMAGE_BYTES)
      return failure(
        `view_image failed: ${shown} has ${stat.size} bytes, more than the limit of 20 MiB. Make it smaller first.`,
      );
    const bytes = await ctx.files.read(path);
    const type = imageTypeOf(bytes);
    if (type === null)
      return failure(
        `view_image failed: ${shown} is no PNG, JPEG, GIF or WebP image. Convert it, or read it as text.`,
      );
    const item = { type: 'imageView', id: at.callId, path } as const;
    ctx.startItem(item);
    const url = `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
    return { output: [{ type: 'input_image', image_url: url }], success: true, item };
  } catch (error) {
    return failure(`view_image failed: ${shown}: ${reasonOf(error)}`);
  }
}
