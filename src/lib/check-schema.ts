// Checks a JSON value against the part of JSON Schema that structured outputs use; says what is wrong first.
// Source: JSON Schema draft 2020-12; OpenAI "Structured outputs", supported schemas.

type Schema = Readonly<Record<string, unknown>>;

/** null when the value fits; else one sentence with the JSON pointer of the first place that does not. */
export function findMismatch(schema: Schema, value: unknown): string | null {
  return check(schema, value, { root: schema, path: '' });
}

interface Place {
  root: Schema;
  /** JSON pointer. */
  path: string;
}

function check(schema: unknown, value: unknown, place: Place): string | null {
  if (schema === false) return `${at(place)} must not be there`;
  if (typeof schema !== 'object' || schema === null) return null;
  const rules = schema as Schema;
  const { $ref: ref } = rules;
  if (typeof ref === 'string') {
    const target = resolveRef(ref, place.root);
    return target === undefined ? `the schema has no ${ref}` : check(target, value, place);
  }
  return (
    checkType(rules['type'], value, place) ??
    checkValues(rules, value, place) ??
    checkObject(rules, value, place) ??
    checkArray(rules, value, place) ??
    checkCombined(rules, value, place)
  );
}

function at({ path }: Place): string {
  return path === '' ? 'the answer' : path;
}

function below(place: Place, key: string | number): Place {
  return {
    root: place.root,
    path: `${place.path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
  };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function checkType(type: unknown, value: unknown, place: Place): string | null {
  if (type === undefined) return null;
  const allowed = (Array.isArray(type) ? type : [type]) as string[];
  const actual = typeOf(value);
  const fits = allowed.some((name) => name === actual || (name === 'integer' && Number.isInteger(value)));
  return fits ? null : `${at(place)} must be ${allowed.join(' or ')}, not ${actual}`;
}

function checkValues(rules: Schema, value: unknown, place: Place): string | null {
  const { enum: values, minimum, maximum, minLength, maxLength, pattern } = rules;
  const isSame = (other: unknown): boolean => JSON.stringify(other) === JSON.stringify(value);
  if (Array.isArray(values) && !values.some(isSame))
    return `${at(place)} must be one of ${JSON.stringify(values)}`;
  if ('const' in rules && !isSame(rules['const']))
    return `${at(place)} must be ${JSON.stringify(rules['const'])}`;
  if (typeof value === 'number') {
    if (typeof minimum === 'number' && value < minimum) return `${at(place)} must be at least ${minimum}`;
    if (typeof maximum === 'number' && value > maximum) return `${at(place)} must be at most ${maximum}`;
  }
  if (typeof value === 'string') {
    if (typeof minLength === 'number' && value.length < minLength) return `${at(place)} is too short`;
    if (typeof maxLength === 'number' && value.length > maxLength) return `${at(place)} is too long`;
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value))
      return `${at(place)} does not match ${pattern}`;
  }
  return null;
}

function checkObject(rules: Schema, value: unknown, place: Place): string | null {
  if (typeOf(value) !== 'object') return null;
  const object = value as Record<string, unknown>;
  const properties = (rules['properties'] ?? {}) as Record<string, unknown>;
  for (const name of (rules['required'] ?? []) as string[]) {
    if (!Object.hasOwn(object, name)) return `${at(place)} lacks the member "${name}"`;
  }
  for (const [name, member] of Object.entries(object)) {
    const rule = Object.hasOwn(properties, name) ? properties[name] : rules['additionalProperties'];
    const problem = check(rule, member, below(place, name));
    if (problem) return problem;
  }
  return null;
}

function checkArray(rules: Schema, value: unknown, place: Place): string | null {
  if (!Array.isArray(value)) return null;
  const { minItems, maxItems, items } = rules;
  if (typeof minItems === 'number' && value.length < minItems) return `${at(place)} has too few elements`;
  if (typeof maxItems === 'number' && value.length > maxItems) return `${at(place)} has too many elements`;
  for (const [index, element] of value.entries()) {
    const problem = check(items, element, below(place, index));
    if (problem) return problem;
  }
  return null;
}

function checkCombined(rules: Schema, value: unknown, place: Place): string | null {
  for (const part of (rules['allOf'] ?? []) as unknown[]) {
    const problem = check(part, value, place);
    if (problem) return problem;
  }
  const choices = (rules['anyOf'] ?? rules['oneOf']) as unknown[] | undefined;
  if (!choices) return null;
  const problems = choices.map((choice) => check(choice, value, place));
  return problems.includes(null)
    ? null
    : `${at(place)} fits none of the allowed forms (${problems[0] ?? 'there are none'})`;
}

function resolveRef(ref: string, root: Schema): unknown {
  if (!ref.startsWith('#')) return undefined;
  let node: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  return node;
}
