// Encodes a request of the Responses API: address, headers, and a body whose bytes only ever grow at the end.
import { createGarbageMeter } from '../lib/runtime/memory.ts';
import { TurnError } from '../protocol/error.ts';
import type { HistoryEntry } from '../protocol/history.ts';
import type { ModelRequest, ServiceTier, ToolSpec } from '../protocol/model.ts';
import type { ProviderSettings } from '../protocol/settings.ts';
import { cleanText } from './error-text.ts';

/** Where requests go: the address as sent, and as it may be shown (no credentials, no query values). */
export interface Endpoint {
  url: string;
  shown: string;
}

/** What of the client's options becomes headers. */
export interface HeaderSources {
  provider: ProviderSettings;
  env: Readonly<Record<string, string | undefined>>;
  originator: string;
  version: string;
  userAgent: string;
}

/** Hosts of Azure OpenAI, which keeps responses on the server and therefore wants item ids back. */
const AZURE_HOST =
  /(^|\.)(openai\.azure\.(com|us|cn)|cognitiveservices\.azure\.(com|us|cn)|services\.ai\.azure\.com|azure-api\.net|azurefd\.net|aoai\.azure\.com)$/;

const WIRE_TIERS: Readonly<Record<ServiceTier, string>> = { fast: 'priority', flex: 'flex' };

/**
 * The address of `POST {base_url}/responses` with the provider's query parameters.
 * @throws TurnError `bad_request` when no request can be made of it.
 */
export function resolveEndpoint(provider: ProviderSettings): Endpoint {
  const url = URL.canParse(provider.baseUrl) ? new URL(provider.baseUrl) : null;
  const where = `model provider "${cleanText(provider.id, 80)}"`;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new TurnError(
      'bad_request',
      `The base_url of ${where} is not an http or https address: ${showAddress(provider.baseUrl)}. Correct base_url in config.toml; nothing was sent.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new TurnError(
      'bad_request',
      `The base_url of ${where} (${showUrl(url)}) contains a user name or password. Put them in env_key or env_http_headers instead; nothing was sent.`,
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/responses`;
  url.hash = '';
  for (const [name, value] of Object.entries(provider.queryParams)) url.searchParams.append(name, value);
  return { url: url.href, shown: showUrl(url) };
}

/** An address for people: without credentials, and with the values of its query left out. */
export function showUrl(url: URL): string {
  const names = [...new Set(url.searchParams.keys())].map((name) => `${encodeURIComponent(name)}=[redacted]`);
  const path = `${url.protocol}//${url.host}${url.pathname}`;
  return cleanText(names.length === 0 ? path : `${path}?${names.join('&')}`, 500);
}

/** An address that may not parse, in quotes, with all that could be secret cut off. */
function showAddress(text: string): string {
  const bare = text.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//[redacted]@');
  return `"${cleanText(bare, 200)}"`;
}

/** Whether the provider stores responses (`store: true`): Azure only, as Codex does. */
export function storesResponses(provider: ProviderSettings): boolean {
  if (provider.id === 'azure' || provider.name.toLowerCase() === 'azure') return true;
  return URL.canParse(provider.baseUrl) && AZURE_HOST.test(new URL(provider.baseUrl).hostname);
}

/** All headers but the credentials. Names in lower case; a later source overrides an earlier one. */
export function buildHeaders(
  request: ModelRequest,
  sources: HeaderSources,
  turnState: string | undefined,
): Record<string, string> {
  const { provider, env } = sources;
  const headers: Record<string, string> = {
    accept: 'text/event-stream',
    // A compressed stream would be held back until a block is full.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    originator: sources.originator,
    'user-agent': sources.userAgent,
    session_id: request.threadId,
    'x-client-request-id': request.threadId,
    'x-codex-turn-metadata': JSON.stringify({
      session_id: request.threadId,
      turn_id: request.turnId,
      sandbox: request.sandboxMode,
    }),
  };
  if (provider.id === 'openai') headers['version'] = sources.version;
  if (turnState !== undefined) headers['x-codex-turn-state'] = turnState;
  for (const [name, value] of Object.entries(provider.headers)) headers[name.toLowerCase()] = value;
  for (const [name, variable] of Object.entries(provider.envHeaders)) {
    const value = env[variable];
    if (value !== undefined && value.trim() !== '') headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** Characters of bodies after which what they were made of is collected. */
const LARGE_BODY = 4_000_000;

/** Threads whose latest body is remembered. */
const MAX_WRITTEN = 16;

/** Turns requests into bodies; goes on from the JSON of the request before, so that a history is written only once. */
export class BodyEncoder {
  readonly #store: boolean;
  readonly #garbage = createGarbageMeter(LARGE_BODY);
  /** By thread, entries of the latest request and their JSON: the next request mostly begins with all of them. */
  readonly #written = new Map<string, { entries: readonly HistoryEntry[]; json: string }>();
  #tools: { specs: readonly ToolSpec[]; wire: Record<string, unknown>[] } | null = null;

  constructor(options: { store: boolean }) {
    this.#store = options.store;
  }

  /**
   * The JSON body. `input` is its last member: as long as the other fields stay the same and the history only grows,
   * a body begins with all bytes of the body before it but the closing `]}`.
   */
  encode(request: ModelRequest): string {
    const head = JSON.stringify(this.#head(request));
    const start = `${head.slice(0, -1)},"input":[`;
    const body = [start, ...this.#input(request), ']}'].join('');
    // A part of the body, not a copy: a long history is megabytes.
    this.#remember(request, body.slice(start.length, -2));
    this.#garbage.add(body.length);
    return body;
  }

  /** The JSON of the entries in pieces, commas included. */
  #input({ input: entries, threadId }: ModelRequest): string[] {
    const before = this.#written.get(threadId) ?? { entries: [], json: '' };
    const isLonger = entries.length >= before.entries.length;
    const isGrown = isLonger && before.entries.every((entry, index) => entry === entries[index]);
    const fresh = isGrown ? entries.slice(before.entries.length) : entries;
    const pieces = isGrown && before.json !== '' ? [before.json] : [];
    for (const entry of fresh) {
      if (pieces.length > 0) pieces.push(',');
      pieces.push(JSON.stringify(wireEntry(entry, { keepId: this.#store })));
    }
    return pieces;
  }

  #remember({ input, threadId }: ModelRequest, json: string): void {
    this.#written.delete(threadId);
    this.#written.set(threadId, { entries: [...input], json });
    const [oldest] = this.#written.keys();
    if (this.#written.size > MAX_WRITTEN && oldest !== undefined) this.#written.delete(oldest);
  }

  #wireTools(specs: readonly ToolSpec[]): Record<string, unknown>[] {
    if (this.#tools?.specs !== specs) this.#tools = { specs, wire: specs.map(encodeTool) };
    return this.#tools.wire;
  }

  #head(request: ModelRequest): Record<string, unknown> {
    const { reasoning, serviceTier } = request;
    const text = textOptions(request);
    return {
      model: request.model,
      instructions: request.instructions,
      tools: [...this.#wireTools(request.tools), ...request.hostedTools],
      tool_choice: request.toolChoice ?? 'auto',
      parallel_tool_calls: request.parallelToolCalls,
      reasoning: reasoning === null ? null : reasoningOptions(reasoning),
      store: this.#store,
      stream: true,
      include: reasoning === null ? [] : ['reasoning.encrypted_content'],
      ...(serviceTier === undefined ? {} : { service_tier: WIRE_TIERS[serviceTier] }),
      prompt_cache_key: request.threadId,
      ...(text === null ? {} : { text }),
    };
  }
}

/** A server that stores nothing would look up an id in vain: ids go out only where responses are stored. */
function wireEntry(entry: HistoryEntry, options: { keepId: boolean }): object {
  if (entry.type === 'unknown') return entry.raw;
  const wire: Record<string, unknown> = { ...entry };
  if (!options.keepId) delete wire['id'];
  // The API takes an array or nothing; rollouts of Codex say null.
  if (entry.type === 'reasoning' && entry.content === null) delete wire['content'];
  return wire;
}

function encodeTool(tool: ToolSpec): Record<string, unknown> {
  const { name, description, input } = tool;
  switch (input.type) {
    case 'json':
      return { type: 'function', name, description, strict: input.strict ?? false, parameters: input.schema };
    case 'freeform':
      return {
        type: 'custom',
        name,
        description,
        format: { type: 'grammar', syntax: input.syntax, definition: input.definition },
      };
  }
}

function reasoningOptions(reasoning: NonNullable<ModelRequest['reasoning']>): Record<string, string> {
  const { effort, summary } = reasoning;
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(summary === undefined || summary === 'none' ? {} : { summary }),
  };
}

function textOptions(request: ModelRequest): Record<string, unknown> | null {
  const { verbosity, outputSchema: schema } = request;
  if (verbosity === undefined && schema === undefined) return null;
  const format = { type: 'json_schema', strict: true, name: 'codex_output_schema', schema };
  return {
    ...(verbosity === undefined ? {} : { verbosity }),
    ...(schema === undefined ? {} : { format }),
  };
}
