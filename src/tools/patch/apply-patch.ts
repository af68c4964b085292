// The `apply_patch` tool: a whole patch is matched against the files first, and only then written.
import { resolve } from 'node:path';
import { parseJson } from '../../lib/json-syntax.ts';
import { ToolInputError } from '../../protocol/error.ts';
import type { FileChangeItem, FileUpdateChange } from '../../protocol/item.ts';
import type { CallSite, PreparedCall, Tool, ToolContext, ToolOutcome } from '../../protocol/tool.ts';
import { defineFreeformTool, failure, rejection } from '../define-tool.ts';
import { mentionedPaths, parsePatch, PatchSyntaxError, type PatchHunk } from './parse-patch.ts';
import { planPatch, PatchMismatch, type PatchPlan } from './plan-patch.ts';
import { checkPlan, pathsOf, writePlan } from './write-plan.ts';

const FORMAT = `A patch is plain text:

*** Begin Patch
*** Update File: src/app.py
@@ def greet():
 name = "you"
-print("Hi")
+print(f"Hi {name}")
*** Add File: docs/new.md
+first line
*** Delete File: old.txt
*** End Patch

Each file starts with one header: \`*** Add File: PATH\` (every line of the content starts with +; replaces a file that is there), \`*** Delete File: PATH\`, or \`*** Update File: PATH\`. After an Update header, \`*** Move to: PATH\` renames the file, with or without changes.
An update is a list of chunks, in the order of the file. A chunk starts with \`@@\`; its lines start with a space (unchanged), - (removed) or + (added). Give about 3 unchanged lines before and after each change, copied exactly. If they could fit in several places, name the place after @@: a line above the chunk, such as its class or function; several @@ lines lead inwards. A chunk of + lines alone goes after the line named by @@, or to the end of the file. \`*** End of File\` after a chunk ties it to the file's end.
Paths are relative to the working folder. All parts are checked before any file changes; if one does not fit, nothing is written.`;

const GRAMMAR = `start: "*** Begin Patch" LF file+ "*** End Patch" LF?
file: create | erase | change
create: "*** Add File: " PATH LF NEW_LINE*
erase: "*** Delete File: " PATH LF
change: "*** Update File: " PATH LF (rename chunk* | chunk+)
rename: "*** Move to: " PATH LF
chunk: PLACE+ BODY_LINE+ tail?
tail: "*** End of File" LF
PATH: /[^\\n]+/
PLACE: /@@( [^\\n]+)?\\n/
NEW_LINE: /\\+[^\\n]*\\n/
BODY_LINE: /[ +-][^\\n]*\\n/
%import common.LF
`;

/** The tool as freeform text or as a function with one string; both understand calls of the other form. */
export function applyPatchTool(form: 'freeform' | 'function'): Tool {
  const prepare = (input: string, at: CallSite): PreparedCall => preparePatch(readPatchText(input), at);
  const name = 'apply_patch';
  if (form === 'freeform')
    return defineFreeformTool({
      name,
      description: `Edits files with a patch. Write the patch itself, not JSON.\n\n${FORMAT}`,
      grammar: GRAMMAR,
      prepare,
    });
  return {
    name,
    description: `Edits files with a patch.\n\n${FORMAT}`,
    input: {
      type: 'json',
      schema: {
        type: 'object',
        properties: { input: { type: 'string', description: 'The whole patch.' } },
        required: ['input'],
        additionalProperties: false,
      },
    },
    prepare,
  };
}

/** A call that applies this patch. Paths in it are relative to `at.cwd`. */
export function preparePatch(patch: string, at: CallSite): PreparedCall {
  return { item: null, run: (ctx) => runPatch(patch, ctx, at) };
}

/** The patch in what the model wrote: the text itself, or JSON around it. */
function readPatchText(input: string): string {
  const start = input.trimStart()[0];
  if (start !== '{' && start !== '"') return input;
  const parsed = parseJson(input);
  if (!parsed.ok) throw new ToolInputError(`failed to parse function arguments: ${parsed.message}`);
  if (typeof parsed.value === 'string') return parsed.value;
  const fields = new Map(Object.entries(parsed.value as Record<string, unknown>));
  for (const name of ['input', 'patch', 'patchText', 'patch_text', 'diff']) {
    const value = fields.get(name);
    if (typeof value === 'string') return value;
  }
  throw new ToolInputError('failed to parse function arguments: missing field `input` (expected the patch)');
}

async function runPatch(patch: string, ctx: ToolContext, at: CallSite): Promise<ToolOutcome> {
  const startedAt = ctx.now();
  const item = (status: FileChangeItem['status'], changes: FileUpdateChange[]): FileChangeItem => ({
    type: 'fileChange',
    id: at.callId,
    changes,
    status,
  });
  let plan: PatchPlan;
  try {
    plan = await planPatch(hunksOf(patch), at.cwd, ctx.files);
  } catch (error) {
    if (!(error instanceof PatchSyntaxError || error instanceof PatchMismatch)) throw error;
    // A patch that cannot be applied is shown too: people should see what was tried.
    const changes = claimedChanges(patch, at.cwd);
    ctx.startItem(item('inProgress', changes));
    return failure(`apply_patch verification failed: ${error.message}`, item('failed', changes));
  }
  ctx.startItem(item('inProgress', plan.changes));
  const refusal = await ctx.approvePatch(pathsOf(plan), null);
  if (refusal !== null) {
    const status = refusal.declined ? 'declined' : 'failed';
    return failure(rejection(refusal.reason), item(status, plan.changes));
  }
  if (ctx.signal.aborted)
    return failure('patch aborted by the user; nothing was changed', item('failed', plan.changes));
  const problem = await checkPlan(plan, ctx.files);
  if (problem !== null) return failure(rejection(problem), item('failed', plan.changes));
  const failed = await writePlan(plan, ctx.files);
  const seconds = ((ctx.now() - startedAt) / 1000).toFixed(1);
  const report = (code: number, text: string): string =>
    `Exit code: ${code}\nWall time: ${seconds} seconds\nOutput:\n${text}\n`;
  if (failed !== null) return failure(report(1, failed), item('failed', plan.changes));
  const output = report(0, `Success. Updated the following files:\n${plan.summary.join('\n')}`);
  return { output, success: true, item: item('completed', plan.changes) };
}

function hunksOf(patch: string): PatchHunk[] {
  const hunks = parsePatch(patch);
  if (hunks.length === 0) throw new PatchSyntaxError('the patch names no file. No files were modified.');
  return hunks;
}

function claimedChanges(patch: string, cwd: string): FileUpdateChange[] {
  const kinds = {
    Add: { type: 'add' },
    Delete: { type: 'delete' },
    Update: { type: 'update', move_path: null },
  } as const;
  const changes = new Map<string, FileUpdateChange>();
  for (const { verb, path } of mentionedPaths(patch)) {
    const absolute = resolve(cwd, path);
    changes.set(absolute, { path: absolute, kind: kinds[verb], diff: '' });
  }
  return [...changes.values()];
}
