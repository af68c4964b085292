// Landlock's kernel structures and the choice of rules; no system calls.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isInside, KERNEL_TREES } from './path-rules.ts';

// Source: Linux `include/uapi/linux/landlock.h`.
const WRITE_FILE = 1 << 1;
const READ_FILE = 1 << 2;
const READ_DIR = 1 << 3;
/** REMOVE_DIR to MAKE_SYM. */
const CHANGE_ENTRIES = 0x1ff0;
const REFER = 1 << 13;
const TRUNCATE = 1 << 14;
const SCOPE_ABSTRACT_SOCKETS = 1;
const SCOPE_SIGNALS = 2;

/** Version 3 brought TRUNCATE: before it, any file could be emptied by name. */
export const MINIMUM_ABI = 3;
export const ABI_WITH_SCOPES = 6;

export const WRITE_RIGHTS = WRITE_FILE | CHANGE_ENTRIES | REFER | TRUNCATE;
export const READ_RIGHTS = READ_FILE | READ_DIR;
/** Rights that the kernel takes for a rule on something that is not a folder. */
const FILE_RIGHTS = WRITE_FILE | READ_FILE | TRUNCATE;

export interface Rule {
  path: string;
  rights: number;
}

/** `struct landlock_ruleset_attr`, as long as this kernel knows it. */
export function encodeRuleset(rights: number, abi: number): Uint8Array {
  const bytes = new Uint8Array(abi >= ABI_WITH_SCOPES ? 24 : abi >= 4 ? 16 : 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(rights), true);
  if (abi >= ABI_WITH_SCOPES) view.setBigUint64(16, BigInt(SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS), true);
  return bytes;
}

/** `struct landlock_path_beneath_attr`, which is packed. */
export function encodePathRule(rights: number, fd: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(rights), true);
  view.setInt32(8, fd, true);
  return bytes;
}

function childrenOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Rules can only allow: around a forbidden path everything beside it is allowed, and then everything beside its parent. */
function allowBeside(folder: string, forbidden: readonly string[], rights: number): Rule[] {
  const inside = forbidden.filter((path) => isInside(path, folder));
  if (inside.length === 0) return [{ path: folder, rights }];
  if (inside.includes(folder)) return [];
  return childrenOf(folder).flatMap((child) => allowBeside(child, inside, rights));
}

export function chooseRules(options: { writable: readonly string[]; denyRead: readonly string[] }): {
  handled: number;
  rules: Rule[];
} {
  const readRules = options.denyRead.length === 0 ? [] : allowBeside('/', options.denyRead, READ_RIGHTS);
  const handled = WRITE_RIGHTS | (options.denyRead.length === 0 ? 0 : READ_RIGHTS);
  const rules = [
    ...options.writable.flatMap((path) =>
      allowBeside(path, [...options.denyRead, ...KERNEL_TREES], WRITE_RIGHTS),
    ),
    ...readRules,
  ].flatMap(({ path, rights }) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    return [{ path, rights: stat.isDirectory() ? rights : rights & FILE_RIGHTS }];
  });
  return { handled, rules };
}
