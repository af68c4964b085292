// The official TypeScript SDK, old and new, driving our binary as if it were Codex.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Codex as NewCodex } from '@openai/codex-sdk';
import { Codex as OldCodex } from 'codex-sdk-0118';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Reply, Script, ScriptedServer } from '../../src/models/scripted-server.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import { isAlive, makeScratch, makeShim, type Scratch } from '../support/skua.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const say = (text: string): Reply => ({ type: 'stream', items: [{ type: 'message', text }] });
const exec = (cmd: string): Reply => ({
  type: 'stream',
  items: [{ type: 'functionCall', name: 'exec_command', arguments: { cmd } }],
});

describe.each([
  ['0.118', OldCodex as unknown as typeof NewCodex],
  ['newest', NewCodex],
])('codex-sdk %s', (_name, Codex) => {
  let scratch: Scratch;
  let shim: string;
  let server: ScriptedServer | null = null;

  beforeAll(() => {
    scratch = makeScratch();
    shim = makeShim(scratch);
  });
  afterEach(async () => {
    await server?.close();
    server = null;
  });
  afterAll(() => scratch.remove());

  const codexFor = async (script: Script): Promise<InstanceType<typeof NewCodex>> => {
    server = await startScriptedServer(script);
    return new Codex({
      codexPathOverride: shim,
      baseUrl: server.baseUrl,
      apiKey: 'sk-test-canary',
      env: scratch.env,
    });
  };
  const bodies = (): { input: unknown[]; text?: { format?: { name?: string } } }[] =>
    (server?.requests ?? []).map((request) => request.body as { input: unknown[] });

  test('run and resume keep one thread', async () => {
    const codex = await codexFor((_request, index) => say(`answer ${index}`));
    const thread = codex.startThread({ workingDirectory: scratch.repo });
    const first = await thread.run('one');
    expect(first.finalResponse).toBe('answer 0');
    expect(first.usage?.input_tokens).toBeGreaterThan(0);
    const id = thread.id as string;
    const second = await codex.resumeThread(id, { workingDirectory: scratch.repo }).run('two');
    expect(second.finalResponse).toBe('answer 1');
    expect(JSON.stringify(bodies()[1]?.input)).toContain('answer 0');
    expect(server?.requests[0]?.headers['authorization']).toBe('Bearer sk-test-canary');
  });

  test('runStreamed shows a command from start to end', async () => {
    const codex = await codexFor((_request, index) =>
      index === 0 ? exec('echo from-the-tool') : say('done'),
    );
    const thread = codex.startThread({ workingDirectory: scratch.repo, sandboxMode: 'workspace-write' });
    const { events } = await thread.runStreamed('go');
    const seen: string[] = [];
    let output = '';
    for await (const event of events) {
      seen.push('item' in event ? `${event.type} ${event.item.type}` : event.type);
      if (event.type === 'item.completed' && event.item.type === 'command_execution') {
        output = event.item.aggregated_output;
        expect(event.item).toMatchObject({ status: 'completed', exit_code: 0 });
      }
    }
    expect(output).toBe('from-the-tool\n');
    expect(seen).toEqual([
      'thread.started',
      'turn.started',
      'item.started command_execution',
      'item.completed command_execution',
      'item.completed agent_message',
      'turn.completed',
    ]);
  });

  test('passes an output schema and images on', async () => {
    const codex = await codexFor(() => say('{"ok":true}'));
    const image = join(mkdtempSync(join(scratch.root, 'img-')), 'dot.png');
    writeFileSync(image, PNG);
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
      additionalProperties: false,
    };
    const thread = codex.startThread({ workingDirectory: scratch.repo });
    const turn = await thread.run(
      [
        { type: 'text', text: 'look' },
        { type: 'local_image', path: image },
      ],
      { outputSchema: schema },
    );
    expect(turn.finalResponse).toBe('{"ok":true}');
    expect(bodies()[0]?.text?.format).toMatchObject({ name: 'codex_output_schema', schema });
    expect(JSON.stringify(bodies()[0]?.input)).toContain('data:image/png;base64,');
  });

  test('abort stops the tool and leaves the thread resumable', async () => {
    const pidFile = join(scratch.repo, `pid-${_name}`);
    const codex = await codexFor((_request, index) =>
      index === 0 ? exec(`echo $$ > '${pidFile}'; while true; do sleep 0.05; done`) : say('resumed'),
    );
    const thread = codex.startThread({ workingDirectory: scratch.repo, sandboxMode: 'danger-full-access' });
    const controller = new AbortController();
    const { events } = await thread.runStreamed('go', { signal: controller.signal });
    await expect(async () => {
      for await (const event of events) {
        if (event.type !== 'item.started') continue;
        while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '')
          await new Promise((r) => setTimeout(r, 5));
        controller.abort();
      }
    }).rejects.toThrow(/abort/i);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
    const resumed = await codex
      .resumeThread(thread.id as string, { workingDirectory: scratch.repo })
      .run('go on');
    expect(resumed.finalResponse).toBe('resumed');
    const input = JSON.stringify(bodies().at(-1)?.input);
    expect(input).toContain('function_call_output');
  });

  test('a failed turn rejects with the reason', async () => {
    const codex = await codexFor(() => ({
      type: 'http',
      status: 400,
      body: { error: { message: 'no such model' } },
    }));
    await expect(codex.startThread({ workingDirectory: scratch.repo }).run('go')).rejects.toThrow(
      'no such model',
    );
  });
});
