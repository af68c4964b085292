// Writes docs/config.schema.json and the tables of docs/config.md from the table of config keys; `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { featureTable } from '../src/config/features.ts';
import type { KeySpec, ValueKind } from '../src/config/key-spec.ts';
import { KEY_TREE, KEYS, NOT_IN_PROFILES, USER_ONLY, type KeyNode } from '../src/config/keys.ts';
import { APPROVAL_POLICIES } from '../src/config/validate.ts';

type Schema = Record<string, unknown>;

const root = join(import.meta.dirname, '..');
export const SCHEMA_FILE = join(root, 'docs', 'config.schema.json');
export const DOCS_FILE = join(root, 'docs', 'config.md');

const GRANULAR: Schema = {
  type: 'object',
  required: ['granular'],
  additionalProperties: false,
  properties: {
    granular: {
      type: 'object',
      required: ['sandbox_approval', 'rules', 'mcp_elicitations'],
      additionalProperties: false,
      properties: Object.fromEntries(
        ['sandbox_approval', 'rules', 'mcp_elicitations', 'request_permissions', 'skill_approval'].map(
          (name) => [name, { type: 'boolean' }],
        ),
      ),
    },
  },
};

function kindSchema(kind: ValueKind): Schema {
  switch (kind.type) {
    case 'string':
    case 'path':
      return { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
    case 'number':
      return kind.min === undefined ? { type: kind.type } : { type: kind.type, minimum: kind.min };
    case 'enum':
      return { type: 'string', enum: [...kind.values] };
    case 'strings':
    case 'paths':
      return { type: 'array', items: { type: 'string' } };
    case 'string-map':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'table':
      return { type: 'object' };
    case 'approval':
      return { oneOf: [{ type: 'string', enum: [...APPROVAL_POLICIES] }, GRANULAR] };
    case 'any':
      return {};
  }
}

function leafSchema(spec: KeySpec): Schema {
  const fallback = spec.default === undefined ? {} : { default: spec.default };
  return { description: spec.description, ...kindSchema(spec.kind), ...fallback };
}

function nodeSchema(node: KeyNode, leaveOut: ReadonlySet<string>): Schema {
  if (node.spec) return leafSchema(node.spec);
  const names = [...node.children.keys()].filter((name) => !leaveOut.has(name)).sort();
  const properties = Object.fromEntries(
    names.map((name) => [name, nodeSchema(node.children.get(name) as KeyNode, new Set())]),
  );
  return {
    type: 'object',
    ...(names.length > 0 ? { properties } : {}),
    additionalProperties: node.wildcard ? nodeSchema(node.wildcard, new Set()) : false,
  };
}

export function buildSchema(): Schema {
  const tables = nodeSchema(KEY_TREE, new Set(['profiles']));
  const profile = nodeSchema(KEY_TREE, NOT_IN_PROFILES);
  const profiles = {
    description: 'Named sets of values that `--profile NAME` puts over the others.',
    type: 'object',
    additionalProperties: { $ref: '#/definitions/Profile' },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'skua config.toml',
    ...tables,
    properties: { ...(tables['properties'] as Schema), profiles },
    definitions: { Profile: profile },
  };
}

function kindText(kind: ValueKind): string {
  switch (kind.type) {
    case 'enum':
      return kind.values.map((value) => `\`${value}\``).join(', ');
    case 'strings':
      return 'strings';
    case 'paths':
      return 'paths';
    case 'string-map':
      return 'table of strings';
    case 'approval':
      return [...APPROVAL_POLICIES.map((value) => `\`${value}\``), 'table `granular`'].join(', ');
    default:
      return kind.type;
  }
}

function keyTable(specs: readonly KeySpec[]): string {
  const rows = specs.map((spec) => {
    const fallback = spec.default === undefined ? '' : `\`${JSON.stringify(spec.default)}\``;
    const isUserOnly = USER_ONLY.has(spec.path.split('.')[0] as string);
    const name = spec.path.replaceAll('*', '<name>');
    return `| \`${name}\` | ${kindText(spec.kind)} | ${fallback} | ${isUserOnly ? 'no' : 'yes'} | ${spec.description} |`;
  });
  const head = ['| Key | Values | Default | Project may set it | Meaning |', '|---|---|---|---|---|'];
  return [...head, ...rows].join('\n');
}

function featureRows(): string {
  const rows = featureTable.map(
    (one) => `| \`${one.name}\` | ${one.stage} | ${one.default ? 'on' : 'off'} |`,
  );
  return ['| Flag | Stage | Default |', '|---|---|---|', ...rows].join('\n');
}

/** The docs with every table between its markers made anew. Throws when a marker is missing. */
export function buildDocs(text: string): string {
  const tables: Record<string, string> = {
    keys: keyTable(KEYS.filter((spec) => !spec.unused)),
    unused: keyTable(KEYS.filter((spec) => spec.unused)),
    features: featureRows(),
  };
  return Object.entries(tables).reduce((docs, [name, table]) => {
    const [begin, end] = [`<!-- table:${name} -->`, `<!-- /table:${name} -->`];
    const [from, to] = [docs.indexOf(begin), docs.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${DOCS_FILE}: the markers of table "${name}" are missing.`);
    return `${docs.slice(0, from + begin.length)}\n${table}\n${docs.slice(to)}`;
  }, text);
}

const LINE_WIDTH = 110;

/** JSON as the formatter of this repository writes it: short lists on one line. */
function toJson(value: unknown, indent: string, column: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((one) => toJson(one, inner, 0)).join(', ')}]`;
    const isFlat = value.every((one) => typeof one !== 'object');
    // One more for the comma that may follow.
    if (isFlat && column + line.length + 1 <= LINE_WIDTH) return line;
    return `[\n${value.map((one) => inner + toJson(one, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).map(([key, member]) => {
    const head = `${inner}${JSON.stringify(key)}: `;
    return head + toJson(member, inner, head.length);
  });
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
}

export function schemaText(): string {
  return `${toJson(buildSchema(), '', 0)}\n`;
}

function main(): void {
  const files: [string, string][] = [
    [SCHEMA_FILE, schemaText()],
    [DOCS_FILE, buildDocs(readFileSync(DOCS_FILE, 'utf8'))],
  ];
  for (const [file, text] of files) {
    if (!process.argv.includes('--check')) writeFileSync(file, text);
    else if (readFileSync(file, 'utf8') !== text) {
      console.error(`${file} is stale. Run: node scripts/run.mjs node scripts/config-schema.ts`);
      process.exitCode = 1;
    }
  }
}

if (import.meta.main) main();
