// The `update_plan` tool: a list of steps that people can follow; one item a turn, updated with every call.
import type { FromSchema } from '../lib/json-schema.ts';
import type { TodoListItem } from '../protocol/item.ts';
import type { SessionTable, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool } from './define-tool.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    plan: {
      type: 'array',
      description: 'All steps, in order.',
      items: {
        type: 'object',
        properties: {
          step: { type: 'string', description: 'A few words.' },
          status: { type: 'string', enum: ['pending', 'in_progress', 'completed'] },
        },
        required: ['step', 'status'],
        additionalProperties: false,
      },
    },
    explanation: { type: 'string', description: 'Why the plan changed.' },
  },
  required: ['plan'],
  additionalProperties: false,
} as const;

const STATUS = { pending: 'pending', in_progress: 'inProgress', completed: 'completed' } as const;

export function updatePlanTool(): Tool {
  /** Turn whose item was started, by thread: a thread is known by its table of sessions. */
  const started = new WeakMap<SessionTable, string>();
  return defineTool({
    name: 'update_plan',
    description:
      'Shows the user your plan for work of several steps. Send the whole list each time; at most one step is in_progress. Not for simple tasks.',
    schema: SCHEMA,
    run: (args, ctx) => Promise.resolve(showPlan(args, ctx, started)),
  });
}

function showPlan(
  args: FromSchema<typeof SCHEMA>,
  ctx: ToolContext,
  started: WeakMap<SessionTable, string>,
): ToolOutcome {
  const item: TodoListItem = {
    type: 'todoList',
    id: `plan-${ctx.turnId}`,
    items: args.plan.map(({ step, status }) => ({ text: step, status: STATUS[status] })),
  };
  if (started.get(ctx.sessions) === ctx.turnId) ctx.updateItem(item);
  else {
    started.set(ctx.sessions, ctx.turnId);
    ctx.startItem(item);
  }
  const running = args.plan.filter(({ status }) => status === 'in_progress').length;
  const note = running > 1 ? '. Note: at most one step should be in_progress.' : '';
  return { output: `Plan updated${note}`, success: true };
}
