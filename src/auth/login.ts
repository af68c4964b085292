// Log in with an API key, say who is logged in, log out: data and texts only, printing is the caller's.
import { unlinkSync } from 'node:fs';
import { ensurePrivateDirectory, replacePrivateFile, UnsafeFileError } from '../lib/private-files.ts';
import { UsageError } from '../protocol/error.ts';
import type { Settings } from '../protocol/settings.ts';
import { authFile, readLogin } from './auth-file.ts';

export type LoginSettings = Pick<Settings, 'home' | 'credentialsStore' | 'forcedLoginMethod'>;

/** What to print on stderr, and how to end. */
export interface LoginResult {
  exitCode: 0 | 1;
  message: string;
  /** More lines worth knowing, after the message. */
  notes: string[];
}

function requireFileStore(settings: LoginSettings, action: string): void {
  switch (settings.credentialsStore) {
    case 'file':
    case 'auto':
      return;
    case 'keyring':
      throw new UsageError(
        `${action}: cli_auth_credentials_store is "keyring", which this version does not have. ` +
          'Set it to "file" in config.toml.',
      );
    case 'ephemeral':
      throw new UsageError(
        `${action}: cli_auth_credentials_store is "ephemeral", so no login is kept. ` +
          'Set OPENAI_API_KEY for each run, or set the store to "file" in config.toml.',
      );
  }
}

/** The ends of a key, as Codex shows them; short keys are hidden whole. */
export function maskKey(key: string): string {
  return key.length <= 13 ? '***' : `${key.slice(0, 8)}***${key.slice(-5)}`;
}

/** Stores the key read from stdin in `auth.json` (0600). Throws `UsageError` when it cannot or may not. */
export function loginWithApiKey(settings: LoginSettings, input: string): LoginResult {
  const key = input.replace(/^\uFEFF/, '').trim();
  if (settings.forcedLoginMethod === 'chatgpt') {
    throw new UsageError('Login with an API key is disabled: forced_login_method is "chatgpt".');
  }
  requireFileStore(settings, 'login');
  if (key === '') {
    throw new UsageError(
      'No API key came in on stdin. Try: printenv OPENAI_API_KEY | skua login --with-api-key',
    );
  }
  if (!/^[\u0021-\u007e]+$/.test(key)) {
    throw new UsageError(
      'What came in on stdin is no API key: it holds spaces, line breaks or other characters.',
    );
  }
  try {
    ensurePrivateDirectory(settings.home);
    const content = { auth_mode: 'apikey', OPENAI_API_KEY: key };
    replacePrivateFile(authFile(settings.home), `${JSON.stringify(content, null, 2)}\n`);
  } catch (error) {
    if (error instanceof UnsafeFileError) throw new UsageError(error.message, { cause: error });
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The login could not be stored: ${why}.`, { cause: error });
  }
  return { exitCode: 0, message: 'Successfully logged in', notes: [] };
}

function statusNotes(env: Readonly<Record<string, string | undefined>>, settings: LoginSettings): string[] {
  if (settings.forcedLoginMethod === 'chatgpt') return [];
  const variable = ['CODEX_API_KEY', 'OPENAI_API_KEY'].find((name) => env[name]?.trim());
  return variable === undefined ? [] : [`${variable} is set and is used instead of a stored login.`];
}

/** What is stored; keys only masked. Exit code 1 when nothing is. */
export function loginStatus(
  settings: LoginSettings,
  env: Readonly<Record<string, string | undefined>>,
): LoginResult {
  const notes = statusNotes(env, settings);
  if (settings.credentialsStore === 'keyring') requireFileStore(settings, 'login status');
  const login = settings.credentialsStore === 'ephemeral' ? null : readLogin(settings.home);
  if (login === null) return { exitCode: 1, message: 'Not logged in', notes };
  if (login.mode === 'apikey') {
    return { exitCode: 0, message: `Logged in using an API key - ${maskKey(login.apiKey)}`, notes };
  }
  return { exitCode: 0, message: 'Logged in using ChatGPT', notes };
}

/** Removes the stored login, also a damaged one; without one it is no error. */
export function logout(settings: LoginSettings): LoginResult {
  if (settings.credentialsStore === 'keyring') requireFileStore(settings, 'logout');
  try {
    unlinkSync(authFile(settings.home));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { exitCode: 0, message: 'Not logged in', notes: [] };
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The login could not be removed: ${why}.`, { cause: error });
  }
  return { exitCode: 0, message: 'Successfully logged out', notes: [] };
}
