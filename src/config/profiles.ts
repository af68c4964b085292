// Profiles of both generations: `[profiles.NAME]` tables and `NAME.config.toml` files in the home.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nearestWord } from '../lib/nearest-word.ts';
import { UsageError } from '../protocol/error.ts';
import { readLayer, tableAt, type Layer } from './layers.ts';
import { isTable, type Table } from './table.ts';

/** Path of the profile's own file, or null when `name` cannot be part of a file name. */
export function profileFile(home: string, name: string): string | null {
  const isPlain = name !== '' && name.length <= 200 && !/[/\\:\n\0]/.test(name) && !name.startsWith('.');
  return isPlain ? join(home, `${name}.config.toml`) : null;
}

/** `view` is the merged config of everything but projects. */
export function profileExists(home: string, view: Table, name: string): boolean {
  if (Object.hasOwn(tableAt(view, 'profiles'), name)) return true;
  const file = profileFile(home, name);
  return file !== null && existsSync(file);
}

/** The unchecked layers of one profile, weak to strong. Throws `UsageError` when there is no such profile. */
export function readProfile(
  home: string,
  view: Table,
  name: string,
): { layers: Layer[]; warnings: string[] } {
  const profiles = tableAt(view, 'profiles');
  const table = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  const path = profileFile(home, name);
  const file = path === null ? null : readLayer('profile', path);
  const layers: Layer[] = [];
  const warnings: string[] = [];
  if (isTable(table)) {
    layers.push({
      kind: 'profile',
      label: `[profiles.${name}]`,
      file: null,
      text: null,
      folder: home,
      tree: table,
    });
  }
  if (file) layers.push(file);
  if (layers.length === 2) {
    warnings.push(
      `Profile "${name}" exists as [profiles.${name}] and as ${path}. Both are used; the file wins where they differ.`,
    );
  }
  if (layers.length === 0) {
    const guess = nearestWord(name, Object.keys(profiles));
    const hint = guess ? ` Did you mean "${guess}"?` : '';
    const remedy =
      path === null ? '' : ` Add a table [profiles.${name}] to config.toml, or the file ${path}.`;
    throw new UsageError(`config profile \`${name}\` not found.${hint}${remedy}`);
  }
  return { layers, warnings };
}
