// Calls in the words of other agents, put into ours: a model keeps the habits it was trained with.
import { parseJson } from '../lib/json-syntax.ts';
import { ToolInputError } from '../protocol/error.ts';

/** A call of one of our tools. */
export interface UnderstoodCall {
  name: string;
  input: string;
}

type Fields = ReadonlyMap<string, unknown>;

/** Our tool and its arguments; a `problem` is what the model should read instead. */
type Reading = { name: string; args: Record<string, unknown> } | { problem: string };

const READERS: Readonly<Record<string, (fields: Fields) => Reading>> = {
  edit: readEdit,
  multiedit: () => ({ problem: 'there is no such tool: make one `edit` call for each change' }),
  write: readWrite,
  create_file: readWrite,
  write_file: readWrite,
  read: readRead,
  read_file: readRead,
  view: readRead,
  str_replace: readEdit,
  replace: readEdit,
  str_replace_editor: readEditor,
  str_replace_based_edit_tool: readEditor,
  bash: readBash,
  run_shell_command: readBash,
  'container.exec': readBash,
  update_todo: readTodos,
  todowrite: readTodos,
};

/** Names we understand beside our own; case does not count. */
export function isForeignName(name: string): boolean {
  return Object.hasOwn(READERS, name.toLowerCase());
}

/**
 * Translates a call. Null when the name means nothing to us. Throws a ToolInputError, in the words of the
 * called tool, when the name is known and the arguments are not.
 */
export function understandCall(name: string, input: string): UnderstoodCall | null {
  const key = name.toLowerCase();
  const reader = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
  if (reader === undefined) return null;
  const parsed = parseJson(input.trim() === '' ? '{}' : input);
  if (!parsed.ok) throw new ToolInputError(`failed to parse function arguments: ${parsed.message}`);
  if (typeof parsed.value !== 'object' || parsed.value === null)
    throw new ToolInputError('failed to parse function arguments: expected a JSON object');
  const reading = reader(new Map(Object.entries(parsed.value)));
  if ('problem' in reading) throw new ToolInputError(`${name} failed: ${reading.problem}`);
  return { name: reading.name, input: JSON.stringify(reading.args) };
}

function pick(fields: Fields, ...names: string[]): unknown {
  for (const name of names) if (fields.get(name) !== undefined) return fields.get(name);
  return undefined;
}

function pathOf(fields: Fields): unknown {
  return pick(fields, 'path', 'file_path', 'filePath', 'filename', 'file', 'target_file');
}

function readEdit(fields: Fields): Reading {
  const edits = fields.get('edits');
  if (Array.isArray(edits) && pick(fields, 'old_string', 'old_str', 'oldText') === undefined) {
    if (edits.length !== 1) return { problem: 'make one `edit` call for each change' };
    const [only] = edits as unknown[];
    const inner = typeof only === 'object' && only !== null ? Object.entries(only) : [];
    return readEdit(new Map([['path', pathOf(fields)], ...inner]));
  }
  return {
    name: 'edit',
    args: {
      path: pathOf(fields),
      old_string: pick(fields, 'old_string', 'old_str', 'oldString', 'old_text', 'oldText'),
      new_string: pick(fields, 'new_string', 'new_str', 'newString', 'new_text', 'newText'),
      replace_all: pick(fields, 'replace_all', 'replaceAll'),
    },
  };
}

function readWrite(fields: Fields): Reading {
  return {
    name: 'write',
    args: { path: pathOf(fields), content: pick(fields, 'content', 'contents', 'file_text', 'text') },
  };
}

function readRead(fields: Fields): Reading {
  const range = fields.get('view_range');
  if (Array.isArray(range)) {
    const [first, last] = (range as unknown[]).map(Number);
    const start = first !== undefined && first > 0 ? first : 1;
    const limit = last !== undefined && last >= start ? last - start + 1 : undefined;
    return { name: 'read', args: { path: pathOf(fields), offset: start, limit } };
  }
  return {
    name: 'read',
    args: { path: pathOf(fields), offset: pick(fields, 'offset', 'start_line'), limit: fields.get('limit') },
  };
}

/** The editor tool with a `command` field. */
function readEditor(fields: Fields): Reading {
  const command = fields.get('command');
  switch (command) {
    case 'view':
      return readRead(fields);
    case 'create':
      return readWrite(fields);
    case 'str_replace': {
      const edit = readEdit(fields);
      // Leaving out the new text means to delete the old one.
      if ('args' in edit) edit.args['new_string'] ??= '';
      return edit;
    }
    default:
      return {
        problem: `the command ${JSON.stringify(command) ?? 'is missing, it'} is not supported here; use view, create or str_replace`,
      };
  }
}

function readBash(fields: Fields): Reading {
  return {
    name: Array.isArray(fields.get('command')) ? 'shell' : 'shell_command',
    args: {
      command: pick(fields, 'command', 'cmd'),
      workdir: pick(fields, 'workdir', 'cwd', 'directory', 'dir_path'),
      timeout_ms: pick(fields, 'timeout_ms', 'timeout') ?? 120_000,
      login: fields.get('login'),
    },
  };
}

function readTodos(fields: Fields): Reading {
  const todos = fields.get('todos');
  const plan = Array.isArray(todos)
    ? (todos as unknown[]).map((todo) => {
        const entry = new Map(Object.entries(typeof todo === 'object' && todo !== null ? todo : {}));
        return { step: pick(entry, 'content', 'step', 'text'), status: entry.get('status') };
      })
    : fields.get('plan');
  return { name: 'update_plan', args: { plan } };
}
