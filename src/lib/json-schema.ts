// A small part of JSON Schema: describes tool arguments once, for the model, the type checker and the validation.

interface Described {
  readonly description?: string;
}

export interface StringSchema extends Described {
  readonly type: 'string';
  readonly enum?: readonly string[];
  readonly minLength?: number;
}

export interface NumberSchema extends Described {
  readonly type: 'number' | 'integer';
  readonly minimum?: number;
}

export interface BooleanSchema extends Described {
  readonly type: 'boolean';
}

export interface ArraySchema extends Described {
  readonly type: 'array';
  readonly items: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface ObjectSchema extends Described {
  readonly type: 'object';
  readonly properties: { readonly [name: string]: SchemaNode };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly [key: string]: unknown;
}

export type SchemaNode = StringSchema | NumberSchema | BooleanSchema | ArraySchema | ObjectSchema;

/** The type of the values that a schema (written `as const`) lets through. */
export type FromSchema<S> = S extends { type: 'string'; enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'string' }
    ? string
    : S extends { type: 'number' | 'integer' }
      ? number
      : S extends { type: 'boolean' }
        ? boolean
        : S extends { type: 'array'; items: infer I }
          ? FromSchema<I>[]
          : S extends { type: 'object'; properties: infer P }
            ? Flatten<
                { [K in RequiredKeys<S, P>]: FromSchema<P[K]> } & {
                  [K in Exclude<keyof P, RequiredKeys<S, P>>]?: FromSchema<P[K]>;
                }
              >
            : never;

type Flatten<T> = { [K in keyof T]: T[K] };

type RequiredKeys<S, P> = S extends { required: readonly (infer R)[] } ? Extract<keyof P, R> : never;

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/**
 * Checks a parsed JSON value. Unknown fields are dropped; `null` counts as left out for optional fields;
 * numbers, booleans and lists written as strings are read as what they stand for, because models mix them up.
 * Each problem names the field and what was expected there.
 */
export function checkJson<S extends SchemaNode>(schema: S, value: unknown): Checked<FromSchema<S>> {
  const problems: string[] = [];
  const checked = check(schema, value, '', problems);
  return problems.length === 0 ? { ok: true, value: checked as FromSchema<S> } : { ok: false, problems };
}

function check(schema: SchemaNode, value: unknown, path: string, problems: string[]): unknown {
  switch (schema.type) {
    case 'string':
      return checkString(schema, value, path, problems);
    case 'integer':
    case 'number':
      return checkNumber(schema, value, path, problems);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      return mismatch(schema, value, path, problems);
    case 'array':
      return checkArray(schema, value, path, problems);
    case 'object':
      return checkObject(schema, value, path, problems);
  }
}

function checkString(schema: StringSchema, value: unknown, path: string, problems: string[]): unknown {
  if (typeof value !== 'string') return mismatch(schema, value, path, problems);
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return mismatch(schema, value, path, problems);
  if (value.length < (schema.minLength ?? 0)) problems.push(`${fieldName(path)} must not be empty`);
  return value;
}

function checkNumber(schema: NumberSchema, value: unknown, path: string, problems: string[]): unknown {
  const isNumeral = typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value);
  const number = isNumeral ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return mismatch(schema, value, path, problems);
  if (schema.type === 'integer' && !Number.isInteger(number)) return mismatch(schema, value, path, problems);
  if (schema.minimum !== undefined && number < schema.minimum)
    problems.push(`${fieldName(path)} must be at least ${schema.minimum}, got ${number}`);
  return number;
}

function checkArray(schema: ArraySchema, value: unknown, path: string, problems: string[]): unknown {
  const list = typeof value === 'string' ? listInString(value) : value;
  if (!Array.isArray(list)) return mismatch(schema, value, path, problems);
  const { minItems = 0, maxItems = Infinity } = schema;
  if (list.length < minItems || list.length > maxItems) {
    const bounds = maxItems === Infinity ? `at least ${minItems}` : `${minItems} to ${maxItems}`;
    problems.push(`${fieldName(path)} must have ${bounds} entries, got ${list.length}`);
  }
  return list.map((entry, index) => check(schema.items, entry, `${path}[${index}]`, problems));
}

function listInString(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function checkObject(schema: ObjectSchema, value: unknown, path: string, problems: string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return mismatch(schema, value, path, problems);
  const given = new Map(Object.entries(value));
  const result: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(schema.properties)) {
    const childPath = path === '' ? name : `${path}.${name}`;
    const entry = given.get(name);
    if (entry === undefined || (entry === null && !schema.required?.includes(name))) {
      if (schema.required?.includes(name))
        problems.push(`missing field ${fieldName(childPath)} (expected ${expectation(child)})`);
      continue;
    }
    result[name] = check(child, entry, childPath, problems);
  }
  return result;
}

function mismatch(schema: SchemaNode, value: unknown, path: string, problems: string[]): undefined {
  problems.push(`${fieldName(path)} must be ${expectation(schema)}, got ${summary(value)}`);
  return undefined;
}

function fieldName(path: string): string {
  return path === '' ? 'the arguments' : `\`${path}\``;
}

function expectation(schema: SchemaNode): string {
  switch (schema.type) {
    case 'string':
      return schema.enum === undefined ? 'a string' : `one of ${schema.enum.map((v) => `"${v}"`).join(', ')}`;
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list, each entry ${expectation(schema.items)}`;
    case 'object': {
      const names = Object.keys(schema.properties).map((name) =>
        schema.required?.includes(name) ? name : `${name}?`,
      );
      return `an object {${names.join(', ')}}`;
    }
  }
}

function summary(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
