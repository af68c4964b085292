// The one table of config keys, and the tree that looks keys up in it; validation, JSON Schema and docs come from here.
import { featureNames, isLaterFeature } from './features.ts';
import { BOOLEAN, type KeySpec } from './key-spec.ts';
import { EXTENSION_KEYS, MCP_KEYS } from './keys-extensions.ts';
import { MODEL_KEYS, PROVIDER_KEYS } from './keys-model.ts';
import { SAFETY_KEYS } from './keys-safety.ts';

/** Every known key except `features.<name>`, which come from the table of features, and `profiles.<name>.<key>`. */
export const KEYS: readonly KeySpec[] = [
  ...MODEL_KEYS,
  ...PROVIDER_KEYS,
  ...SAFETY_KEYS,
  ...MCP_KEYS,
  ...EXTENSION_KEYS,
];

/** One level of the config: a value, or a table of known or freely named keys. */
export interface KeyNode {
  spec: KeySpec | null;
  children: Map<string, KeyNode>;
  wildcard: KeyNode | null;
}

function emptyNode(): KeyNode {
  return { spec: null, children: new Map(), wildcard: null };
}

/** Keys that select or hold profiles, or decide before profiles are known: never inside a profile. */
export const NOT_IN_PROFILES: ReadonlySet<string> = new Set([
  'profile',
  'profiles',
  'projects',
  'project_root_markers',
]);

function buildTree(): KeyNode {
  const root = emptyNode();
  const featureKeys = featureNames().map((name): KeySpec => ({
    path: `features.${name}`,
    kind: BOOLEAN,
    description: 'Feature flag.',
    unused: isLaterFeature(name),
  }));
  for (const spec of [...KEYS, ...featureKeys]) {
    let node = root;
    for (const segment of spec.path.split('.')) {
      if (segment === '*') {
        node.wildcard ??= emptyNode();
        node = node.wildcard;
        continue;
      }
      let next = node.children.get(segment);
      if (!next) node.children.set(segment, (next = emptyNode()));
      node = next;
    }
    node.spec = spec;
  }
  const inProfile = emptyNode();
  for (const [name, node] of root.children) {
    if (!NOT_IN_PROFILES.has(name)) inProfile.children.set(name, node);
  }
  root.children.set('profiles', { ...emptyNode(), wildcard: inProfile });
  return root;
}

/** The tree over all keys. A constant: nothing writes to it. */
export const KEY_TREE: KeyNode = buildTree();

/** First segments of keys that a project's config may never set, whatever stands below them. */
export const USER_ONLY: ReadonlySet<string> = new Set([
  'profiles',
  ...KEYS.filter((spec) => spec.userOnly).map((spec) => spec.path.split('.')[0] as string),
]);

/** The built-in values as a config tree. */
export function defaultTree(): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const spec of KEYS) {
    if (spec.default === undefined) continue;
    const segments = spec.path.split('.');
    let table = tree;
    for (const segment of segments.slice(0, -1)) {
      table = (table[segment] ??= {}) as Record<string, unknown>;
    }
    table[segments.at(-1) as string] = spec.default;
  }
  return tree;
}
