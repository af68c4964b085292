// Checks a layer against the table of keys: wrong types and values are errors with their place, unknown keys warnings.
import { isAbsolute, join, resolve } from 'node:path';
import { nearestWord } from '../lib/nearest-word.ts';
import { UsageError } from '../protocol/error.ts';
import type { KeySpec, ValueKind } from './key-spec.ts';
import { KEY_TREE, NOT_IN_PROFILES, USER_ONLY, type KeyNode } from './keys.ts';
import { whereIs, type Layer } from './layers.ts';
import { dotted, emptyTable, isTable, type Table } from './table.ts';

export const APPROVAL_POLICIES = ['untrusted', 'on-failure', 'on-request', 'never'] as const;

const GRANULAR_REQUIRED = ['sandbox_approval', 'rules', 'mcp_elicitations'] as const;
const GRANULAR_OPTIONAL = ['request_permissions', 'skill_approval'] as const;

export interface ValidateOptions {
  /** Unknown keys are errors. */
  strict: boolean;
  /** What `~` stands for. */
  homedir: string;
}

interface Walk extends ValidateOptions {
  layer: Layer;
  errors: string[];
  warnings: string[];
}

/** A value that does not fit; `got` is safe to show. */
interface Mismatch {
  expected: string;
  got: string;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (isTable(value)) return 'a table';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return `the boolean ${value}`;
  if (typeof value === 'number') return `the number ${value}`;
  return `a ${typeof value}`;
}

function expectation(kind: ValueKind): string {
  switch (kind.type) {
    case 'enum':
      return `one of ${kind.values.map((value) => `"${value}"`).join(', ')}`;
    case 'approval':
      return `one of ${APPROVAL_POLICIES.map((value) => `"${value}"`).join(', ')}, or a table "granular"`;
    case 'integer':
      return `a whole number${kind.min === undefined ? '' : ` of at least ${kind.min}`}`;
    case 'number':
      return `a number${kind.min === undefined ? '' : ` of at least ${kind.min}`}`;
    case 'boolean':
      return 'true or false';
    case 'strings':
    case 'paths':
      return 'an array of strings';
    case 'string-map':
      return 'a table of strings';
    case 'table':
      return 'a table';
    case 'path':
      return 'a path (a string)';
    case 'string':
      return 'a string';
    case 'any':
      return 'any value';
  }
}

function isGranular(value: unknown): boolean {
  if (!isTable(value) || !isTable(value['granular'])) return false;
  const granular = value['granular'];
  return (
    GRANULAR_REQUIRED.every((key) => typeof granular[key] === 'boolean') &&
    GRANULAR_OPTIONAL.every((key) => ['boolean', 'undefined'].includes(typeof granular[key]))
  );
}

function fits(kind: ValueKind, value: unknown): boolean {
  switch (kind.type) {
    case 'enum':
      return typeof value === 'string' && kind.values.includes(value);
    case 'approval':
      return APPROVAL_POLICIES.some((policy) => policy === value) || isGranular(value);
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= (kind.min ?? -Infinity);
    case 'number':
      return typeof value === 'number' && value >= (kind.min ?? -Infinity);
    case 'boolean':
      return typeof value === 'boolean';
    case 'strings':
    case 'paths':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'string-map':
      return isTable(value) && Object.values(value).every((one) => typeof one === 'string');
    case 'table':
      return isTable(value);
    case 'path':
    case 'string':
      return typeof value === 'string';
    case 'any':
      return true;
  }
}

function check(kind: ValueKind, value: unknown): Mismatch | null {
  if (fits(kind, value)) return null;
  const isWord = (kind.type === 'enum' || kind.type === 'approval') && typeof value === 'string';
  // Only words of a closed list are quoted: any other string may be a secret in the wrong place.
  return { expected: expectation(kind), got: isWord ? JSON.stringify(value.slice(0, 80)) : typeName(value) };
}

function absolute(walk: Walk, path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(walk.homedir, path.slice(1));
  return isAbsolute(path) ? resolve(path) : resolve(walk.layer.folder, path);
}

function normalise(walk: Walk, kind: ValueKind, value: unknown): unknown {
  if (kind.type === 'path') return absolute(walk, value as string);
  if (kind.type === 'paths') return (value as string[]).map((path) => absolute(walk, path));
  return value;
}

function report(walk: Walk, spec: KeySpec | null, path: readonly string[], mismatch: Mismatch): void {
  const where = whereIs(walk.layer, path);
  const what = `${where}: \`${dotted(path)}\` must be ${mismatch.expected}, but is ${mismatch.got}.`;
  if (spec?.unused) walk.warnings.push(`${what} It has no effect in this version and is left out.`);
  else walk.errors.push(what);
}

function reportUnknown(walk: Walk, node: KeyNode, path: readonly string[]): void {
  const guess = nearestWord(path.at(-1) as string, node.children.keys());
  const hint = guess ? ` Did you mean \`${dotted([...path.slice(0, -1), guess])}\`?` : '';
  const what = `${whereIs(walk.layer, path)}: unknown key \`${dotted(path)}\`.${hint}`;
  if (walk.strict) walk.errors.push(what);
  else walk.warnings.push(`${what} It is ignored.`);
}

/** Newer configs write `[features.x] enabled = true`. */
function flattenFeature(path: readonly string[], value: unknown): unknown {
  const isFeature = path.at(-2) === 'features';
  return isFeature && isTable(value) && typeof value['enabled'] === 'boolean' ? value['enabled'] : value;
}

function cleanTable(walk: Walk, node: KeyNode, table: Table, above: readonly string[]): Table {
  const clean = emptyTable();
  for (const key of Object.keys(table)) {
    const path = [...above, key];
    const child = node.children.get(key) ?? node.wildcard;
    const value = flattenFeature(path, table[key]);
    if (!child) {
      reportUnknown(walk, node, path);
      continue;
    }
    const { spec } = child;
    if (spec) {
      const mismatch = check(spec.kind, value);
      if (mismatch) report(walk, spec, path, mismatch);
      else clean[key] = normalise(walk, spec.kind, value);
    } else if (isTable(value)) clean[key] = cleanTable(walk, child, value, path);
    else report(walk, null, path, { expected: 'a table', got: typeName(value) });
  }
  return clean;
}

/** What a layer of this kind may not say is taken out before anything else looks at it. */
function dropForbidden(layer: Layer, warnings: string[]): Table {
  const forbidden =
    layer.kind === 'project' ? USER_ONLY : layer.kind === 'profile' ? NOT_IN_PROFILES : new Set<string>();
  const kept = emptyTable();
  for (const key of Object.keys(layer.tree)) {
    if (!forbidden.has(key)) {
      kept[key] = layer.tree[key];
      continue;
    }
    const who = layer.kind === 'project' ? 'a project' : 'a profile';
    const remedy =
      layer.kind === 'project'
        ? 'Put it into your own config if you want it.'
        : 'Move it out of the profile.';
    warnings.push(`${whereIs(layer, [key])}: \`${key}\` cannot be set by ${who} and is ignored. ${remedy}`);
  }
  return kept;
}

/**
 * The layer with a checked tree: paths absolute, unknown keys and keys it may not set left out with a warning.
 * Throws one `UsageError` that lists every wrong type and value with file, line, key and what is allowed.
 */
export function validateLayer(layer: Layer, options: ValidateOptions): { layer: Layer; warnings: string[] } {
  const walk: Walk = { ...options, layer, errors: [], warnings: [] };
  const tree = cleanTable(walk, KEY_TREE, dropForbidden(layer, walk.warnings), []);
  if (walk.errors.length > 0) {
    const shown = walk.errors.slice(0, 10);
    const more = walk.errors.length - shown.length;
    throw new UsageError([...shown, ...(more > 0 ? [`... and ${more} more.`] : [])].join('\n'));
  }
  return { layer: { ...layer, tree }, warnings: walk.warnings };
}
