// Changes single keys of the user's config file: comments stay, nothing half-written, nobody else's change is lost.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensurePrivateDirectory, replacePrivateFile } from '../lib/private-files.ts';
import { editToml, TomlEditError, type TomlEdit } from '../lib/toml-edit.ts';
import { UsageError } from '../protocol/error.ts';
import { requireFeature } from './overrides.ts';
import { profileFile } from './profiles.ts';
import { parseTomlFile, tableAt } from './layers.ts';
import { validateLayer } from './validate.ts';

const TRIES = 3;

/** Somebody else wrote the file between our reading and our rename. */
class ChangedMeanwhile extends Error {}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function readOrNull(file: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    if (error instanceof TypeError)
      throw new UsageError(`${file} is not valid UTF-8. Save it as UTF-8 first.`);
    throw error;
  }
}

/** A config file may be a link into a folder of dotfiles: then the file behind it is changed, and the link stays. */
function behindLink(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return file;
    throw error;
  }
}

/** What the user can do something about; anything else is a bug and stays one. */
function asUsageError(file: string, error: unknown): unknown {
  if (error instanceof UsageError || !(error instanceof Error)) return error;
  if (error instanceof TomlEditError) return new UsageError(`${file}: ${error.message}`, { cause: error });
  if (codeOf(error) === '') return error;
  return new UsageError(`${file} was not changed: ${error.message}`, { cause: error });
}

/** Makes the folder and finds the file to write. */
function prepare(path: string): string {
  try {
    ensurePrivateDirectory(dirname(path));
    return behindLink(path);
  } catch (error) {
    throw asUsageError(path, error);
  }
}

function editOnce(file: string, edits: readonly TomlEdit[], homedir: string): boolean {
  const before = readOrNull(file);
  const text = before ?? '';
  parseTomlFile(file, text.replace(/^\uFEFF/, ''));
  const after = editToml(text, edits);
  if (after === text) return false;
  const tree = parseTomlFile(file, after.replace(/^\uFEFF/, ''));
  // An edit must never leave a file that the next start refuses.
  validateLayer(
    { kind: 'user', label: file, file, text: after, folder: dirname(file), tree },
    { strict: false, homedir },
  );
  const mode = before === null ? 0o600 : statSync(file).mode & 0o777;
  replacePrivateFile(file, after, {
    mode,
    beforeRename: () => {
      if (readOrNull(file) !== before) throw new ChangedMeanwhile();
    },
  });
  return true;
}

/**
 * Applies `edits` to a config file, making it (0600) and its folder (0700) when missing; an existing file keeps its
 * mode. Returns whether anything changed. Throws `UsageError` when the file is broken, when the result would be, when
 * an edit cannot be made without loss, and when others keep writing the file.
 */
export function editConfigFile(path: string, edits: readonly TomlEdit[], homedir: string): boolean {
  const file = prepare(path);
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    try {
      return editOnce(file, edits, homedir);
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw asUsageError(file, error);
    }
  }
  throw new UsageError(`${file} keeps being changed by another program; nothing was written. Try again.`);
}

export interface HomeFolders {
  /** skua's home. */
  home: string;
  /** The user's home folder. */
  homedir: string;
}

/** `features enable` and `features disable`. Returns the file written and the flag's current name. */
export function setFeature(
  folders: HomeFolders,
  change: { name: string; enabled: boolean; profile: string | null },
): { file: string; name: string } {
  const name = requireFeature(change.name);
  const config = join(folders.home, 'config.toml');
  const own = change.profile === null ? null : profileFile(folders.home, change.profile);
  const isOwnFile = own !== null && readOrNull(own) !== null;
  const file = isOwnFile ? own : config;
  const above = change.profile === null || isOwnFile ? [] : ['profiles', change.profile];
  if (above.length > 0) {
    const profiles = tableAt(parseTomlFile(config, readOrNull(config) ?? ''), 'profiles');
    if (!Object.hasOwn(profiles, change.profile as string)) {
      throw new UsageError(`config profile \`${change.profile}\` not found in ${config}. Create it first.`);
    }
  }
  editConfigFile(
    file,
    [{ action: 'set', path: [...above, 'features', name], value: change.enabled }],
    folders.homedir,
  );
  return { file, name };
}

/** Writes the user's word on a project; `projectRoot` is a real absolute path. Returns the file written. */
export function setTrust(folders: HomeFolders, projectRoot: string, level: 'trusted' | 'untrusted'): string {
  const file = join(folders.home, 'config.toml');
  const path = ['projects', realpathSync(projectRoot), 'trust_level'];
  editConfigFile(file, [{ action: 'set', path, value: level }], folders.homedir);
  return file;
}
