// Model providers: the built-in ones, those of the config, and which one a run uses.
import { nearestWord } from '../lib/nearest-word.ts';
import { UsageError } from '../protocol/error.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import { tableAt } from './layers.ts';
import { isTable, valueAt, type Table } from './table.ts';

type Env = Readonly<Record<string, string | undefined>>;

export const OPENAI_BASE_URL = 'https://api.openai.com/v1';

export const BUILT_IN_PROVIDERS = ['openai', 'ollama', 'lmstudio', 'demo'] as const;

/** Models that `--oss` runs when none is named. Source: Codex 0.118. */
export const OSS_MODELS: Readonly<Record<string, string>> = {
  ollama: 'gpt-oss:20b',
  lmstudio: 'openai/gpt-oss-20b',
};

const MAX_RETRIES = 100;
const REQUEST_RETRIES = 4;
const STREAM_RETRIES = 5;
const STREAM_IDLE_MS = 300_000;

/** Login variables of our own, whatever the config says. */
const LOGIN_VARIABLES = ['CODEX_API_KEY', 'OPENAI_API_KEY', 'CODEX_ACCESS_TOKEN'] as const;

/** A header may carry the user's name; taking these away would break every command. */
const NEVER_SECRET = new Set(['HOME', 'PATH', 'USER', 'LOGNAME', 'SHELL', 'PWD', 'TMPDIR', 'LANG', 'TERM']);

function plainProvider(id: string, name: string, baseUrl: string): ProviderSettings {
  return {
    id,
    name,
    baseUrl,
    wireApi: 'responses',
    envKey: null,
    envKeyInstructions: null,
    bearerToken: null,
    headers: {},
    envHeaders: {},
    queryParams: {},
    requiresOpenaiAuth: false,
    requestMaxRetries: REQUEST_RETRIES,
    streamMaxRetries: STREAM_RETRIES,
    streamIdleTimeoutMs: STREAM_IDLE_MS,
  };
}

/** Checked and without trailing slashes. The error names the key, not the whole URL: a query may hold a key. */
function checkUrl(url: string, key: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new UsageError(`\`${key}\` is not a URL. Write it like "https://host/v1".`);
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    throw new UsageError(`\`${key}\` must start with https:// or http://, not ${parsed.protocol}//.`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new UsageError(
      `\`${key}\` must not hold a user name or password. Use \`http_headers\` or \`env_key\`.`,
    );
  }
  return url.replace(/\/+$/, '');
}

function builtIn(id: string, tree: Table, env: Env): ProviderSettings | null {
  switch (id) {
    case 'openai': {
      const configured = tree['openai_base_url'];
      const isSet = typeof configured === 'string' && configured !== '';
      const url = isSet ? configured : env['OPENAI_BASE_URL'] || OPENAI_BASE_URL;
      const key = isSet ? 'openai_base_url' : 'OPENAI_BASE_URL';
      return { ...plainProvider(id, 'OpenAI', checkUrl(url, key)), requiresOpenaiAuth: true };
    }
    case 'ollama':
    case 'lmstudio': {
      const port = env['CODEX_OSS_PORT'] || (id === 'ollama' ? '11434' : '1234');
      const url = env['CODEX_OSS_BASE_URL'] || `http://localhost:${port}/v1`;
      const name = id === 'ollama' ? 'Ollama' : 'LM Studio';
      return plainProvider(
        id,
        name,
        checkUrl(url, env['CODEX_OSS_BASE_URL'] ? 'CODEX_OSS_BASE_URL' : 'CODEX_OSS_PORT'),
      );
    }
    case 'demo':
      // The host starts the scripted server and fills in its address.
      return plainProvider(id, 'Demo (scripted, no real model)', '');
    default:
      return null;
  }
}

function configured(id: string, table: Table, env: Env): ProviderSettings {
  const key = (name: string): string => `model_providers.${id}.${name}`;
  const text = (name: string): string | null => (table[name] as string | undefined) || null;
  const strings = (name: string): Record<string, string> => ({ ...(table[name] as Record<string, string>) });
  const retries = (name: string, fallback: number): number =>
    Math.min((table[name] as number | undefined) ?? fallback, MAX_RETRIES);
  const wireApi = text('wire_api') ?? 'responses';
  if (wireApi !== 'responses') {
    throw new UsageError(
      `\`${key('wire_api')}\` is "${wireApi}", which this version does not speak. Supported: "responses".`,
    );
  }
  if (isTable(table['auth'])) {
    throw new UsageError(
      `\`${key('auth')}\` (a command that prints a token) is not supported by this version, and no request is sent ` +
        `without it. Use \`env_key\` for provider "${id}", or choose another provider with -c model_provider=ID.`,
    );
  }
  const envHeaders = Object.entries(strings('env_http_headers')).filter(([, name]) => env[name]?.trim());
  return {
    ...plainProvider(id, text('name') ?? id, checkUrl(text('base_url') ?? OPENAI_BASE_URL, key('base_url'))),
    envKey: text('env_key'),
    envKeyInstructions: text('env_key_instructions'),
    bearerToken: text('experimental_bearer_token'),
    headers: strings('http_headers'),
    envHeaders: Object.fromEntries(envHeaders),
    queryParams: strings('query_params'),
    requiresOpenaiAuth: table['requires_openai_auth'] === true,
    requestMaxRetries: retries('request_max_retries', REQUEST_RETRIES),
    streamMaxRetries: retries('stream_max_retries', STREAM_RETRIES),
    streamIdleTimeoutMs: (table['stream_idle_timeout_ms'] as number | undefined) ?? STREAM_IDLE_MS,
  };
}

/** The settings of one provider. Throws `UsageError` for an unknown id, a reserved one, and what is not supported. */
export function resolveProvider(id: string, tree: Table, env: Env): ProviderSettings {
  const own = tableAt(tree, 'model_providers');
  const reserved = BUILT_IN_PROVIDERS.filter((name) => Object.hasOwn(own, name));
  if (reserved.length > 0) {
    throw new UsageError(
      `model_providers uses reserved built-in provider IDs: ${reserved.map((name) => `\`${name}\``).join(', ')}. ` +
        'Give your provider another id' +
        (reserved.includes('openai')
          ? ', or set `openai_base_url` to change the address of the built-in one.'
          : '.'),
    );
  }
  const known = builtIn(id, tree, env);
  if (known) return known;
  const table = Object.hasOwn(own, id) ? own[id] : undefined;
  if (isTable(table)) return configured(id, table, env);
  const ids = [...BUILT_IN_PROVIDERS, ...Object.keys(own)];
  const guess = nearestWord(id, ids);
  throw new UsageError(
    `Model provider \`${id}\` not found.${guess ? ` Did you mean "${guess}"?` : ''} Known: ${ids.join(', ')}.`,
  );
}

/** Names of all environment variables that hold keys of any configured provider, those of unused profiles included. */
export function secretEnvNames(tree: Table): string[] {
  const names = new Set<string>(LOGIN_VARIABLES);
  const profiles = Object.values(tableAt(tree, 'profiles')).filter(isTable);
  const providers = [tree, ...profiles].flatMap((one) => Object.values(tableAt(one, 'model_providers')));
  for (const provider of providers) {
    const envKey = valueAt(provider, ['env_key']);
    if (typeof envKey === 'string') names.add(envKey);
    const headers = valueAt(provider, ['env_http_headers']);
    for (const name of isTable(headers) ? Object.values(headers) : []) {
      if (typeof name === 'string' && !NEVER_SECRET.has(name)) names.add(name);
    }
  }
  names.delete('');
  return [...names];
}
