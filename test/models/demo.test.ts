// The demo model repairs small bugs in real repositories, tool call by tool call, and says so when it cannot.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDemoServer } from '../../src/models/demo.ts';
import { createResponsesClient } from '../../src/models/responses.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { ModelClient, ToolSpec } from '../../src/protocol/model.ts';
import { makeProvider, makeRequest } from './support.ts';

const TOOLS: ToolSpec[] = [
  {
    name: 'exec_command',
    description: 'Runs a command.',
    input: { type: 'json', schema: { type: 'object' } },
  },
  { name: 'write_stdin', description: 'Polls.', input: { type: 'json', schema: { type: 'object' } } },
  {
    name: 'apply_patch',
    description: 'Edits.',
    input: { type: 'freeform', syntax: 'lark', definition: 'start: "x"' },
  },
];

let server: Awaited<ReturnType<typeof startDemoServer>>;
let client: ModelClient;
const folders: string[] = [];

beforeAll(async () => {
  server = await startDemoServer();
  client = createResponsesClient({
    provider: makeProvider({ baseUrl: server.baseUrl }),
    authHeaders: () => Promise.resolve({}),
    env: {},
    originator: 'test',
    version: '0',
    userAgent: 'test/0',
  });
});

afterAll(async () => {
  await server.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function makeRepository(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'skua-demo-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return execFileSync('pwd', ['-P'], { cwd: folder, encoding: 'utf8' }).trim();
}

function runCommand(cwd: string, command: string): string {
  // The runner of this suite leaves marks in the environment that would change how `node --test` reports.
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env;
  const path = `${dirname(process.execPath)}:${env['PATH'] ?? ''}`;
  const done = spawnSync('/bin/sh', ['-c', command], {
    cwd,
    encoding: 'utf8',
    env: { ...env, PATH: path, NO_COLOR: '1' },
  });
  return `Wall time: 0.1 seconds\nProcess exited with code ${done.status}\nOutput:\n${done.stdout}${done.stderr}`;
}

/** As much of apply_patch as the demo model writes: one hunk per file, found by its lines. */
function applyPatch(cwd: string, patch: string): string {
  for (const part of patch.split('*** Update File: ').slice(1)) {
    const [path = '', ...lines] = part
      .replace(/\*\*\* End Patch\n$/, '')
      .trimEnd()
      .split('\n');
    const hunk = lines.slice(1);
    const pick = (mark: string): string =>
      hunk
        .filter((line) => line[0] !== mark)
        .map((line) => line.slice(1))
        .join('\n');
    const text = readFileSync(join(cwd, path), 'utf8');
    if (!text.includes(pick('+')))
      return `apply_patch verification failed: no such lines in ${path}:\n${pick('+')}`;
    writeFileSync(
      join(cwd, path),
      text.replace(pick('+'), () => pick('-')),
    );
  }
  return 'Exit code: 0\nWall time: 0.0 seconds\nOutput:\nSuccess. Updated the following files:\n';
}

interface Run {
  message: string;
  commands: string[];
  patches: string[];
  requests: number;
}

async function drive(cwd: string, prompt: string, patch = applyPatch): Promise<Run> {
  const history: HistoryEntry[] = [
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: `<environment_context>\n<cwd>${cwd}</cwd>\n</environment_context>` },
      ],
    },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] },
  ];
  const run: Run = { message: '', commands: [], patches: [], requests: 0 };
  for (; run.requests < 60;) {
    run.requests += 1;
    const outputs: HistoryEntry[] = [];
    const request = makeRequest({ model: 'demo', input: [...history], tools: TOOLS });
    for await (const event of client(request, new AbortController().signal)) {
      if (event.type !== 'entry') continue;
      const { entry } = event;
      history.push(entry);
      if (entry.type === 'message')
        run.message = entry.content.map((part) => ('text' in part ? part.text : '')).join('');
      if (entry.type === 'function_call') {
        const { cmd } = JSON.parse(entry.arguments) as { cmd: string };
        run.commands.push(cmd);
        outputs.push({ type: 'function_call_output', call_id: entry.call_id, output: runCommand(cwd, cmd) });
      }
      if (entry.type === 'custom_tool_call') {
        run.patches.push(entry.input);
        outputs.push({
          type: 'custom_tool_call_output',
          call_id: entry.call_id,
          output: patch(cwd, entry.input),
        });
      }
    }
    if (outputs.length === 0) return run;
    history.push(...outputs);
  }
  throw new Error('the demo model does not come to an end');
}

function project(source: string, assertion: string): Record<string, string> {
  return {
    'package.json': '{"name":"x","type":"module","scripts":{"test":"node --test"}}\n',
    'src/calc.js': source,
    'test/calc.test.js': `import { test } from 'node:test';\nimport assert from 'node:assert/strict';\nimport * as calc from '../src/calc.js';\n\ntest('works', () => {\n  ${assertion}\n});\n`,
  };
}

describe('demo model', () => {
  test('finds, repairs and explains a wrong operator', async () => {
    const before = 'export function sum(a, b) {\n  return a - b;\n}\n';
    const cwd = makeRepository(project(before, 'assert.equal(calc.sum(2, 3), 5);'));
    const run = await drive(cwd, 'Fix the failing test');
    expect(readFileSync(join(cwd, 'src/calc.js'), 'utf8')).toBe(
      'export function sum(a, b) {\n  return a + b;\n}\n',
    );
    expect(run.commands.filter((command) => command === 'node --test')).toHaveLength(2);
    expect(run.patches).toHaveLength(1);
    expect(run.message).toMatch(/^demo: a small scripted model, no AI\./);
    expect(run.message).toContain('return a + b;');
    expect(runCommand(cwd, 'node --test')).toContain('code 0');
  });

  test.each([
    [
      'a border',
      'export function upTo(n) {\n  let s = 0;\n  for (let i = 1; i < n; i++) s += 1;\n  return s;\n}\n',
      'assert.equal(calc.upTo(4), 4);',
    ],
    [
      'a comparison',
      'const other = (a) => a + 1;\nexport function isAdult(age) {\n  return age > 18;\n}\nexport { other };\n',
      'assert.equal(calc.isAdult(18), true);',
    ],
    [
      'a wrong number',
      'export function next(n) {\n  // adds one\n  return n + 2;\n}\n',
      'assert.equal(calc.next(1), 2);',
    ],
  ])('repairs %s', async (_name, source, assertion) => {
    const cwd = makeRepository(project(source, assertion));
    const run = await drive(cwd, 'the tests are red, please fix them');
    expect(run.message).toContain('Fixed.');
    expect(runCommand(cwd, 'node --test')).toContain('code 0');
  });

  test('puts the file back and says so when no small change helps', async () => {
    const source = 'export function name(n) {\n  return n + 1;\n}\n';
    const cwd = makeRepository(project(source, "assert.equal(calc.name(3), 'three');"));
    const run = await drive(cwd, 'fix the test');
    expect(readFileSync(join(cwd, 'src/calc.js'), 'utf8')).toBe(source);
    expect(run.message).toContain('I cannot repair this one');
    expect(run.patches.length).toBeGreaterThan(2);
  });

  test('stops when its patch is refused', async () => {
    const cwd = makeRepository(
      project('export const sum = (a, b) => a - b;\n', 'assert.equal(calc.sum(2, 3), 5);'),
    );
    const run = await drive(cwd, 'fix the test', () => 'patch rejected by the user');
    expect(run.message).toContain('was not applied (patch rejected by the user)');
    expect(run.patches).toHaveLength(1);
  });

  test('says what it is when there is nothing to repair', async () => {
    const passing = makeRepository(
      project('export const sum = (a, b) => a + b;\n', 'assert.equal(calc.sum(2, 3), 5);'),
    );
    expect((await drive(passing, 'fix the failing test')).message).toContain(
      'passes: there is nothing to fix',
    );
    const empty = makeRepository({ 'readme.txt': 'hi\n' });
    expect((await drive(empty, 'fix the failing test')).message).toContain('found no tests here');
    const other = await drive(empty, 'Write me a poem');
    expect(other).toMatchObject({ requests: 1, commands: [] });
    expect(other.message).toMatch(/^demo: a small scripted model, no AI\..*one line/);
  });

  test('answers a request for text alone with text', async () => {
    const input: HistoryEntry[] = [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'fix the test' }] },
    ];
    const events = [];
    for await (const event of client(makeRequest({ input, tools: [] }), new AbortController().signal))
      events.push(event);
    expect(events.filter((event) => event.type === 'entry').map((event) => event.entry.type)).toEqual([
      'message',
    ]);
    const usage = events.find((event) => event.type === 'completed')?.usage;
    expect(usage?.inputTokens).toBeGreaterThan(10);
    expect(usage?.outputTokens).toBeGreaterThan(5);
  });
});
