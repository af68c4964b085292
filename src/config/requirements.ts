// requirements.toml: what the machine's administrator allows, over every other layer.
import { join } from 'node:path';
import { UsageError } from '../protocol/error.ts';
import { parseTomlFile, readTextFile, type LayerKind } from './layers.ts';
import { isTable, type Table } from './table.ts';

export interface AllowedValues {
  values: readonly string[];
  /** The file that says so. */
  file: string;
}

export interface Requirements {
  approvalPolicies: AllowedValues | null;
  sandboxModes: AllowedValues | null;
  webSearchModes: AllowedValues | null;
  /** Feature flags that are fixed. */
  features: Readonly<Record<string, { value: boolean; file: string }>>;
  /** The file that rules network access, which this version can only answer by leaving the network off. */
  networkRuledBy: string | null;
}

/** Rules that would be broken silently if we went on without enforcing them. */
const NOT_ENFORCEABLE = ['rules', 'enforce_residency'] as const;

const KNOWN = new Set([
  'allowed_approval_policies',
  'allowed_sandbox_modes',
  'allowed_web_search_modes',
  'features',
  'experimental_network',
  // Nothing these could restrict exists yet.
  'mcp_servers',
  'apps',
  'guardian_developer_instructions',
  ...NOT_ENFORCEABLE,
]);

function stringList(file: string, tree: Table, key: string): AllowedValues | null {
  const value = tree[key];
  if (value === undefined) return null;
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new UsageError(
      `${file}: \`${key}\` must be an array of strings. Ask your administrator to correct it.`,
    );
  }
  return { values: value, file };
}

function intersect(a: AllowedValues | null, b: AllowedValues | null): AllowedValues | null {
  if (!a || !b) return a ?? b;
  return { values: a.values.filter((value) => b.values.includes(value)), file: `${a.file} and ${b.file}` };
}

function isDemanded(value: unknown): boolean {
  if (isTable(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}

function readOne(file: string): { requirements: Requirements; warnings: string[] } | null {
  const text = readTextFile(file);
  if (text === null) return null;
  const tree = parseTomlFile(file, text);
  const unenforced = NOT_ENFORCEABLE.find((key) => isDemanded(tree[key]));
  if (unenforced) {
    throw new UsageError(
      `${file} sets \`${unenforced}\`, which this version cannot enforce, so it refuses to run. ` +
        'Ask your administrator, or use a program that enforces it.',
    );
  }
  const features: Record<string, { value: boolean; file: string }> = {};
  for (const [name, value] of Object.entries(isTable(tree['features']) ? tree['features'] : {})) {
    if (typeof value !== 'boolean')
      throw new UsageError(`${file}: \`features.${name}\` must be true or false.`);
    features[name] = { value, file };
  }
  const requirements: Requirements = {
    approvalPolicies: stringList(file, tree, 'allowed_approval_policies'),
    sandboxModes: stringList(file, tree, 'allowed_sandbox_modes'),
    webSearchModes: stringList(file, tree, 'allowed_web_search_modes'),
    features,
    networkRuledBy: isTable(tree['experimental_network']) ? file : null,
  };
  const unknown = Object.keys(tree).filter((key) => !KNOWN.has(key));
  return { requirements, warnings: unknown.map((key) => `${file}: unknown key \`${key}\` is not enforced.`) };
}

/** Reads `requirements.toml` of every folder; where several speak, only what all allow is allowed. */
export function readRequirements(folders: readonly string[]): {
  requirements: Requirements;
  warnings: string[];
} {
  let all: Requirements = {
    approvalPolicies: null,
    sandboxModes: null,
    webSearchModes: null,
    features: {},
    networkRuledBy: null,
  };
  const warnings: string[] = [];
  for (const folder of folders) {
    const one = readOne(join(folder, 'requirements.toml'));
    if (!one) continue;
    const { requirements } = one;
    all = {
      approvalPolicies: intersect(all.approvalPolicies, requirements.approvalPolicies),
      sandboxModes: intersect(all.sandboxModes, requirements.sandboxModes),
      webSearchModes: intersect(all.webSearchModes, requirements.webSearchModes),
      features: { ...all.features, ...requirements.features },
      networkRuledBy: all.networkRuledBy ?? requirements.networkRuledBy,
    };
    warnings.push(...one.warnings);
  }
  return { requirements: all, warnings };
}

/**
 * `value` when it is allowed. Else an error when the command line asked for it, and otherwise the fallback that is
 * allowed, with a warning. `always` lists values that no administrator can take away because they are the safest.
 */
export function constrain<T extends string>(input: {
  key: string;
  value: T;
  allowed: AllowedValues | null;
  always: readonly T[];
  /** Where the value comes from. */
  layer: LayerKind;
  /** Tried in this order when the value is not allowed. */
  fallbacks: readonly T[];
  warnings: string[];
}): T {
  const { key, value, allowed } = input;
  const isAllowed = (one: T): boolean =>
    allowed === null || allowed.values.includes(one) || input.always.includes(one);
  if (allowed === null || isAllowed(value)) return value;
  const list = [...new Set([...allowed.values, ...input.always])].join(', ');
  const fallback = input.fallbacks.find(isAllowed);
  if (input.layer === 'flag' || input.layer === 'override' || fallback === undefined) {
    throw new UsageError(
      `${key} "${value}" is not allowed by ${allowed.file}. Allowed: ${list || 'nothing'}.`,
    );
  }
  input.warnings.push(
    `${key} "${value}" is not allowed by ${allowed.file}; using "${fallback}". Allowed: ${list}.`,
  );
  return fallback;
}
