// The model provider of a host: credentials, wire adapter, and the demo model's loopback server.
import type { ModelClient } from '../protocol/model.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import type { Credentials } from '../auth/credentials.ts';
import { createResponsesClient } from '../models/responses.ts';

export interface ProviderOptions {
  provider: ProviderSettings;
  credentials: Credentials;
  env: Readonly<Record<string, string | undefined>>;
  version: string;
  originator: string;
  now(): number;
}

export interface Provider {
  client: ModelClient;
  /** Variables that hold credentials: commands never get them. */
  secretEnvNames: readonly string[];
  close(): Promise<void>;
}

export const DEMO_PROVIDER = 'demo';

export function openProvider(options: ProviderOptions): Provider {
  const { credentials } = options;
  const { secretEnvNames } = credentials;
  if (options.provider.id !== DEMO_PROVIDER) {
    const baseUrl = credentials.baseUrl() ?? options.provider.baseUrl;
    return {
      client: wireClient(options, { ...options.provider, baseUrl }),
      secretEnvNames,
      close: () => Promise.resolve(),
    };
  }
  let server: Promise<{ baseUrl: string; close(): Promise<void> }> | null = null;
  const start = async (): Promise<{ baseUrl: string; close(): Promise<void> }> => {
    const { startDemoServer } = await import('../models/demo.ts');
    return startDemoServer();
  };
  let client: ModelClient | null = null;
  return {
    secretEnvNames,
    async *client(request, signal) {
      const { baseUrl } = await (server ??= start());
      client ??= wireClient(options, { ...options.provider, baseUrl });
      yield* client(request, signal);
    },
    async close() {
      if (server) await (await server).close();
    },
  };
}

function wireClient(options: ProviderOptions, provider: ProviderSettings): ModelClient {
  const { version, originator, env, now, credentials } = options;
  return createResponsesClient({
    provider,
    authHeaders: (reason) => credentials.headers(reason),
    env,
    originator,
    version,
    userAgent: `${originator}/${version} (${process.platform}; ${process.arch})`,
    now,
  });
}
