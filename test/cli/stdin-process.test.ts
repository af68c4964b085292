// Real descriptors 0 in both runtimes: pipes, sockets, files, /dev/null, closed, silent, a terminal.
import { mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasProgram, ROOT, runProcess, RUNTIMES, type Start } from './process.ts';

const FIXTURE = join(ROOT, 'test', 'cli', 'read-input.ts');
let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'skua-stdin-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(RUNTIMES)('on $name', ({ binary }) => {
  const read = async (args: string[], start: Omit<Start, 'argv'> = {}): Promise<Record<string, unknown>> => {
    const { stdout, stderr } = await runProcess({ argv: [binary, FIXTURE, ...args], ...start });
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  /** The same from a shell, for descriptors that only a shell can make. */
  const shell = async (redirection: string, args: string[]): Promise<Record<string, unknown>> => {
    const script = `"$0" "$@" ${redirection}`;
    const { stdout } = await runProcess({ argv: ['/bin/sh', '-c', script, binary, FIXTURE, ...args] });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  test('data from a parent process (a pipe or a socket)', async () => {
    expect(await read(['auto', 'P'], { stdin: 'data' })).toMatchObject({
      kind: 'open',
      prompt: 'P',
      stdin: 'data',
    });
    expect(await read(['auto'], { stdin: 'data' })).toMatchObject({ prompt: 'data', stdin: null });
  });

  test('data from a shell pipe', async () => {
    const script = `printf 'one\\n' | "$0" "$@"`;
    const { stdout } = await runProcess({ argv: ['/bin/sh', '-c', script, binary, FIXTURE, 'auto', 'P'] });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'open', stdin: 'one\n' });
  });

  test('a late first byte is waited for when it is required', async () => {
    const script = `(sleep 0.3; printf late) | "$0" "$@"`;
    const argv = ['/bin/sh', '-c', script, binary, FIXTURE, 'require', 'P'];
    expect(JSON.parse((await runProcess({ argv })).stdout)).toMatchObject({ stdin: 'late' });
  });

  test('an open pipe that nobody writes: goes on and ends', async () => {
    const input = await read(['auto', 'P'], { stdin: 'silent' });
    expect(input).toMatchObject({ prompt: 'P', stdin: null });
    expect((input['notes'] as string[])[1]).toContain('No input on stdin for 3 s');
  });

  test('a file, an empty file, a folder', async () => {
    const file = join(scratch, 'input.txt');
    writeFileSync(file, 'from a file');
    const fd = openSync(file, 'r');
    expect(await read(['auto', 'P'], { stdio: [fd, 'pipe', 'pipe'] })).toMatchObject({
      stdin: 'from a file',
    });
    closeSync(fd);
    writeFileSync(file, '');
    expect(await shell(`< ${file}`, ['auto', 'P'])).toMatchObject({ prompt: 'P', stdin: null });
    expect(await shell(`< ${scratch}`, ['auto', 'P'])).toMatchObject({
      error: expect.stringContaining('folder') as string,
    });
  });

  test('/dev/null and a closed descriptor', async () => {
    for (const redirection of ['</dev/null', '<&-']) {
      expect(await shell(redirection, ['auto', 'P'])).toMatchObject({ prompt: 'P', stdin: null, notes: [] });
      expect(await shell(redirection, ['auto'])).toMatchObject({ error: 'No prompt provided via stdin.' });
    }
  });

  test('50 MB, an endless pipe, and bytes that are no text', async () => {
    expect(await shell('< /dev/zero', ['auto', 'P'])).toMatchObject({
      error: expect.stringContaining('more than') as string,
    });
    const big = await read(['auto', 'P'], { stdin: new Uint8Array(50 << 20).fill(120) });
    expect(big['error']).toContain('52428800 bytes');
    const bad = await read(['auto', 'P'], { stdin: new Uint8Array([0x61, 0xff]) });
    expect(bad['error']).toContain('offset 1');
  });

  test.runIf(hasProgram('script'))('a terminal', async () => {
    const command = (...args: string[]): string =>
      [binary, FIXTURE, ...args].map((one) => `'${one}'`).join(' ');
    // Closing the pipe to `script` costs a second: it is left open where nothing is typed.
    const terminal = async (stdin: string, ...args: string[]): Promise<string> =>
      (await runProcess({ argv: ['script', '-qec', command(...args), '/dev/null'], stdin })).stdout;
    expect(await terminal('silent', 'auto', 'P')).toContain(
      '"kind":"terminal","prompt":"P","stdin":null,"notes":[]',
    );
    expect(await terminal('silent', 'auto')).toContain('No prompt provided. Either specify one');
    expect(await terminal('typed\n\u0004', 'auto', '-')).toContain('"prompt":"typed\\n"');
  });
});
