// Where the home folder and the system folders are.
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { realPathOrSame } from '../lib/real-path.ts';
import { UsageError } from '../protocol/error.ts';

export interface HomeInput {
  env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder, absolute. */
  homedir: string;
}

/**
 * `$SKUA_HOME`, else `$CODEX_HOME`, else `~/.skua`; absolute, and real when it exists. Creates nothing.
 * Throws `UsageError` for a relative path, for a file in its place, and for a `CODEX_HOME` that does not exist.
 */
export function findHome(input: HomeInput): string {
  const name = input.env['SKUA_HOME'] ? 'SKUA_HOME' : 'CODEX_HOME';
  const path = input.env[name];
  if (!path) return realPathOrSame(join(input.homedir, '.skua'));
  if (!isAbsolute(path)) {
    throw new UsageError(`${name} is "${path}", a relative path. Set it to an absolute one.`);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) {
    throw new UsageError(`${name} is "${path}", which is not a folder. Set it to a folder or unset it.`);
  }
  if (!stat && name === 'CODEX_HOME') {
    throw new UsageError(`CODEX_HOME is "${path}", which does not exist. Create the folder or unset it.`);
  }
  return realPathOrSame(path);
}

/** Folders with the machine's config, lowest first: Codex's, then skua's own. */
export function systemFolders(platform: string, env: Readonly<Record<string, string | undefined>>): string[] {
  if (platform !== 'win32') return ['/etc/codex', '/etc/skua'];
  const programData = env['ProgramData'] ?? 'C:\\ProgramData';
  return [join(programData, 'OpenAI', 'Codex'), join(programData, 'skua')];
}
