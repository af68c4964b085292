// Which built-in tools a model is offered, and which calls are understood beyond those.
import { ToolInputError } from '../protocol/error.ts';
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

/** What a set of tools is for: a call in other words is understood only where its kind was offered. */
type Kind = 'run' | 'edit' | 'read' | 'plan';

const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  exec_command: ['run', 'read'],
  apply_patch: ['edit'],
  edit: ['edit'],
  write: ['edit'],
  read: ['read'],
  update_plan: ['plan'],
};

/** Tools that a model may call though they were not offered: other ways to edit, to read and to run commands. */
const UNOFFERED: Readonly<Record<string, { kind: Kind; make: () => Tool }>> = {
  exec_command: { kind: 'run', make: execCommandTool },
  shell_command: { kind: 'run', make: () => shellCommandTool('shell_command') },
  shell: { kind: 'run', make: () => shellCommandTool('shell') },
  apply_patch: { kind: 'edit', make: () => applyPatchTool('function') },
  applypatch: { kind: 'edit', make: () => applyPatchTool('function') },
  edit: { kind: 'edit', make: editTool },
  write: { kind: 'edit', make: writeTool },
  read: { kind: 'read', make: readTool },
};

/**
 * The tool that answers calls of `name`: an offered one, one of ours under another model's habits (its `prepare`
 * then translates the arguments), or null when the name means nothing here.
 */
export function resolveTool(name: string, offered: readonly Tool[]): Tool | null {
  const bare = name.replace(/^functions[./]/, '');
  const own = ownTool(bare, offered);
  if (!isForeignName(bare)) return own;
  const kinds = new Set(offered.flatMap((tool) => KINDS[tool.name] ?? []));
  return kinds.size === 0 ? null : translating(bare, own, offered);
}

function ownTool(name: string, offered: readonly Tool[]): Tool | null {
  const found = offered.find((tool) => tool.name === name);
  if (found !== undefined) return found;
  const other = Object.hasOwn(UNOFFERED, name) ? UNOFFERED[name] : undefined;
  if (other === undefined) return null;
  return offered.some((tool) => KINDS[tool.name]?.includes(other.kind) === true) ? other.make() : null;
}

/** Some names (`edit`, `read`) are ours and others' alike: the arguments decide what is called. */
function translating(name: string, own: Tool | null, offered: readonly Tool[]): Tool {
  return {
    name,
    description: own?.description ?? '',
    input: own?.input ?? { type: 'json', schema: { type: 'object' } },
    parallel: own?.parallel ?? false,
    prepare(input, at) {
      const call = understandCall(name, input);
      const target = call === null ? own : ownTool(call.name, offered);
      if (target === null) throw new ToolInputError(`unsupported call: ${name}`);
      return target.prepare(call?.input ?? input, at);
    },
  };
}
