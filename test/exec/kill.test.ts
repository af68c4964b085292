// SIGKILL at random points, again and again on one thread: nothing that was written is lost, no call runs twice.
// SKUA_KILL_ROUNDS sets the number of rounds (the suite runs a few, a release several hundred).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RecordedRequest, Reply } from '../../src/models/scripted-server.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import { makeScratch, parseJsonl, providerFlags, startSkua } from '../support/skua.ts';

const ROUNDS = Number(process.env['SKUA_KILL_ROUNDS'] ?? 20);

interface WireItem {
  type: string;
  call_id?: string;
  output?: string;
}

const inputOf = (request: RecordedRequest): WireItem[] => (request.body as { input: WireItem[] }).input;

test(
  `${ROUNDS} kills on one thread`,
  async () => {
    const scratch = makeScratch();
    const log = join(scratch.repo, 'effects.log');
    let calls = 0;
    // Two calls, then an answer; every call leaves one line with its own id.
    const script = (request: RecordedRequest): Reply => {
      const lastUser = inputOf(request).findLastIndex((item) => item.type === 'message');
      const done = inputOf(request)
        .slice(lastUser)
        .filter((item) => item.type.endsWith('_output')).length;
      if (done >= 2) return { type: 'stream', items: [{ type: 'message', text: 'all done' }] };
      const callId = `call_${++calls}`;
      return {
        type: 'stream',
        items: [
          { type: 'reasoning', summary: ['next'], encrypted: `enc-${calls}` },
          {
            type: 'functionCall',
            name: 'exec_command',
            callId,
            arguments: { cmd: `echo ${callId} >> effects.log` },
          },
        ],
      };
    };
    const server = await startScriptedServer(script);
    const flags = ['--json', '--sandbox', 'workspace-write', ...providerFlags(server.baseUrl)];
    let threadId: string | null = null;
    let seed = 12_345;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    let killed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const args: string[] = threadId
        ? ['exec', ...flags, 'resume', threadId, `round ${round}`]
        : ['exec', ...flags, `round ${round}`];
      const run = startSkua({ args, scratch });
      // Rounds whose thread is not on disk yet are let go a little further, so that there is something to resume.
      const delay = (threadId ? 40 : 400) + random() * 500;
      const timer = setTimeout(() => {
        killed++;
        run.kill('SIGKILL');
      }, delay);
      const { stdout, stderr, code } = await run.finished;
      clearTimeout(timer);
      expect([0, null], stderr).toContain(code);
      const first = stdout.split('\n')[0];
      if (!threadId && first && server.requests.length > 0)
        threadId = String(parseJsonl(first)[0]?.['thread_id']);
    }
    const last = await startSkua({
      args: ['exec', ...flags, 'resume', threadId as string, 'finish'],
      scratch,
    }).finished;
    expect(last.code, last.stderr).toBe(0);
    expect(killed).toBeGreaterThan(0);

    // No effect twice.
    const effects = readFileSync(log, 'utf8').trim().split('\n');
    expect(new Set(effects).size).toBe(effects.length);
    // Append-only across all deaths: what one request held, every later one begins with.
    const inputs = server.requests.map(inputOf);
    for (let i = 1; i < inputs.length; i++) {
      const before = inputs[i - 1] as WireItem[];
      const after = (inputs[i] as WireItem[]).slice(0, before.length);
      expect(JSON.stringify(after)).toBe(JSON.stringify(before));
    }
    // Every call has exactly one output, and the model learns of those that were cut off.
    const final = inputs.at(-1) as WireItem[];
    const asked = final.filter((item) => item.type === 'function_call').map((item) => item.call_id);
    const answered = final.filter((item) => item.type === 'function_call_output').map((item) => item.call_id);
    expect(answered).toHaveLength(asked.length);
    expect(new Set(answered)).toEqual(new Set(asked));
    for (const effect of effects) expect(asked).toContain(effect);
    await server.close();
    scratch.remove();
  },
  ROUNDS * 3_000 + 20_000,
);
