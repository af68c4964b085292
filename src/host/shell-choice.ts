// Which shell runs commands: the user's when its syntax is POSIX, else the platform's.
import { accessSync, constants } from 'node:fs';
import { basename, isAbsolute } from 'node:path';

const POSIX_SHELLS = new Set(['bash', 'zsh', 'sh', 'dash', 'ksh']);
const FALLBACKS = ['/bin/bash', '/usr/bin/bash', '/bin/sh'];

/** Absolute path on POSIX; a name on Windows. */
export function chooseShell(env: Readonly<Record<string, string | undefined>>, platform: string): string {
  if (platform === 'win32') return env['SKUA_SHELL'] ?? 'powershell.exe';
  const own = env['SHELL'];
  if (own && isAbsolute(own) && POSIX_SHELLS.has(basename(own)) && isExecutable(own)) return own;
  return FALLBACKS.find(isExecutable) ?? '/bin/sh';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
