// The `request_user_input` tool: asks the user short questions with ready-made answers.
import type { FromSchema } from '../lib/json-schema.ts';
import type { Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';
import { defineTool } from './define-tool.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    questions: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: {
        type: 'object',
        properties: {
          id: { type: 'string', minLength: 1, description: 'Name of the answer, in snake_case.' },
          header: { type: 'string', description: 'Title of at most 12 characters.' },
          question: { type: 'string', minLength: 1, description: 'One sentence.' },
          options: {
            type: 'array',
            description: 'Two or three answers to choose from, the recommended one first.',
            items: {
              type: 'object',
              properties: {
                label: { type: 'string', minLength: 1, description: 'One to five words.' },
                description: { type: 'string', description: 'What choosing it means.' },
              },
              required: ['label', 'description'],
              additionalProperties: false,
            },
          },
        },
        required: ['id', 'header', 'question', 'options'],
        additionalProperties: false,
      },
    },
  },
  required: ['questions'],
  additionalProperties: false,
} as const;

const NOBODY =
  'Nobody is there to answer. Go on with the assumption that fits the request best, and name it in your final message.';

export function requestUserInputTool(): Tool {
  return defineTool({
    name: 'request_user_input',
    description:
      'Asks the user up to three short questions and waits. Only for decisions that you cannot make from the request or the code.',
    schema: SCHEMA,
    run: runRequest,
  });
}

async function runRequest(args: FromSchema<typeof SCHEMA>, ctx: ToolContext): Promise<ToolOutcome> {
  const given = await ctx.ask(args.questions);
  if (given === null) return { output: NOBODY, success: false };
  const answers = Object.fromEntries(Object.entries(given).map(([id, list]) => [id, { answers: list }]));
  return { output: JSON.stringify({ answers }), success: true };
}
