// Tests of providers: built-in ones, those of the config, and what is refused.
import { describe, expect, test } from 'vitest';
import { resolveProvider, secretEnvNames } from './providers.ts';

const of = (id: string, tree: Record<string, unknown> = {}, env: Record<string, string> = {}) =>
  resolveProvider(id, tree, env);
const own = (table: Record<string, unknown>, env: Record<string, string> = {}) =>
  of('mine', { model_providers: { mine: table } }, env);

describe('built-in', () => {
  test('openai, with its address changed by config or environment', () => {
    expect(of('openai')).toMatchObject({ baseUrl: 'https://api.openai.com/v1', requiresOpenaiAuth: true });
    expect(of('openai', { openai_base_url: 'http://127.0.0.1:1/v1/' }).baseUrl).toBe('http://127.0.0.1:1/v1');
    const env = { OPENAI_BASE_URL: 'https://env/v1' };
    expect(of('openai', {}, env).baseUrl).toBe('https://env/v1');
    expect(of('openai', { openai_base_url: 'https://config' }, env).baseUrl).toBe('https://config');
  });

  test('local ones need no key', () => {
    expect(of('ollama')).toMatchObject({ baseUrl: 'http://localhost:11434/v1', requiresOpenaiAuth: false });
    expect(of('lmstudio', {}, { CODEX_OSS_PORT: '99' }).baseUrl).toBe('http://localhost:99/v1');
    expect(of('demo')).toMatchObject({ baseUrl: '', requiresOpenaiAuth: false, envKey: null });
  });

  test.each(['openai', 'ollama', 'lmstudio', 'demo'])('%s is reserved', (id) => {
    const tree = { model_providers: { [id]: { name: 'x' } } };
    expect(() => of('openai', tree)).toThrow(`reserved built-in provider IDs: \`${id}\``);
  });
});

describe('of the config', () => {
  test('all keys', () => {
    const table = {
      name: 'Mine',
      base_url: 'https://mine/v1/',
      env_key: 'MINE',
      env_key_instructions: 'Ask Ann.',
      http_headers: { a: 'b' },
      env_http_headers: { x: 'SET', y: 'UNSET', z: 'EMPTY' },
      query_params: { 'api-version': '1' },
      request_max_retries: 1000,
      stream_max_retries: 0,
      stream_idle_timeout_ms: 5,
    };
    expect(own(table, { SET: 'v', EMPTY: ' ' })).toEqual({
      id: 'mine',
      name: 'Mine',
      baseUrl: 'https://mine/v1',
      wireApi: 'responses',
      envKey: 'MINE',
      envKeyInstructions: 'Ask Ann.',
      bearerToken: null,
      headers: { a: 'b' },
      envHeaders: { x: 'SET' },
      queryParams: { 'api-version': '1' },
      requiresOpenaiAuth: false,
      requestMaxRetries: 100,
      streamMaxRetries: 0,
      streamIdleTimeoutMs: 5,
    });
  });

  test('defaults', () => {
    expect(own({})).toMatchObject({
      name: 'mine',
      baseUrl: 'https://api.openai.com/v1',
      requestMaxRetries: 4,
      streamMaxRetries: 5,
      streamIdleTimeoutMs: 300_000,
    });
  });

  test.each([
    [{ wire_api: 'chat' }, '"chat", which this version does not speak. Supported: "responses"'],
    [{ auth: { command: 'x' } }, 'is not supported by this version'],
    [{ base_url: 'not a url' }, 'is not a URL'],
    [{ base_url: 'ftp://x' }, 'must start with https://'],
    [{ base_url: 'https://me:sk-secret@x/v1' }, 'must not hold a user name or password'],
  ])('%j is refused', (table, text) => {
    expect(() => own(table)).toThrow(text);
    expect(() => own(table)).not.toThrow('sk-secret');
  });

  test('an unknown id names the nearest and all', () => {
    const tree = { model_providers: { azure: {} } };
    expect(() => of('azur', tree)).toThrow('`azur` not found. Did you mean "azure"? Known: openai, ');
    expect(() => of('constructor', tree)).toThrow('not found');
  });
});

test('variables of all providers are secret, those that every command needs are not', () => {
  const tree = {
    model_providers: {
      a: { env_key: 'A_KEY', env_http_headers: { x: 'A_HEADER', user: 'USER' } },
      b: { env_key: 'B_KEY' },
    },
  };
  expect(secretEnvNames(tree).sort()).toEqual([
    'A_HEADER',
    'A_KEY',
    'B_KEY',
    'CODEX_ACCESS_TOKEN',
    'CODEX_API_KEY',
    'OPENAI_API_KEY',
  ]);
});
