// Requests, providers and clients for the tests of the models folder.
import { createResponsesClient } from '../../src/models/responses.ts';
import type { ResponsesClientOptions } from '../../src/models/responses.ts';
import type { TurnError } from '../../src/protocol/error.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { ModelClient, ModelEvent, ModelRequest } from '../../src/protocol/model.ts';
import type { ProviderSettings } from '../../src/protocol/settings.ts';

export const TEST_KEY = 'opaque-0123456789abcdef';

export function makeProvider(overrides: Partial<ProviderSettings> = {}): ProviderSettings {
  return {
    id: 'mock',
    name: 'Mock',
    baseUrl: 'http://127.0.0.1:9/v1',
    wireApi: 'responses',
    envKey: 'MOCK_KEY',
    envKeyInstructions: null,
    bearerToken: null,
    headers: {},
    envHeaders: {},
    queryParams: {},
    requiresOpenaiAuth: false,
    requestMaxRetries: 0,
    streamMaxRetries: 0,
    streamIdleTimeoutMs: 10_000,
    ...overrides,
  };
}

export function makeRequest(overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: 'gpt-5.3-codex',
    instructions: 'Be brief.',
    input: [],
    tools: [],
    hostedTools: [],
    parallelToolCalls: true,
    reasoning: null,
    threadId: '0199a213-81c0-7800-8aa1-bbab2a035a53',
    turnId: 'turn-1',
    sandboxMode: 'workspace-write',
    ...overrides,
  };
}

export function makeClient(
  baseUrl: string,
  overrides: Partial<ProviderSettings> = {},
  options: Partial<ResponsesClientOptions> = {},
): ModelClient {
  return createResponsesClient({
    provider: makeProvider({ baseUrl, ...overrides }),
    authHeaders: () => Promise.resolve({ authorization: `Bearer ${TEST_KEY}` }),
    env: {},
    originator: 'skua_test',
    version: '1.2.3',
    userAgent: 'skua_test/1.2.3',
    ...options,
  });
}

/** What one call came to: its events, and the error that ended it. */
export interface Outcome {
  events: ModelEvent[];
  entries: HistoryEntry[];
  text: string;
  error: TurnError | null;
}

export async function collect(
  client: ModelClient,
  request: ModelRequest = makeRequest(),
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const events: ModelEvent[] = [];
  let error: TurnError | null = null;
  try {
    for await (const event of client(request, signal)) events.push(event);
  } catch (caught) {
    error = caught as TurnError;
  }
  const entries = events.flatMap((event) => (event.type === 'entry' ? [event.entry] : []));
  const text = events.map((event) => (event.type === 'textDelta' ? event.text : '')).join('');
  return { events, entries, text, error };
}

export function userMessage(text: string): HistoryEntry {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}
