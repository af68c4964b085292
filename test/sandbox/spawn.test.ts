// The process adapter on both runtimes: output, order, ends, descriptors, terminals, and killing whole trees.
import { describe, expect, test } from 'vitest';
import { RUNTIMES, runDriver, type RuntimeName } from './run-driver.ts';

interface Outcome {
  code: number | null;
  signal: string | null;
  output: string;
  ms: number;
  length: number;
  tail: string;
  error: string;
}

const available = (Object.keys(RUNTIMES) as RuntimeName[]).filter((name) => RUNTIMES[name] !== null);

describe.skipIf(process.platform === 'win32').each(available)('spawn on %s', (runtime) => {
  const run = <T = Outcome>(scenario: string) => runDriver<T>('spawn-driver.ts', runtime, scenario);

  test('delivers output, exit code and input', async () => {
    expect(await run('stdin')).toMatchObject({ code: 0, output: 'hello' });
    expect(await run('closed')).toMatchObject({ code: 0, output: '' });
    expect(await run('big')).toMatchObject({ code: 0, length: 20_000_004, tail: 'end\n' });
    expect(await run('signal')).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('keeps nothing waiting for a daemon that holds the output open', async () => {
    const quiet = await run('daemon');
    expect(quiet).toMatchObject({ code: 4, output: 'out\n' });
    expect(quiet.ms).toBeLessThan(5000);
    const chatty = await run('chatty');
    expect(chatty.code).toBe(4);
    expect(chatty.ms).toBeLessThan(5000);
  });

  test('kills the group and what has left it', async () => {
    expect(await run('killTree')).toEqual({ started: true, gone: true, signal: 'SIGKILL' });
    expect(await run('interrupt')).toMatchObject({ code: 5, output: 'ready\ncaught\n' });
  });

  test('gives the child only the descriptors it should have, and default signals', async () => {
    const descriptors = await run<string[]>('descriptors');
    expect(descriptors).toContain('3 /etc/group');
    expect(descriptors).toContain('4 /etc/passwd');
    const strangers = descriptors.filter((line) => !/^[0-5] |\/dev\/null$/.test(line));
    expect(strangers).toEqual([]);
    if (process.platform === 'linux')
      expect((await run('sigpipe')).output).toMatch(/SigIgn:\s*0000000000000000/);
  });

  test('says why a program cannot be started', async () => {
    expect(await run('errors')).toEqual(['ENOENT', 'ENOENT', 'EACCES']);
  });

  test.runIf(runtime === 'bun')('keeps both streams in order in one real pipe', async () => {
    expect(await run('order')).toMatchObject({ code: 3, output: 'a\nb\nc\n' });
    expect(await run('reopen')).toMatchObject({ code: 0, output: 'hi\n' });
  });

  test.runIf(runtime === 'bun')('opens a terminal', async () => {
    const terminal = await run('terminal');
    expect(terminal.code).toBe(0);
    expect(terminal.output).toMatch(/^\/dev\/pts\/\d+\r\n30 100\r\n1\r\n/);
    expect(terminal.output.endsWith('\r\n20000\r\n')).toBe(true);
    expect(await run('terminalFds')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^\/etc\/hosts\r\n/),
    });
    expect((await run('terminalInput')).output).toContain('got abc');
  });

  test.runIf(runtime === 'node')('says what a terminal needs on Node', async () => {
    const result = await run('terminal');
    if (result.error === undefined) expect(result.output).toContain('30 100');
    else expect(result.error).toMatch(/@lydell\/node-pty/);
  });
});
