// `auth.json`: the stored login, in the format that Codex 0.118 reads and writes.
import { join } from 'node:path';
import { readPrivateFile, UnsafeFileError } from '../lib/private-files.ts';
import { UsageError } from '../protocol/error.ts';

/** A login as it is stored. `chatgptAuthTokens` came from a program that keeps them fresh itself. */
export type StoredLogin =
  | { mode: 'apikey'; apiKey: string }
  | {
      mode: 'chatgpt' | 'chatgptAuthTokens';
      accessToken: string;
      accountId: string | null;
      /** Milliseconds since 1970; null when the token does not say. */
      expiresAt: number | null;
    };

export function authFile(home: string): string {
  return join(home, 'auth.json');
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The claims of a JWT, unverified: they only tell us what the server put in. Null when it is no JWT. */
export function readClaims(token: string): Json | null {
  const payload = token.split('.')[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return isObject(claims) ? claims : null;
  } catch {
    return null;
  }
}

/** Source: Codex 0.118, claim `https://api.openai.com/auth` of the id token. */
function accountIdOf(tokens: Json): string | null {
  if (typeof tokens['account_id'] === 'string' && tokens['account_id'] !== '') return tokens['account_id'];
  const claims = typeof tokens['id_token'] === 'string' ? readClaims(tokens['id_token']) : null;
  const openai = claims?.['https://api.openai.com/auth'];
  const id = isObject(openai) ? openai['chatgpt_account_id'] : undefined;
  return typeof id === 'string' ? id : null;
}

function readTokens(file: string, mode: 'chatgpt' | 'chatgptAuthTokens', tokens: unknown): StoredLogin {
  const accessToken = isObject(tokens) ? tokens['access_token'] : undefined;
  if (!isObject(tokens) || typeof accessToken !== 'string' || accessToken === '') {
    throw new UsageError(`${file} holds no access token. Log in again.`);
  }
  const exp = readClaims(accessToken)?.['exp'];
  const expiresAt = typeof exp === 'number' ? exp * 1000 : null;
  return { mode, accessToken, accountId: accountIdOf(tokens), expiresAt };
}

/** Parses the text of `auth.json`. Errors never quote it. */
export function parseLogin(file: string, text: string): StoredLogin {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    data = undefined;
  }
  if (!isObject(data))
    throw new UsageError(`${file} is damaged (no JSON object). Log out, then log in again.`);
  const key = data['OPENAI_API_KEY'];
  const hasKey = typeof key === 'string' && key !== '';
  // Files of older versions have no mode.
  const mode: unknown = data['auth_mode'] ?? (hasKey ? 'apikey' : 'chatgpt');
  switch (mode) {
    case 'apikey':
      if (!hasKey) throw new UsageError(`${file} holds no API key. Log out, then log in again.`);
      return { mode: 'apikey', apiKey: key };
    case 'chatgpt':
    case 'chatgptAuthTokens':
      return readTokens(file, mode, data['tokens']);
    default:
      throw new UsageError(
        `${file}: this version does not know auth_mode ${JSON.stringify(mode)?.slice(0, 40)}. ` +
          'Log in with an API key: skua login --with-api-key.',
      );
  }
}

/** The stored login, or null when there is none. Throws `UsageError` for a damaged or unsafe file. */
export function readLogin(home: string): StoredLogin | null {
  const file = authFile(home);
  let bytes: Buffer | null;
  try {
    bytes = readPrivateFile(file);
  } catch (error) {
    if (error instanceof UnsafeFileError) throw new UsageError(error.message, { cause: error });
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} cannot be read: ${why}. Check its permissions.`, { cause: error });
  }
  return bytes === null ? null : parseLogin(file, bytes.toString('utf8').replace(/^\uFEFF/, ''));
}
