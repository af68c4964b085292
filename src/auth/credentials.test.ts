// Tests of credentials: where each provider's come from, in which order, and that nothing goes out without.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TurnError } from '../protocol/error.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import { createCredentials, type Credentials, type CredentialSettings } from './credentials.ts';

const NOW = 1_800_000_000_000;
const OPENAI: ProviderSettings = {
  id: 'openai',
  name: 'OpenAI',
  baseUrl: 'https://api.openai.com/v1',
  wireApi: 'responses',
  envKey: null,
  envKeyInstructions: null,
  bearerToken: null,
  headers: {},
  envHeaders: {},
  queryParams: {},
  requiresOpenaiAuth: true,
  requestMaxRetries: 4,
  streamMaxRetries: 5,
  streamIdleTimeoutMs: 300_000,
};
const MINE: ProviderSettings = { ...OPENAI, id: 'mine', requiresOpenaiAuth: false };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'skua-auth-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function make(settings: Partial<CredentialSettings> = {}, env: Record<string, string> = {}): Credentials {
  return createCredentials({
    settings: {
      home,
      provider: OPENAI,
      credentialsStore: 'file',
      forcedLoginMethod: null,
      forcedChatgptWorkspaceId: null,
      chatgptBaseUrl: 'https://chatgpt.com/backend-api',
      secretEnvNames: ['OPENAI_API_KEY'],
      ...settings,
    },
    env,
    now: () => NOW,
  });
}

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.sig`;
}

function store(content: object | string): void {
  writeFileSync(join(home, 'auth.json'), typeof content === 'string' ? content : JSON.stringify(content), {
    mode: 0o600,
  });
}

async function failure(credentials: Credentials): Promise<TurnError> {
  const error: unknown = await credentials.headers('request').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TurnError);
  expect(error).toMatchObject({ code: 'auth', retryable: false });
  expect(credentials.describe()).toMatchObject({ isMissing: true, text: (error as TurnError).message });
  return error as TurnError;
}

const EXP = NOW / 1000;
const chatgpt = (exp: number, more: object = {}): object => ({
  auth_mode: 'chatgpt',
  OPENAI_API_KEY: null,
  tokens: { id_token: jwt({}), access_token: jwt({ exp }), refresh_token: 'r', account_id: 'acc', ...more },
  last_refresh: '2026-01-01T00:00:00Z',
});

describe('openai', () => {
  test('CODEX_API_KEY, then OPENAI_API_KEY, then the login', async () => {
    store({ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-stored' });
    const env = { CODEX_API_KEY: 'sk-codex', OPENAI_API_KEY: 'sk-openai' };
    expect(await make({}, env).headers('request')).toEqual({ authorization: 'Bearer sk-codex' });
    expect(make({}, env).describe()).toMatchObject({ source: 'environment', variable: 'CODEX_API_KEY' });
    const second = make({}, { CODEX_API_KEY: ' ', OPENAI_API_KEY: ' sk-openai\n' });
    expect(await second.headers('request')).toEqual({ authorization: 'Bearer sk-openai' });
    expect(second.describe().text).toContain('OPENAI_API_KEY');
    expect(await make().headers('request')).toEqual({ authorization: 'Bearer sk-stored' });
    expect(make().describe()).toMatchObject({ source: 'api-key-login', isMissing: false });
  });

  test('without any: an error with the next step', async () => {
    expect((await failure(make())).message).toContain('skua login --with-api-key');
  });

  test('a key with a line break inside is named, not shown', async () => {
    const { message } = await failure(make({}, { OPENAI_API_KEY: 'sk-a\nb' }));
    expect(message).toContain('OPENAI_API_KEY holds characters');
    expect(message).not.toContain('sk-a');
  });

  test('a ChatGPT login: token, account and its own address', async () => {
    store(chatgpt(EXP + 60));
    const credentials = make();
    expect(await credentials.headers('request')).toEqual({
      authorization: `Bearer ${jwt({ exp: EXP + 60 })}`,
      'chatgpt-account-id': 'acc',
    });
    expect(credentials.baseUrl()).toBe('https://chatgpt.com/backend-api/codex');
    expect(make({ provider: { ...OPENAI, baseUrl: 'http://127.0.0.1:1' } }).baseUrl()).toBeNull();
    expect(make({}, { OPENAI_API_KEY: 'sk' }).baseUrl()).toBeNull();
  });

  test('the account comes from the id token where the file does not name it', async () => {
    const claim = { 'https://api.openai.com/auth': { chatgpt_account_id: 'from-claim' } };
    store(chatgpt(EXP + 60, { id_token: jwt(claim), account_id: null }));
    expect(await make().headers('request')).toMatchObject({ 'chatgpt-account-id': 'from-claim' });
    store({ ...chatgpt(EXP + 60), auth_mode: 'chatgptAuthTokens' });
    expect(await make().headers('request')).toMatchObject({ 'chatgpt-account-id': 'acc' });
  });

  test('an expired one is an error with the next step', async () => {
    store(chatgpt(EXP));
    expect((await failure(make())).message).toMatch(/has expired.*skua login --with-api-key/);
  });

  test('a new login is seen at once; after a 401 only a changed one helps', async () => {
    const credentials = make();
    store({ OPENAI_API_KEY: 'sk-one' });
    const first = await credentials.headers('request');
    expect(await credentials.headers('unauthorized')).toEqual(first);
    store({ OPENAI_API_KEY: 'sk-two' });
    expect(await credentials.headers('unauthorized')).toEqual({ authorization: 'Bearer sk-two' });
  });

  test('forced_login_method', async () => {
    store({ OPENAI_API_KEY: 'sk-stored' });
    const env = { OPENAI_API_KEY: 'sk-env' };
    expect((await failure(make({ forcedLoginMethod: 'chatgpt' }, env))).message).toContain(
      'asks for a ChatGPT login',
    );
    store(chatgpt(EXP + 60));
    expect(await make({ forcedLoginMethod: 'chatgpt' }, env).headers('request')).toHaveProperty(
      'chatgpt-account-id',
    );
    expect((await failure(make({ forcedLoginMethod: 'api' }))).message).toContain('asks for an API key');
    expect((await failure(make({ forcedChatgptWorkspaceId: 'other' }))).message).toContain(
      'another workspace',
    );
    expect(await make({ forcedChatgptWorkspaceId: 'acc' }).headers('request')).toBeTruthy();
  });

  test('the keyring is not silently replaced by the file', async () => {
    store({ OPENAI_API_KEY: 'sk-stored' });
    expect((await failure(make({ credentialsStore: 'keyring' }))).message).toContain('"keyring"');
    expect((await failure(make({ credentialsStore: 'ephemeral' }))).message).toContain('Not logged in');
    const env = { OPENAI_API_KEY: 'sk-env' };
    expect(await make({ credentialsStore: 'keyring' }, env).headers('request')).toBeTruthy();
  });

  test.each([
    '{',
    '[]',
    '{}',
    '{"auth_mode":"apikey"}',
    '{"auth_mode":"x","OPENAI_API_KEY":"sk-secret"}',
    'sk-secret',
  ])('a damaged file %s is an error that does not quote it', async (text) => {
    store(text);
    const { message } = await failure(make());
    expect(message).toContain('auth.json');
    expect(message).not.toContain('sk-secret');
  });
});

describe('other providers', () => {
  test('env_key', async () => {
    const provider = { ...MINE, envKey: 'MINE', envKeyInstructions: 'Ask Ann for one.' };
    expect(await make({ provider }, { MINE: 'k' }).headers('request')).toEqual({ authorization: 'Bearer k' });
    expect((await failure(make({ provider }, { OPENAI_API_KEY: 'sk' }))).message).toBe(
      'Missing environment variable: `MINE`. Ask Ann for one.',
    );
    expect((await failure(make({ provider: { ...provider, envKeyInstructions: null } }))).message).toContain(
      'Missing environment variable: `MINE`. Set it',
    );
  });

  test('a token in the config, the OpenAI login, or nothing', async () => {
    const env = { OPENAI_API_KEY: 'sk' };
    const token = make({ provider: { ...MINE, bearerToken: 'tok' } }, env);
    expect(await token.headers('request')).toEqual({ authorization: 'Bearer tok' });
    expect(token.describe()).toMatchObject({ source: 'config' });
    expect(JSON.stringify(token.describe())).not.toContain('"tok"');
    const borrowed = make({ provider: { ...MINE, requiresOpenaiAuth: true } }, env);
    expect(await borrowed.headers('request')).toEqual({ authorization: 'Bearer sk' });
    expect(await make({ provider: MINE }, env).headers('request')).toEqual({});
    expect(make({ provider: MINE }).describe()).toMatchObject({ source: 'none', isMissing: false });
  });
});
