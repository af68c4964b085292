// Which built-in tools a model is offered, and which calls are understood beyond those.
import type { EditFormat } from '../protocol/model.ts';
import type { Tool } from '../protocol/tool.ts';
import { editTool } from './edit.ts';
import { execCommandTool } from './exec-command.ts';
import { isForeignName, understandCall } from './foreign-calls.ts';
import { applyPatchTool } from './patch/apply-patch.ts';
import { readTool } from './read.ts';
import { requestUserInputTool } from './request-user-input.ts';
import { shellCommandTool } from './shell-command.ts';
import { updatePlanTool } from './update-plan.ts';
import { viewImageTool } from './view-image.ts';
import { writeStdinTool } from './write-stdin.ts';
import { writeTool } from './write.ts';

export interface BuiltinOptions {
  editFormat: EditFormat;
  viewImage: boolean;
  requestUserInput: boolean;
}

/** The tools to offer, always in the same order. Make them once a thread: `update_plan` remembers its turn. */
export function builtinTools(options: BuiltinOptions): Tool[] {
  return [
    execCommandTool(),
    writeStdinTool(),
    ...editingTools(options.editFormat),
    updatePlanTool(),
    ...(options.viewImage ? [viewImageTool()] : []),
    ...(options.requestUserInput ? [requestUserInputTool()] : []),
  ];
}

function editingTools(format: EditFormat): Tool[] {
  switch (format) {
    case 'apply_patch_freeform':
      return [applyPatchTool('freeform')];
    case 'apply_patch_function':
      return [applyPatchTool('function')];
    case 'str_replace':
      return [readTool(), editTool(), writeTool()];
  }
}

/** Tools that a model may call though they were not offered: other ways to edit and to run commands. */
const UNOFFERED: Readonly<Record<string, () => Tool>> = {
  exec_command: execCommandTool,
  apply_patch: () => applyPatchTool('function'),
  applypatch: () => applyPatchTool('function'),
  edit: editTool,
  write: writeTool,
  read: readTool,
  shell_command: () => shellCommandTool('shell_command'),
  shell: () => shellCommandTool('shell'),
};

/**
 * The tool that answers calls of `name`: an offered one, one of ours under another model's habits (its `prepare`
 * then translates the arguments), or null when the name means nothing.
 */
export function resolveTool(name: string, offered: readonly Tool[]): Tool | null {
  const bare = name.replace(/^functions[./]/, '');
  const found = offered.find((tool) => tool.name === bare);
  const own = found ?? (Object.hasOwn(UNOFFERED, bare) ? UNOFFERED[bare]?.() : undefined) ?? null;
  if (!isForeignName(bare)) return own;
  return translating(bare, own, offered);
}

/** Some names (`edit`, `read`) are ours and others' alike: the arguments decide. */
function translating(name: string, own: Tool | null, offered: readonly Tool[]): Tool {
  const base = own ?? shellCommandTool('shell');
  return {
    ...base,
    name,
    parallel: own?.parallel ?? false,
    prepare(input, at) {
      const call = understandCall(name, input);
      const target =
        call === null ? own : (offered.find((tool) => tool.name === call.name) ?? ownTool(call.name));
      return (target ?? base).prepare(call?.input ?? input, at);
    },
  };
}

function ownTool(name: string): Tool | null {
  if (name === 'update_plan') return updatePlanTool();
  return Object.hasOwn(UNOFFERED, name) ? (UNOFFERED[name]?.() ?? null) : null;
}
