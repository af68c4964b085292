// exec_command, write_stdin and the old shell tools, with real processes: yields, sessions, abort, bounded output.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandExecutionItem } from '../../src/protocol/item.ts';
import { execCommandTool } from '../../src/tools/exec-command.ts';
import { shellCommandTool } from '../../src/tools/shell-command.ts';
import { writeStdinTool } from '../../src/tools/write-stdin.ts';
import { FakeThread } from './fake-context.ts';

const exec = execCommandTool();
const stdin = writeStdinTool();
let thread: FakeThread;

beforeEach(() => {
  thread = new FakeThread();
});
afterEach(() => thread.dispose());

const outputOf = (text: string): string => text.slice(text.indexOf('Output:\n') + 'Output:\n'.length);

function completed(index = 0): CommandExecutionItem {
  return thread.items('completed')[index] as CommandExecutionItem;
}

function sessionIdOf(text: string): number {
  return Number(/^Process running with session ID (\d+)$/m.exec(text)?.[1]);
}

/** Yields (all longer than two seconds) end when something holds, not after a time; short waits are real. */
function yieldWhen(holds: () => boolean): ConstructorParameters<typeof FakeThread>[0] {
  return {
    sleep: (asked, signal) => {
      if (asked > 2000) {
        const stopped = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
        return Promise.race([thread.until(holds), stopped]);
      }
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, asked);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

const printed = (text: string) => (): boolean => thread.deltas('commandOutput').includes(text);
const atOnce = (): boolean => true;

async function remake(options: ConstructorParameters<typeof FakeThread>[0]): Promise<void> {
  await thread.dispose();
  thread = new FakeThread(options);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a command that ends', () => {
  test('is reported in the form models know', async () => {
    const { text, success } = await thread.call(exec, { cmd: 'printf "hi\\n"; printf err >&2' });
    expect(success).toBe(true);
    expect(text).toMatch(
      /^Chunk ID: [0-9a-f]{6}\nWall time: \d+\.\d{4} seconds\nProcess exited with code 0\nOriginal token count: 2\nOutput:\nhi\nerr$/,
    );
    expect(thread.items('started')).toMatchObject([
      {
        type: 'commandExecution',
        id: 'call-1',
        command: `/bin/bash -lc 'printf "hi\\n"; printf err >&2'`,
        cwd: thread.cwd,
        status: 'inProgress',
        aggregatedOutput: null,
      },
    ]);
    expect(completed()).toMatchObject({ status: 'completed', exitCode: 0, aggregatedOutput: 'hi\nerr' });
    expect(completed().durationMs).toBeGreaterThanOrEqual(0);
    expect(thread.deltas('commandOutput')).toBe('hi\nerr');
    expect(thread.spills).toEqual([]);
  });

  test('fails with its exit code', async () => {
    const { text, success } = await thread.call(exec, { cmd: 'exit 3' });
    expect(success).toBe(false);
    expect(text).toContain('Process exited with code 3\n');
    expect(completed()).toMatchObject({ status: 'failed', exitCode: 3 });
  });

  test('ended by a signal counts as 128 plus its number', async () => {
    const { text } = await thread.call(exec, { cmd: 'kill -KILL $$' });
    expect(text).toContain('Process exited with code 137\nEnded by signal SIGKILL\n');
    expect(completed()).toMatchObject({ status: 'failed', exitCode: 137 });
  });

  test('gets its arguments as written', async () => {
    thread.put({ 'sub.txt': '' });
    await thread.call(exec, {
      cmd: 'pwd',
      workdir: '..',
      shell: '/bin/bash',
      login: false,
      tty: true,
      sandbox_permissions: 'require_escalated',
      justification: 'May I?',
      prefix_rule: ['pwd'],
    });
    expect(thread.requests).toEqual([
      {
        command: 'pwd',
        workdir: thread.cwd.slice(0, thread.cwd.lastIndexOf('/')),
        shell: '/bin/bash',
        login: false,
        terminal: true,
        escalate: { justification: 'May I?', prefixRule: ['pwd'] },
      },
    ]);
  });

  test('may be very long, and print unicode and NUL', async () => {
    const long = 'é😀'.repeat(20_000);
    const { text } = await thread.call(exec, { cmd: `: '${long}'; printf 'a\\0ü→😀'` });
    expect(outputOf(text)).toBe('a\0ü→😀');
  });

  test('characters split between chunks are joined, bad bytes replaced', async () => {
    const parts = [Uint8Array.of(0xe2), Uint8Array.of(0x82), Uint8Array.of(0xac, 0x21, 0xff, 0xc3)];
    await remake({
      exec: () =>
        Promise.resolve({
          type: 'started',
          argv: [],
          sandboxed: false,
          process: {
            pid: 1,
            onOutput: null as ((chunk: Uint8Array) => void) | null,
            get exited() {
              for (const part of parts.splice(0)) this.onOutput?.(part);
              return Promise.resolve({ code: 0, signal: null });
            },
            write: () => {},
            closeStdin: () => {},
            kill: () => {},
          },
        }),
    });
    const { text } = await thread.call(exec, { cmd: 'x' });
    expect(outputOf(text)).toBe('€!��');
    expect(completed().aggregatedOutput).toBe('€!��');
    expect(thread.deltas('commandOutput')).toBe('€!�');
  });

  test('bad arguments are explained and run nothing', async () => {
    expect((await thread.call(exec, {})).text).toBe(
      'failed to parse function arguments: missing field `cmd` (expected a string)',
    );
    expect((await thread.call(exec, '{"cmd": }')).text).toContain('at line 1 column 9');
    expect((await thread.call(exec, { cmd: 'a\0b' })).text).toContain('NUL');
    expect(thread.requests).toEqual([]);
    expect(thread.emitted).toEqual([]);
  });
});

describe('refusals', () => {
  test.each([
    [true, 'declined'],
    [false, 'failed'],
  ] as const)('declined by a human: %s', async (declined, status) => {
    await remake({ exec: () => Promise.resolve({ type: 'refused', reason: 'not allowed', declined }) });
    expect(await thread.call(exec, { cmd: 'x' })).toMatchObject({ text: 'not allowed', success: false });
    expect(thread.items('started')).toHaveLength(1);
    expect(completed()).toMatchObject({ status, exitCode: null });
  });

  test('an error that ends the turn still completes the item', async () => {
    await remake({ exec: () => Promise.reject(new Error('no sandbox')) });
    await expect(thread.call(exec, { cmd: 'x' })).rejects.toThrow('no sandbox');
    expect(completed()).toMatchObject({ status: 'failed' });
  });
});

describe('long output', () => {
  test('is cut in the middle, and kept whole in a file', async () => {
    const { text } = await thread.call(exec, { cmd: 'seq 1 20000', max_output_tokens: 100 });
    expect(text).toContain('Original token count: 27224\n');
    const [header, path, blank, ...rest] = outputOf(text).split('\n');
    expect(header).toBe('Total output lines: 20000');
    expect(path).toBe(`Full output: ${thread.spills[0]}`);
    expect(blank).toBe('');
    expect(rest.join('\n')).toMatch(/^1\n2\n3\n[^]*…27124 tokens truncated…[^]*\n19999\n20000\n$/);
    const whole = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('');
    expect(readFileSync(thread.spills[0] as string, 'utf8')).toBe(whole);
    expect(completed().aggregatedOutput).toBe(whole);
  });

  test('without end keeps memory and file bounded', async () => {
    await remake(yieldWhen(printed('0123')));
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const { text } = await thread.call(exec, {
      cmd: "yes '0123456789abcdef😀' | head -c 200000000; echo end",
    });
    await thread.until(() => thread.items('completed').length > 0);
    const { text: last } = await thread.call(stdin, { session_id: sessionIdOf(text) });
    expect(last).toContain('Process exited with code 0');
    expect(last).toMatch(/end\n$/);
    const after = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    expect(after - before).toBeLessThan(150e6);
    expect(thread.spills).toHaveLength(1);
    expect(statSync(thread.spills[0] as string).size).toBe(64 * 1024 * 1024);
    const { aggregatedOutput } = completed();
    expect(aggregatedOutput?.length).toBeLessThan(1024 * 1024);
    expect(aggregatedOutput).toMatch(/^0123[^]*tokens truncated…[^]*end\n$/);
    expect(aggregatedOutput).not.toContain('�');
    expect(thread.deltas('commandOutput').length).toBeLessThan(9 * 1024 * 1024);
  });

  test('says so when the full output could not be kept', async () => {
    const call = thread.call(
      {
        ...exec,
        prepare: (input, at) => {
          const prepared = exec.prepare(input, at);
          return {
            ...prepared,
            run: (ctx) =>
              prepared.run({
                ...ctx,
                openSpill: () => {
                  throw new Error('disk full');
                },
              }),
          };
        },
      },
      { cmd: 'seq 1 2000', max_output_tokens: 10 },
    );
    expect((await call).text).toContain('Full output: could not be kept (disk full)');
  });
});

describe('sessions', () => {
  test('a command that takes long goes on, and is read to its end', async () => {
    await remake(yieldWhen(printed('first')));
    thread.put({ gate: '' });
    const cmd = 'echo first; while [ -e gate ]; do sleep 0.01; done; echo last';
    const { text, success, item } = await thread.call(exec, { cmd });
    expect(success).toBe(true);
    expect(item).toBeUndefined();
    const id = sessionIdOf(text);
    expect(outputOf(text)).toBe('first\n');
    expect(thread.items('completed')).toEqual([]);
    rmSync(`${thread.cwd}/gate`);
    await thread.until(() => thread.items('completed').length > 0);
    const rest = await thread.call(stdin, { session_id: id });
    expect(rest.text).toContain('Process exited with code 0\n');
    expect(outputOf(rest.text)).toBe('last\n');
    expect(completed()).toMatchObject({
      id: 'call-1',
      status: 'completed',
      processId: String(id),
      aggregatedOutput: 'first\nlast\n',
    });
    expect(thread.items('completed')).toHaveLength(1);
    expect(thread.sessions.list()).toEqual([]);
    expect((await thread.call(stdin, { session_id: id })).text).toBe(
      `write_stdin failed: Unknown process id ${id}`,
    );
  });

  test('a session with a terminal is typed into', async () => {
    await remake(yieldWhen(printed('ready')));
    const started = await thread.call(exec, { cmd: 'echo ready; read x; echo "got $x"', tty: true });
    const id = sessionIdOf(started.text);
    const { text } = await thread.call(stdin, { session_id: id, chars: 'hello\n', yield_time_ms: 2000 });
    expect(outputOf(text)).toBe('got hello\n');
    expect(thread.deltas('commandInput')).toBe('hello\n');
  });

  test('one without a terminal cannot be typed into, only interrupted', async () => {
    await remake(yieldWhen(printed('ready')));
    const started = await thread.call(exec, { cmd: 'trap "exit 5" INT; echo ready; while :; do :; done' });
    const id = sessionIdOf(started.text);
    const typed = await thread.call(stdin, { session_id: id, chars: 'x' });
    expect(typed.text).toContain('tty set to true');
    const { text } = await thread.call(stdin, { session_id: id, chars: '\u0003', yield_time_ms: 2000 });
    expect(text).toContain('Process exited with code 5\n');
    expect(completed()).toMatchObject({ status: 'failed', exitCode: 5 });
  });

  test('closing a session kills its process tree and completes its item as failed, once', async () => {
    await remake(yieldWhen(printed('\n')));
    const { text } = await thread.call(exec, { cmd: 'sleep 600 & echo $!; wait' });
    const child = Number(outputOf(text));
    expect(isAlive(child)).toBe(true);
    const session = thread.sessions.get(sessionIdOf(text));
    await Promise.all([session?.close(), session?.close()]);
    expect(completed()).toMatchObject({ status: 'failed' });
    expect(thread.items('completed')).toHaveLength(1);
    expect(thread.sessions.list()).toEqual([]);
    while (isAlive(child)) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('a process that ignores SIGTERM is forced', async () => {
    await remake(yieldWhen(printed('up')));
    const { text } = await thread.call(exec, { cmd: 'trap "" TERM; echo up; while :; do sleep 0.01; done' });
    expect(outputOf(text)).toBe('up\n');
    await thread.sessions.get(sessionIdOf(text))?.close();
    expect(completed()).toMatchObject({ status: 'failed', exitCode: 137 });
  });

  test('the 65th session ends the oldest, and says so', async () => {
    await remake(yieldWhen(atOnce));
    const ids: number[] = [];
    for (let i = 0; i < 64; i++) {
      const id = thread.sessions.nextId();
      ids.push(id);
      const close = (): Promise<void> => {
        thread.sessions.remove(id);
        return Promise.resolve();
      };
      thread.sessions.add({ id, close });
    }
    const { text } = await thread.call(exec, { cmd: 'sleep 600' });
    expect(text).toContain(
      `Session ${ids[0]}, the oldest, was ended: at most 64 sessions may run at once.\n`,
    );
    expect(thread.sessions.list()).toHaveLength(64);
    expect(thread.sessions.get(ids[0] as number)).toBeUndefined();
    expect(thread.sessions.get(sessionIdOf(text))).toBeDefined();
    for (const id of ids) thread.sessions.remove(id);
  });
});

describe('an interrupted turn', () => {
  test('kills the running command and says so', async () => {
    const call = thread.call(exec, { cmd: 'echo begun; sleep 600 & wait' });
    await thread.until(() => thread.deltas('commandOutput').includes('begun'));
    thread.interrupt();
    const { text, success } = await call;
    expect(success).toBe(false);
    expect(text).toMatch(/^Process aborted by the user after \d+\.\d seconds/m);
    expect(outputOf(text)).toBe('begun\n');
    expect(completed()).toMatchObject({ status: 'failed', aggregatedOutput: 'begun\n' });
    expect(isAlive(thread.processes[0]?.pid ?? 0)).toBe(false);
  });

  test('also when the model waits for a session', async () => {
    await remake(yieldWhen(atOnce));
    const { text } = await thread.call(exec, { cmd: 'sleep 600' });
    thread.interrupt();
    const waited = await thread.call(stdin, { session_id: sessionIdOf(text) });
    expect(waited.text).toContain('aborted by the user');
    expect(completed()).toMatchObject({ status: 'failed' });
    expect(thread.sessions.list()).toEqual([]);
  });
});

describe('the old shell tools', () => {
  const line = shellCommandTool('shell_command');
  const shell = shellCommandTool('shell');

  test('report in their own form', async () => {
    const { text } = await thread.call(line, { command: 'echo hi; exit 2' });
    expect(text).toMatch(/^Exit code: 2\nWall time: \d+\.\d seconds\nOutput:\nhi\n$/);
    expect(completed()).toMatchObject({ status: 'failed', exitCode: 2 });
  });

  test('take a list of words, or a shell with a script', async () => {
    expect((await thread.call(shell, { command: ['printf', '%s|', 'a b', "it's"] })).text).toMatch(
      /a b\|it's\|$/,
    );
    await thread.call(shell, { command: ['bash', '-c', 'echo $0'], workdir: '..' });
    expect(thread.requests[1]).toMatchObject({ command: 'echo $0', shell: 'bash', login: false });
  });

  test('stop at their time-out', async () => {
    await remake(yieldWhen(printed('a')));
    const { text } = await thread.call(line, { command: 'echo a; sleep 600', timeout_ms: 5000 });
    expect(text).toMatch(
      /^Exit code: 124\nWall time: .*\nOutput:\ncommand timed out after 5000 milliseconds\na\n$/,
    );
    expect(completed()).toMatchObject({ status: 'failed', exitCode: 124 });
    expect(isAlive(thread.processes[0]?.pid ?? 0)).toBe(false);
  });
});
