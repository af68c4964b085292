// Builds a Tool from a description, a schema or grammar, and a typed run function: argument types stay inside.
import { checkJson, type FromSchema, type ObjectSchema } from '../lib/json-schema.ts';
import { parseJson } from '../lib/json-syntax.ts';
import { ToolInputError } from '../protocol/error.ts';
import type { Item } from '../protocol/item.ts';
import type { CallSite, PreparedCall, Tool, ToolContext, ToolOutcome } from '../protocol/tool.ts';

export interface JsonToolDefinition<S extends ObjectSchema> {
  name: string;
  description: string;
  schema: S;
  parallel?: boolean;
  /** What people see before the call runs; nothing when left out. May throw a ToolInputError. */
  present?(args: FromSchema<S>, at: CallSite): Item | null;
  /** Runs another tool in place of this one, when the arguments ask for that. */
  redirect?(args: FromSchema<S>, at: CallSite): PreparedCall | null;
  run(args: FromSchema<S>, ctx: ToolContext, at: CallSite): Promise<ToolOutcome>;
}

/** A tool that takes a JSON object. Arguments that do not fit the schema become a ToolInputError. */
export function defineTool<S extends ObjectSchema>(definition: JsonToolDefinition<S>): Tool {
  const { name, description, schema, parallel } = definition;
  return {
    name,
    description,
    input: { type: 'json', schema },
    ...(parallel === undefined ? {} : { parallel }),
    prepare(input, at) {
      const args = readArguments(schema, input);
      const redirected = definition.redirect?.(args, at) ?? null;
      if (redirected !== null) return redirected;
      return {
        item: definition.present?.(args, at) ?? null,
        run: (ctx) => definition.run(args, ctx, at),
      };
    },
  };
}

export interface FreeformToolDefinition {
  name: string;
  description: string;
  /** A Lark grammar that constrains what the model can write. */
  grammar: string;
  prepare: (input: string, at: CallSite) => PreparedCall;
}

/** A tool that takes the model's text as it is. */
export function defineFreeformTool(definition: FreeformToolDefinition): Tool {
  const { name, description, grammar, prepare } = definition;
  return { name, description, input: { type: 'freeform', syntax: 'lark', definition: grammar }, prepare };
}

/** Parses and checks the arguments of a call. No text at all counts as `{}`. */
export function readArguments<S extends ObjectSchema>(schema: S, input: string): FromSchema<S> {
  const parsed = parseJson(input.trim() === '' ? '{}' : input);
  if (!parsed.ok) throw new ToolInputError(`failed to parse function arguments: ${parsed.message}`);
  const checked = checkJson(schema, parsed.value);
  if (!checked.ok)
    throw new ToolInputError(`failed to parse function arguments: ${checked.problems.join('; ')}`);
  return checked.value;
}

export function failure(output: string, item?: Item): ToolOutcome {
  return { output, success: false, ...(item === undefined ? {} : { item }) };
}

/** Policy's own sentences may already begin like this. */
export function rejection(reason: string): string {
  return reason.startsWith('patch rejected') ? reason : `patch rejected: ${reason}`;
}
