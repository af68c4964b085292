// Reviews: what the model is shown of the change, and how its answer is told.
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ScriptedServer } from '../../src/models/scripted-server.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import {
  makeScratch,
  parseJsonl,
  providerFlags,
  runSkua,
  type Finished,
  type Scratch,
} from '../support/skua.ts';

let scratch: Scratch;
let server: ScriptedServer;
let answer = '';
beforeEach(async () => {
  scratch = makeScratch();
  server = await startScriptedServer(() => ({ type: 'stream', items: [{ type: 'message', text: answer }] }));
  answer = JSON.stringify({
    findings: [
      {
        title: 'Divides by zero',
        body: 'When n is 0.\nThen it throws.',
        confidence_score: 0.9,
        priority: 1,
        code_location: { absolute_file_path: join(scratch.repo, 'a.js'), line_range: { start: 1, end: 2 } },
      },
    ],
    overall_correctness: 'patch is incorrect',
    overall_explanation: 'One defect.',
    overall_confidence_score: 0.8,
  });
});
afterEach(async () => {
  await server.close();
  scratch.remove();
});

const review = (...args: string[]): Promise<Finished> =>
  runSkua({ args: ['exec', ...providerFlags(server.baseUrl), 'review', ...args], scratch });
const body = (): { instructions: string; input: unknown[]; tools: { name: string }[] } =>
  server.requests[0]?.body as never;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: scratch.repo,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: scratch.home },
  });

test('of uncommitted changes shows the diff, and the answer in words', async () => {
  appendFileSync(join(scratch.repo, 'README.md'), 'changed line\n');
  writeFileSync(join(scratch.repo, 'new.js'), 'brand new\n');
  const run = await review('--uncommitted');
  expect(run).toMatchObject({
    code: 0,
    stdout:
      'One defect.\n\nReview comment:\n\n- [P1] Divides by zero — a.js:1-2\n  When n is 0.\n  Then it throws.\n',
  });
  const asked = JSON.stringify(body().input);
  expect(asked).toContain('+changed line');
  expect(asked).toContain('+brand new');
  expect(body().instructions).toContain('You review a change');
  expect(body().tools.map((tool) => tool.name)).not.toContain('apply_patch');
});

test('of a branch and of a commit', async () => {
  git('checkout', '-q', '-b', 'topic');
  appendFileSync(join(scratch.repo, 'README.md'), 'on the topic\n');
  git('commit', '-qam', 'topic');
  expect((await review('--base', 'main')).code).toBe(0);
  expect(JSON.stringify(body().input)).toContain('+on the topic');
  expect((await review('--commit', 'HEAD', '--json')).code).toBe(0);
  expect(JSON.stringify(server.requests[1]?.body)).toContain('+on the topic');
});

test('of what the user describes, with usage in the JSON', async () => {
  const run = await review('--json', 'look at the README only');
  expect(JSON.stringify(body().input)).toContain('look at the README only');
  expect(parseJsonl(run.stdout).at(-1)).toMatchObject({
    type: 'turn.completed',
    usage: { input_tokens: expect.any(Number) },
  });
});

test.each([
  [['--uncommitted'], 'nothing to review'],
  [['--base', 'no-such-branch'], 'no-such-branch'],
  [['--commit=--output=x'], '--output=x'],
])('%j fails before a request, with the reason', async (args, reason) => {
  const run = await review(...args);
  expect(run.code).not.toBe(0);
  expect(run.stderr).toContain(reason);
  expect(server.requests).toHaveLength(0);
});

test('an answer in another form is given out as it is', async () => {
  answer = 'Looks fine to me.';
  appendFileSync(join(scratch.repo, 'README.md'), 'x\n');
  expect((await review('--uncommitted')).stdout).toBe('Looks fine to me.\n');
});
