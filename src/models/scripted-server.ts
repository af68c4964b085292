// A loopback HTTP server that speaks the Responses API from a script: behind the demo model, and behind the tests.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { estimateTokens, streamPieces } from './scripted-reply.ts';
import type { StreamPiece, StreamReply } from './scripted-reply.ts';

export interface RecordedRequest {
  method: string;
  /** Path and query as they came. */
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  bodyText: string;
  /** The body as JSON; null when it is none. */
  body: unknown;
  /** Resolves when the answer is over, whoever ended it; true when the client did so before its end. */
  closed: Promise<{ early: boolean }>;
}

export type Reply =
  | StreamReply
  | {
      type: 'http';
      status: number;
      headers?: Readonly<Record<string, string>>;
      /** An object is sent as JSON. */
      body: string | object;
    }
  /** Bytes of an event stream as they are; `end` says what comes after them. */
  | {
      type: 'raw';
      chunks: readonly (string | Uint8Array)[];
      headers?: Readonly<Record<string, string>>;
      end?: 'close' | 'cut' | 'stall';
    }
  /** Takes the request and never answers. */
  | { type: 'silence' }
  /** Takes the request and closes the connection. */
  | { type: 'hangUp' };

/** Decides the answer to the request with this number (from 0). */
export type Script = (request: RecordedRequest, index: number) => Reply | Promise<Reply>;

export interface ScriptedServerOptions {
  /** Part of every id the server makes up; random by default, so that two servers never give the same call id. */
  idPrefix?: string;
  /** Keeps the requests for inspection (default true). */
  record?: boolean;
}

export interface ScriptedServer {
  /** `http://127.0.0.1:PORT/v1`, to be used as a provider's base_url. */
  baseUrl: string;
  requests: RecordedRequest[];
  /** How many TCP connections were opened. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Bytes collected before a write: small enough to look like a stream, large enough to be fast. */
const WRITE_BYTES = 16 * 1024;

/** Starts the server on a free port of 127.0.0.1. WebSocket upgrades are refused with 426. */
export async function startScriptedServer(
  script: Script,
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const idPrefix = options.idPrefix ?? randomBytes(4).toString('hex');
  const requests: RecordedRequest[] = [];
  let connections = 0;
  let count = 0;
  let previous = '';
  const server = createServer((message, response) => {
    void answer(message, response).catch((error: unknown) => {
      if (!response.headersSent)
        sendHttp(response, 500, {}, { error: { message: `script failed: ${String(error)}` } });
      else response.destroy();
    });
  });

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message, response);
    const index = count++;
    if (options.record !== false) requests.push(request);
    const isResponses = request.method === 'POST' && /\/responses(\?|$)/.test(request.url);
    if (!isResponses) {
      const error = { message: `no such address: ${request.method} ${request.url}`, code: 'not_found' };
      return sendHttp(response, 404, {}, { error });
    }
    const reply = await script(request, index);
    const inputTokens = estimateTokens(request.bodyText);
    const isContinued = previous !== '' && request.bodyText.startsWith(previous.slice(0, -2));
    const cachedTokens = isContinued ? Math.min(inputTokens, estimateTokens(previous) - 1) : 0;
    previous = request.bodyText;
    await sendReply(response, reply, (stream) =>
      streamPieces(stream, {
        model: modelOf(request.body),
        idPrefix: `${idPrefix}${index}`,
        createdAt: Math.floor(Date.now() / 1000),
        inputTokens,
        cachedTokens,
      }),
    );
  }

  server.on('connection', () => connections++);
  server.on('upgrade', (_message, socket) => {
    socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    get connections() {
      return connections;
    },
    close: () => closeServer(server),
  };
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function readRequest(message: IncomingMessage, response: ServerResponse): Promise<RecordedRequest> {
  const closed = new Promise<{ early: boolean }>((resolve) => {
    response.once('close', () => resolve({ early: !response.writableFinished }));
  });
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  const bodyText = Buffer.concat(chunks).toString('utf8');
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  return {
    method: message.method ?? '',
    url: message.url ?? '',
    headers,
    bodyText,
    body: parseJson(bodyText),
    closed,
  };
}

async function sendReply(
  response: ServerResponse,
  reply: Reply,
  pieces: (reply: StreamReply) => Iterable<StreamPiece>,
): Promise<void> {
  switch (reply.type) {
    case 'stream':
      startStream(response, reply.headers);
      return sendStream(response, pieces(reply), reply);
    case 'raw': {
      startStream(response, reply.headers);
      for (const chunk of reply.chunks) await write(response, chunk);
      return finish(response, reply.end ?? 'close');
    }
    case 'http':
      return sendHttp(response, reply.status, reply.headers ?? {}, reply.body);
    case 'silence':
      return undefined;
    case 'hangUp':
      response.socket?.destroy();
      return undefined;
  }
}

async function sendStream(
  response: ServerResponse,
  pieces: Iterable<StreamPiece>,
  reply: StreamReply,
): Promise<void> {
  const { deltasPerSecond: rate } = reply;
  const limit = reply.cutAfterBytes ?? reply.stallAfterBytes ?? Number.POSITIVE_INFINITY;
  const start = performance.now();
  let waiting = '';
  let sent = 0;
  let deltas = 0;
  const flush = async (): Promise<boolean> => {
    const bytes = Buffer.from(waiting);
    waiting = '';
    const allowed = bytes.subarray(0, Math.max(0, limit - sent));
    sent += allowed.length;
    await write(response, allowed);
    return allowed.length === bytes.length;
  };
  for (const piece of pieces) {
    if (response.destroyed) return;
    waiting += piece.text;
    deltas += piece.deltas;
    const due = rate === undefined ? 0 : start + (deltas / rate) * 1000 - performance.now();
    if (waiting.length < WRITE_BYTES && due <= 1) continue;
    if (!(await flush())) break;
    if (due > 1) await sleep(due);
  }
  await flush();
  if (sent < limit) finish(response, 'close');
  else finish(response, reply.cutAfterBytes === undefined ? 'stall' : 'cut');
}

function finish(response: ServerResponse, end: 'close' | 'cut' | 'stall'): void {
  switch (end) {
    case 'close':
      response.end();
      break;
    case 'cut':
      // Without the last chunk of the chunked body, the client knows that something is missing.
      response.socket?.destroySoon();
      break;
    case 'stall':
      break;
  }
}

function startStream(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers });
  response.flushHeaders();
}

async function write(response: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  if (chunk.length === 0 || response.destroyed) return;
  if (response.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
  });
}

function sendHttp(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | object,
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function modelOf(body: unknown): string {
  const model = typeof body === 'object' && body !== null ? (body as { model?: unknown }).model : undefined;
  return typeof model === 'string' ? model : 'unknown';
}
