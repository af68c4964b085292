// A Responses API on loopback that plays a script per run and keeps every request. Runs on Node >= 20.
import { createServer } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const sse = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};

/** Steps of a script: each answers one request. */
export const say = (text) => ({ kind: 'items', items: [message(text)] });
export const think = (summary, text) => ({ kind: 'items', items: [reasoning(summary), message(text)] });
export const run = (cmd, text) => ({
  kind: 'items',
  items: [...(text ? [message(text)] : []), { call: 'shell', cmd }],
});
export const patch = (input) => ({ kind: 'items', items: [{ call: 'patch', input }] });
export const plan = (steps) => ({ kind: 'items', items: [{ call: 'plan', steps }] });
export const status = (code, body, headers = {}) => ({ kind: 'status', code, body, headers });
export const cut = () => ({ kind: 'cut' });
export const fail = (code, text) => ({ kind: 'failed', code, message: text });
/** The same answer, but as late as a real model gives it. */
export const slow = (step) => ({ ...step, delayMs: 400 });
export const hold = () => ({ kind: 'hold' });

function message(text) {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] };
}

function reasoning(summary) {
  return {
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: summary }],
    content: null,
    encrypted_content: 'c2VjcmV0',
  };
}

/** Starts the server. `open(script)` gives a base URL and the list that fills with request bodies. */
export async function startServer() {
  const runs = new Map();
  let serial = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks), response, runs));
    request.on('error', () => response.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return {
    open(script) {
      const id = `r${++serial}`;
      const run = { script, requests: [], next: 0, waiters: [] };
      runs.set(id, run);
      return {
        baseUrl: `http://127.0.0.1:${port}/${id}/v1`,
        requests: run.requests,
        /** Resolves when `count` requests have arrived. */
        arrived: (count) =>
          new Promise((resolve) => {
            const check = () => run.requests.length >= count && resolve();
            run.waiters.push(check);
            check();
          }),
      };
    },
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

function answer(request, bytes, response, runs) {
  const [, id, , path] = new URL(request.url, 'http://x').pathname.split('/');
  const run = runs.get(id);
  if (!run || request.method !== 'POST' || path !== 'responses') {
    response.writeHead(404).end();
    return;
  }
  const encoding = request.headers['content-encoding'];
  const plain =
    encoding === 'gzip' ? gunzipSync(bytes) : encoding === 'br' ? brotliDecompressSync(bytes) : bytes;
  const body = JSON.parse(plain.toString('utf8'));
  run.requests.push({ headers: request.headers, body, at: performance.now() });
  for (const waiter of run.waiters) waiter();
  const step = run.script[Math.min(run.next++, run.script.length - 1)];
  const send = () => play(step, body, response, `${id}-${run.next}`);
  if (step.delayMs) setTimeout(send, step.delayMs);
  else send();
}

function play(step, body, response, id) {
  if (step.kind === 'status') {
    response.writeHead(step.code, { 'content-type': 'application/json', ...step.headers });
    response.end(typeof step.body === 'string' ? step.body : JSON.stringify(step.body));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const base = { id: `resp_${id}`, object: 'response', model: body.model, output: [], usage: null };
  const created = sse({ type: 'response.created', response: { ...base, status: 'in_progress' } });
  if (step.kind === 'cut') {
    // The client has long read this event when the connection ends without the end of the body.
    response.write(created, () => setTimeout(() => response.socket?.destroySoon(), 100));
    return;
  }
  response.write(created);
  if (step.kind === 'hold') return;
  if (step.kind === 'failed') {
    const error = { code: step.code, message: step.message };
    response.end(sse({ type: 'response.failed', response: { ...base, status: 'failed', error } }));
    return;
  }
  const output = step.items.map((item, index) => toOutputItem(item, body, `${id}_${index}`));
  output.forEach((item, index) => {
    response.write(sse({ type: 'response.output_item.added', output_index: index, item }));
    if (item.type === 'message') {
      const delta = item.content[0].text;
      const where = { item_id: item.id, output_index: index, content_index: 0 };
      response.write(sse({ type: 'response.output_text.delta', ...where, delta }));
    }
    response.write(sse({ type: 'response.output_item.done', output_index: index, item }));
  });
  response.end(
    sse({ type: 'response.completed', response: { ...base, status: 'completed', output, usage } }),
  );
}

function toOutputItem(item, body, id) {
  const call_id = `call_${id}`;
  const call = (name, args) => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id,
    name,
    arguments: JSON.stringify(args),
    status: 'completed',
  });
  if (item.type === 'message') return { id: `msg_${id}`, status: 'completed', ...item };
  if (item.type === 'reasoning') return { id: `rs_${id}`, ...item };
  const tools = new Map(body.tools.map((tool) => [tool.name, tool]));
  if (item.call === 'plan') return call('update_plan', { plan: item.steps });
  if (item.call === 'shell') {
    if (tools.has('exec_command')) return call('exec_command', { cmd: item.cmd, yield_time_ms: 20_000 });
    return call('shell_command', { command: item.cmd });
  }
  if (tools.get('apply_patch')?.type === 'custom') {
    return { type: 'custom_tool_call', id: `ctc_${id}`, call_id, name: 'apply_patch', input: item.input };
  }
  return call('apply_patch', { input: item.input });
}
