// update_plan, view_image, request_user_input, and which tools are offered and understood.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EditFormat } from '../../src/protocol/model.ts';
import { understandCall } from '../../src/tools/foreign-calls.ts';
import { builtinTools, resolveTool } from '../../src/tools/index.ts';
import { requestUserInputTool } from '../../src/tools/request-user-input.ts';
import { updatePlanTool } from '../../src/tools/update-plan.ts';
import { viewImageTool } from '../../src/tools/view-image.ts';
import { FakeThread } from './fake-context.ts';

let thread: FakeThread;

beforeEach(() => {
  thread = new FakeThread();
});
afterEach(() => thread.dispose());

describe('update_plan', () => {
  test('starts one item a turn and updates it afterwards', async () => {
    const tool = updatePlanTool();
    const plan = (status: string): object => ({ plan: [{ step: 'a', status }] });
    expect((await thread.call(tool, plan('in_progress'))).text).toBe('Plan updated');
    await thread.call(tool, plan('completed'));
    thread.newTurn('turn-2');
    await thread.call(tool, plan('pending'));
    expect(thread.emitted).toEqual([
      {
        type: 'started',
        item: { type: 'todoList', id: 'plan-turn-1', items: [{ text: 'a', status: 'inProgress' }] },
      },
      {
        type: 'updated',
        item: { type: 'todoList', id: 'plan-turn-1', items: [{ text: 'a', status: 'completed' }] },
      },
      {
        type: 'started',
        item: { type: 'todoList', id: 'plan-turn-2', items: [{ text: 'a', status: 'pending' }] },
      },
    ]);
  });

  test('two threads do not share their state', async () => {
    const tool = updatePlanTool();
    const other = new FakeThread();
    await thread.call(tool, { plan: [] });
    await other.call(tool, { plan: [] });
    expect(other.items('started')).toHaveLength(1);
    await other.dispose();
  });

  test('names a wrong status', async () => {
    const { text } = await thread.call(updatePlanTool(), { plan: [{ step: 'a', status: 'done' }] });
    expect(text).toContain(
      '`plan[0].status` must be one of "pending", "in_progress", "completed", got "done"',
    );
  });
});

describe('view_image', () => {
  const png = Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), Buffer.from('rest')]);

  test.each([
    ['image/png', png],
    ['image/jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
    ['image/gif', Buffer.from('GIF89a')],
    ['image/webp', Buffer.from('RIFF1234WEBPVP8 ')],
  ])('recognises %s by its bytes', async (type, bytes) => {
    thread.put({ 'x.bin': bytes });
    expect(await thread.call(viewImageTool(), { path: 'x.bin' })).toMatchObject({
      success: true,
      output: [{ type: 'input_image', image_url: `data:${type};base64,${bytes.toString('base64')}` }],
      item: { type: 'imageView', path: join(thread.cwd, 'x.bin') },
    });
    expect(thread.items('started')).toEqual(thread.items('completed'));
  });

  test('explains what it cannot show', async () => {
    thread.put({ 'a.png': 'no image' });
    const tool = viewImageTool();
    expect((await thread.call(tool, { path: 'a.png' })).text).toContain('is no PNG, JPEG, GIF or WebP');
    expect((await thread.call(tool, { path: 'none' })).text).toContain('No such file');
    expect((await thread.call(tool, { path: '.' })).text).toContain('is not a file');
    thread.put({ big: new Uint8Array(20 * 1024 * 1024 + 1) });
    expect((await thread.call(tool, { path: 'big' })).text).toContain('limit of 20 MiB');
    const blind = new FakeThread({ inputImages: false });
    expect((await blind.call(tool, { path: 'a.png' })).text).toContain('this model takes no images');
    await blind.dispose();
  });
});

describe('request_user_input', () => {
  const question = { id: 'q', header: 'H', question: 'Which?', options: [{ label: 'a', description: 'A' }] };

  test('gives the answers in Codex’s shape', async () => {
    const asked: unknown[] = [];
    const answering = new FakeThread({
      ask: (questions) => {
        asked.push(...questions);
        return Promise.resolve({ q: ['a'] });
      },
    });
    const { text } = await answering.call(requestUserInputTool(), { questions: [question] });
    expect(JSON.parse(text)).toEqual({ answers: { q: { answers: ['a'] } } });
    expect(asked).toEqual([question]);
    await answering.dispose();
  });

  test('says so when nobody is there', async () => {
    const { text, success } = await thread.call(requestUserInputTool(), { questions: [question] });
    expect(success).toBe(false);
    expect(text).toContain('Nobody is there to answer');
  });
});

const formats: EditFormat[] = ['apply_patch_freeform', 'apply_patch_function', 'str_replace'];

describe('the tools on offer', () => {
  const all = { viewImage: true, requestUserInput: true };

  test.each(formats)('cost little and come in one order: %s', (editFormat) => {
    const tools = builtinTools({ editFormat, ...all });
    const specs = tools.map(({ name, description, input }) => ({ name, description, input }));
    expect(JSON.stringify(specs).length).toBeLessThan(20_000);
    expect(specs).toEqual(
      builtinTools({ editFormat, ...all }).map(({ name, description, input }) => ({
        name,
        description,
        input,
      })),
    );
    const editing = editFormat === 'str_replace' ? ['read', 'edit', 'write'] : ['apply_patch'];
    expect(tools.map((tool) => tool.name)).toEqual([
      'exec_command',
      'write_stdin',
      ...editing,
      'update_plan',
      'view_image',
      'request_user_input',
    ]);
  });

  test('leave out what the session cannot do', () => {
    const tools = builtinTools({
      editFormat: 'apply_patch_freeform',
      viewImage: false,
      requestUserInput: false,
    });
    expect(tools.map((tool) => tool.name)).toEqual([
      'exec_command',
      'write_stdin',
      'apply_patch',
      'update_plan',
    ]);
    expect(resolveTool('view_image', tools)).toBeNull();
    expect(resolveTool('request_user_input', tools)).toBeNull();
    expect(resolveTool('toString', tools)).toBeNull();
    expect(resolveTool('rm', tools)).toBeNull();
  });
});

describe('calls in the words of other agents', () => {
  test.each(formats)('change files when the model is offered %s', async (editFormat) => {
    const offered = builtinTools({ editFormat, viewImage: true, requestUserInput: true });
    const call = async (name: string, input: string | object): Promise<string> => {
      const tool = resolveTool(name, offered);
      if (tool === null) throw new Error(`${name} is not understood`);
      return (await thread.call(tool, input)).text;
    };
    const patch = '*** Begin Patch\n*** Add File: p\n+1\n*** End Patch\n';
    expect(await call('apply_patch', patch)).toContain('A p');
    expect(await call('apply_patch', { input: patch })).toContain('A p');
    expect(await call('functions.apply_patch', { patch })).toContain('A p');
    await call('Write', { file_path: join(thread.cwd, 'f'), content: 'a\nb\nc\n' });
    expect(thread.text('f')).toBe('a\nb\nc\n');
    await call('Edit', { file_path: 'f', old_string: 'a', new_string: 'A' });
    await call('edit', { path: 'f', old_string: 'b', new_string: 'B' });
    await call('str_replace_based_edit_tool', { command: 'str_replace', path: 'f', old_str: 'c\n' });
    expect(thread.text('f')).toBe('A\nB\n');
    await call('str_replace_editor', { command: 'create', path: 'g', file_text: 'g\n' });
    expect(await call('str_replace_editor', { command: 'view', path: 'f', view_range: [2, -1] })).toBe(
      '     2\tB',
    );
    expect(await call('Read', { file_path: 'g' })).toBe('     1\tg');
    expect(await call('str_replace_editor', { command: 'undo_edit', path: 'f' })).toBe(
      'str_replace_editor failed: the command "undo_edit" is not supported here; use view, create or str_replace',
    );
    expect(await call('Edit', { file_path: 'f' })).toContain(
      'missing field `old_string` (expected a string)',
    );
    expect(await call('Edit', '{"file_path": ')).toContain('line 1 column 15');
    expect(await call('bash', { command: 'echo hi' })).toMatch(/^Exit code: 0\n[^]*hi\n$/);
    expect(await call('shell', { command: ['echo', 'hi'] })).toMatch(/^Exit code: 0\n/);
    expect(await call('TodoWrite', { todos: [{ content: 'x', status: 'pending' }] })).toBe('Plan updated');
  });

  test('are understood only where tools of that kind were offered', async () => {
    const all = builtinTools({ editFormat: 'apply_patch_freeform', viewImage: true, requestUserInput: true });
    const only = (name: string): typeof all => all.filter((tool) => tool.name === name);
    expect(resolveTool('apply_patch', only('exec_command'))).toBeNull();
    expect(resolveTool('shell', only('apply_patch'))).toBeNull();
    expect(resolveTool('shell', only('exec_command'))).not.toBeNull();
    expect(resolveTool('edit', only('view_image'))).toBeNull();
    const write = resolveTool('Write', only('exec_command'));
    if (write === null) throw new Error('the name is known');
    expect((await thread.call(write, { path: 'f', content: '' })).text).toBe('unsupported call: Write');
    expect(thread.emitted).toEqual([]);
  });

  test('are translated only when the name is known', () => {
    expect(understandCall('frobnicate', '{}')).toBeNull();
    expect(understandCall('constructor', '{}')).toBeNull();
    expect(understandCall('edit', '{"path":"f","edits":[{"oldText":"a","newText":"b"}]}')).toEqual({
      name: 'edit',
      input: '{"path":"f","old_string":"a","new_string":"b"}',
    });
  });
});
