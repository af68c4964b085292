// Bursts far beyond any model's speed: the final message must be whole every time, as text and as JSONL.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptedServer } from '../../src/models/scripted-server.ts';
import { startScriptedServer } from '../../src/models/scripted-server.ts';
import { makeScratch, parseJsonl, providerFlags, runSkua, type Scratch } from '../support/skua.ts';

const DELTA = 'word ';
const ROUNDS = 10;

describe.each([20_000, 100_000])('%i tokens at once', (count) => {
  let scratch: Scratch;
  let server: ScriptedServer;
  beforeAll(async () => {
    scratch = makeScratch();
    server = await startScriptedServer(
      () => ({
        type: 'stream',
        items: [{ type: 'burst', delta: DELTA, count }],
        usage: { input: 10, output: count },
      }),
      { record: false },
    );
  });
  afterAll(async () => {
    await server.close();
    scratch.remove();
  });

  test.each(Array.from({ length: ROUNDS }, (_, round) => round))('burst %i', async (round) => {
    const whole = DELTA.repeat(count);
    const flags = ['exec', ...providerFlags(server.baseUrl), 'go'];
    if (round % 2 === 0) {
      const { code, stdout } = await runSkua({ args: flags, scratch });
      expect(code).toBe(0);
      expect(stdout.length).toBe(whole.length + 1);
      expect(stdout === `${whole}\n`).toBe(true);
      return;
    }
    const { code, stdout } = await runSkua({ args: ['exec', '--json', ...flags.slice(1)], scratch });
    expect(code).toBe(0);
    const events = parseJsonl(stdout) as { type: string; item?: { type: string; text: string } }[];
    const messages = events.filter((event) => event.type === 'item.completed');
    expect(messages).toHaveLength(1);
    expect(messages[0]?.item?.text === whole).toBe(true);
    expect(events.at(-1)?.type).toBe('turn.completed');
  });
});
