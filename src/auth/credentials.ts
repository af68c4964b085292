// The credentials of one provider, as headers: environment, config, or the stored login.
import { TurnError, UsageError } from '../protocol/error.ts';
import type { ProviderSettings, Settings } from '../protocol/settings.ts';
import { readLogin, type StoredLogin } from './auth-file.ts';

export type CredentialSettings = Pick<
  Settings,
  | 'home'
  | 'provider'
  | 'credentialsStore'
  | 'forcedLoginMethod'
  | 'forcedChatgptWorkspaceId'
  | 'chatgptBaseUrl'
  | 'secretEnvNames'
>;

export interface CredentialsInput {
  settings: CredentialSettings;
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970; the real clock when left out. */
  now?: () => number;
}

export interface CredentialsDescription {
  source: 'environment' | 'config' | 'api-key-login' | 'chatgpt-login' | 'none';
  /** Environment variable the key comes from. */
  variable: string | null;
  /** One sentence for people, without any secret. */
  text: string;
  /** True when requests need credentials and there are none, or they cannot be used. */
  isMissing: boolean;
}

export interface Credentials {
  /**
   * Headers that authorise the next request; empty where the provider wants none. After a 401 ask again with
   * `unauthorized`: the same headers back mean that there are no better ones. Throws `TurnError` with code `auth` and
   * the next step when there are none to give: no request may be sent then.
   */
  headers(reason: 'request' | 'unauthorized'): Promise<Record<string, string>>;
  /** Where requests must go with these credentials (a ChatGPT login), when not to the provider's own base URL. */
  baseUrl(): string | null;
  /** Environment variables that hold keys: not for commands. */
  readonly secretEnvNames: readonly string[];
  describe(): CredentialsDescription;
}

const LOG_IN = 'Set OPENAI_API_KEY, or log in: printenv OPENAI_API_KEY | skua login --with-api-key';

const OPENAI_BASE_URL = 'https://api.openai.com/v1';

type Found =
  | { kind: 'none' }
  | { kind: 'key'; source: 'environment' | 'config'; variable: string | null; key: string }
  | { kind: 'login'; login: StoredLogin };

function authError(message: string): TurnError {
  return new TurnError('auth', message);
}

function readVariable(env: CredentialsInput['env'], name: string): string | null {
  return env[name]?.trim() || null;
}

/** `key` as a header value; a line break or a character outside Latin-1 would make the HTTP client fail obscurely. */
function bearer(key: string, where: string): Record<string, string> {
  if (!/^[\u0021-\u007e]+$/.test(key)) {
    throw authError(
      `${where} holds characters that no key has (spaces, line breaks or others). Set it again.`,
    );
  }
  return { authorization: `Bearer ${key}` };
}

/** Reads the stored login where the settings allow one. */
function readStored(settings: CredentialSettings): StoredLogin | null {
  switch (settings.credentialsStore) {
    case 'file':
    // Documented as: the keyring where there is one, else the file. This version has no keyring.
    case 'auto':
      return readLogin(settings.home);
    case 'ephemeral':
      return null;
    case 'keyring':
      throw authError(
        'cli_auth_credentials_store is "keyring", which this version cannot read. ' +
          'Set it to "file" and log in again, or set OPENAI_API_KEY.',
      );
  }
}

function checkLogin(login: StoredLogin, settings: CredentialSettings): void {
  const { forcedLoginMethod: forced, forcedChatgptWorkspaceId: workspace } = settings;
  const method = login.mode === 'apikey' ? 'api' : 'chatgpt';
  if (forced !== null && forced !== method) {
    const wanted = forced === 'api' ? 'an API key' : 'a ChatGPT login';
    const stored = method === 'api' ? 'an API key' : 'a ChatGPT login';
    throw authError(
      `forced_login_method asks for ${wanted}, but the stored login is ${stored}. Log out, then log in again.`,
    );
  }
  if (login.mode !== 'apikey' && workspace !== null && login.accountId !== workspace) {
    throw authError(
      'The stored login belongs to another workspace than forced_chatgpt_workspace_id. Log in again.',
    );
  }
}

function findOpenai(input: CredentialsInput): Found {
  const { settings, env } = input;
  if (settings.forcedLoginMethod !== 'chatgpt') {
    for (const variable of ['CODEX_API_KEY', 'OPENAI_API_KEY']) {
      const key = readVariable(env, variable);
      if (key !== null) return { kind: 'key', source: 'environment', variable, key };
    }
  }
  const login = readStored(settings);
  if (login === null) {
    const why = settings.forcedLoginMethod === 'chatgpt' ? ' (forced_login_method is "chatgpt")' : '';
    throw authError(`Not logged in${why}. ${LOG_IN}`);
  }
  checkLogin(login, settings);
  return { kind: 'login', login };
}

function missingVariable(provider: ProviderSettings): TurnError {
  const own = provider.envKeyInstructions ? ` ${provider.envKeyInstructions}` : '';
  const next = own || ` Set it to the API key of provider "${provider.id}" and try again.`;
  return authError(`Missing environment variable: \`${provider.envKey}\`.${next}`);
}

function find(input: CredentialsInput): Found {
  const { provider } = input.settings;
  if (provider.envKey !== null) {
    const key = readVariable(input.env, provider.envKey);
    if (key === null) throw missingVariable(provider);
    return { kind: 'key', source: 'environment', variable: provider.envKey, key };
  }
  if (provider.bearerToken !== null) {
    return { kind: 'key', source: 'config', variable: null, key: provider.bearerToken };
  }
  return provider.requiresOpenaiAuth ? findOpenai(input) : { kind: 'none' };
}

function loginHeaders(login: StoredLogin, now: number): Record<string, string> {
  if (login.mode === 'apikey') return bearer(login.apiKey, 'The stored login');
  if (login.expiresAt !== null && login.expiresAt <= now) {
    throw authError(
      'The stored ChatGPT login has expired, and this version cannot renew it. ' +
        `Log in again with the program that made it, or use an API key. ${LOG_IN}`,
    );
  }
  const account = login.accountId === null ? {} : { 'chatgpt-account-id': login.accountId };
  return { ...bearer(login.accessToken, 'The stored login'), ...account };
}

function headersOf(found: Found, now: number): Record<string, string> {
  switch (found.kind) {
    case 'none':
      return {};
    case 'key':
      return bearer(found.key, found.variable ?? 'experimental_bearer_token');
    case 'login':
      return loginHeaders(found.login, now);
  }
}

function describeFound(found: Found, provider: ProviderSettings): CredentialsDescription {
  const made = (
    source: CredentialsDescription['source'],
    variable: string | null,
    text: string,
  ): CredentialsDescription => ({ source, variable, text, isMissing: false });
  switch (found.kind) {
    case 'none':
      return made('none', null, `Provider "${provider.id}" needs no credentials.`);
    case 'key':
      return found.variable === null
        ? made('config', null, `Token from \`experimental_bearer_token\` of provider "${provider.id}".`)
        : made('environment', found.variable, `API key from the environment variable ${found.variable}.`);
    case 'login':
      return found.login.mode === 'apikey'
        ? made('api-key-login', null, 'API key from the stored login (auth.json).')
        : made('chatgpt-login', null, 'ChatGPT login from auth.json.');
  }
}

/** The login file is a mistake to tell, not a crash of the turn. */
function asTurnError(error: unknown): unknown {
  return error instanceof UsageError ? new TurnError('auth', error.message, { cause: error }) : error;
}

/** Reads nothing until asked; the file is read anew for each request, so a fresh login works at once. */
export function createCredentials(input: CredentialsInput): Credentials {
  const { settings, now = Date.now } = input;
  const findNow = (): Found => {
    try {
      return find(input);
    } catch (error) {
      throw asTurnError(error);
    }
  };
  return {
    // Whatever the reason: read anew. After a 401 the same answer means that there is nothing better.
    headers: async () => headersOf(findNow(), now()),
    baseUrl: () => {
      const isOwn = settings.provider.id === 'openai' && settings.provider.baseUrl === OPENAI_BASE_URL;
      if (!isOwn) return null;
      let found: Found;
      try {
        found = findNow();
      } catch {
        // `headers` says what is wrong, before anything is sent.
        return null;
      }
      const isChatgpt = found.kind === 'login' && found.login.mode !== 'apikey';
      return isChatgpt ? `${settings.chatgptBaseUrl}/codex` : null;
    },
    secretEnvNames: settings.secretEnvNames,
    describe: () => {
      try {
        const found = findNow();
        headersOf(found, now());
        return describeFound(found, settings.provider);
      } catch (error) {
        if (!(error instanceof TurnError)) throw error;
        return { source: 'none', variable: null, text: error.message, isMissing: true };
      }
    },
  };
}
