// `debug prompt-input`: what the model would read, taken from a real request that goes no further than this process.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { Host } from '../../host/host.ts';
import { UsageError } from '../../protocol/error.ts';
import type { UserInput } from '../../protocol/item.ts';
import type { ProviderSettings, Settings } from '../../protocol/settings.ts';

export interface PromptInputRequest {
  settings: Settings;
  /** null: only what comes before a prompt. */
  prompt: string | null;
  /** Paths as given. */
  images: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  version: string;
}

/** The input items of the first request of a new thread, as the provider would get them. */
export async function capturePromptInput(request: PromptInputRequest): Promise<unknown[]> {
  const { env, version, images, prompt, cwd } = request;
  const capture = await startCapture();
  const host = new Host({
    settings: { ...request.settings, provider: loopback(request.settings.provider, capture.baseUrl) },
    env,
    version,
    originator: 'skua_debug',
    source: 'cli',
    askApproval: () => Promise.resolve('decline'),
    askUser: () => Promise.resolve(null),
  });
  const hosted = host.openThread({
    origin: { type: 'new' },
    ephemeral: true,
    budget: null,
    outputSchema: null,
    endSessionsWithTurn: true,
  });
  try {
    const shown = images.map((path): UserInput => ({ type: 'localImage', path: resolve(cwd, path) }));
    const result = await hosted.thread.run([...shown, { type: 'text', text: prompt ?? '-' }]);
    const input = capture.input();
    if (input === null) {
      const reason = result.status === 'failed' ? result.error.message : 'the turn made no request.';
      throw new UsageError(`Nothing was captured: ${reason}`);
    }
    return prompt === null ? input.slice(0, -1) : input;
  } finally {
    await hosted.close();
    await host.close();
    await capture.close();
  }
}

/** No credential leaves for the loopback server, and nothing is tried twice. */
function loopback(provider: ProviderSettings, baseUrl: string): ProviderSettings {
  return {
    ...provider,
    // The built-in demo has a server of its own; any other name is an ordinary provider.
    id: provider.id === 'demo' ? 'capture' : provider.id,
    baseUrl,
    envKey: null,
    bearerToken: 'none',
    headers: {},
    envHeaders: {},
    queryParams: {},
    requiresOpenaiAuth: false,
    requestMaxRetries: 0,
    streamMaxRetries: 0,
  };
}

interface Capture {
  baseUrl: string;
  input(): unknown[] | null;
  close(): Promise<void>;
}

async function startCapture(): Promise<Capture> {
  let captured: unknown[] | null = null;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { input: unknown[] };
      captured ??= body.input;
      // 400 is never retried: the turn ends here.
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"captured"}}');
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    input: () => captured,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
