// The shape of one entry of the table of config keys.

/** What values a key takes. `path` and `paths` become absolute, relative to the folder of the file that sets them. */
export type ValueKind =
  | {
      type: 'string' | 'path' | 'boolean' | 'strings' | 'paths' | 'string-map' | 'any' | 'table' | 'approval';
    }
  | { type: 'integer' | 'number'; min?: number }
  | { type: 'enum'; values: readonly string[] };

export interface KeySpec {
  /** Dotted path; `*` stands for a name of the user's choice. */
  path: string;
  kind: ValueKind;
  /** The built-in value; left out when there is none. */
  default?: unknown;
  description: string;
  /** True: a project's config may never set it, also when the project is trusted. */
  userOnly?: boolean;
  /** True: read and checked leniently, without effect in this version. */
  unused?: boolean;
}

export const STRING: ValueKind = { type: 'string' };
export const BOOLEAN: ValueKind = { type: 'boolean' };
export const PATH: ValueKind = { type: 'path' };
export const STRINGS: ValueKind = { type: 'strings' };
export const STRING_MAP: ValueKind = { type: 'string-map' };
export const TABLE: ValueKind = { type: 'table' };
export const ANY: ValueKind = { type: 'any' };

export function integer(min = 0): ValueKind {
  return { type: 'integer', min };
}

export function oneOf(...values: string[]): ValueKind {
  return { type: 'enum', values };
}
