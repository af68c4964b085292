// Runs one spawn scenario on the runtime it is started with and prints what happened as JSON.
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SpawnRequest } from '../../src/protocol/process.ts';
import { spawn } from '../../src/lib/runtime/spawn.ts';

const env = { PATH: process.env['PATH'] ?? '', TERM: 'xterm' };
const base = { cwd: '/tmp', env, terminal: null, stdin: 'closed' } as const;

async function run(request: Partial<SpawnRequest> & { argv: string[] }, input?: string) {
  const started = performance.now();
  const process = spawn({ ...base, ...request });
  let output = '';
  process.onOutput = (chunk) => {
    output += Buffer.from(chunk).toString('latin1');
  };
  if (input !== undefined) {
    process.write(input);
    process.closeStdin();
  }
  const exit = await process.exited;
  return { ...exit, output, ms: performance.now() - started };
}

const sh = (script: string) => ['/bin/bash', '-c', script];

function aliveWith(marker: string): number {
  return readdirSync('/proc').filter((name) => {
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0');
      return /^\d+$/.test(name) && args[0] === 'sleep' && args[1] === marker;
    } catch {
      return false;
    }
  }).length;
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200; i += 1) {
    if (condition()) return true;
    await sleep(25);
  }
  return false;
}

async function killTree() {
  const marker = `98${process.pid}`;
  const process_ = spawn({ ...base, argv: sh(`sleep ${marker} & setsid sleep ${marker} & sleep ${marker}`) });
  const started = await until(() => aliveWith(marker) === 3);
  process_.kill('SIGKILL');
  const exit = await process_.exited;
  return { started, gone: await until(() => aliveWith(marker) === 0), signal: exit.signal };
}

async function interrupt() {
  const process_ = spawn({
    ...base,
    argv: sh(`trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done`),
  });
  let output = '';
  process_.onOutput = (chunk) => {
    output += Buffer.from(chunk).toString();
    if (output === 'ready\n') process_.kill('SIGINT');
  };
  return { ...(await process_.exited), output };
}

async function descriptors() {
  const a = openSync('/etc/passwd', 'r');
  const b = openSync('/etc/group', 'r');
  const result = await run({ argv: ['/bin/ls', '-l', '/proc/self/fd'], inheritFds: [b, a] });
  closeSync(a);
  closeSync(b);
  return result.output
    .split('\n')
    .flatMap((line) => / (\d+) -> (.*)$/.exec(line)?.slice(1, 3).join(' ') ?? []);
}

function startError(request: Partial<SpawnRequest> & { argv: string[] }): string {
  try {
    spawn({ ...base, ...request });
    return 'started';
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}

const scenarios: Record<string, () => unknown> = {
  order: () => run({ argv: sh('echo a; echo b >&2; echo c; exit 3') }),
  reopen: () => run({ argv: sh('echo hi > /dev/stdout') }),
  stdin: () => run({ argv: ['/bin/cat'], stdin: 'pipe' }, 'hello'),
  closed: () => run({ argv: ['/bin/cat'] }),
  big: async () => {
    const { output, ...rest } = await run({ argv: sh('head -c 20000000 /dev/zero; echo end') });
    return { ...rest, length: output.length, tail: output.slice(-4) };
  },
  daemon: () => run({ argv: sh('echo out; sleep 7 & exit 4') }),
  chatty: () =>
    run({ argv: sh('(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo t; sleep 0.5; done) & exit 4') }),
  signal: () => run({ argv: sh('kill -TERM $$') }),
  sigpipe: () => run({ argv: sh('grep -i sigign /proc/self/status') }),
  terminal: () => run({ argv: sh('tty; stty size; seq 1 20000'), terminal: { columns: 100, rows: 30 } }),
  terminalFds: async () => {
    const fd = openSync('/etc/hosts', 'r');
    return run({
      argv: sh('readlink /proc/self/fd/3; cat <&3 | head -c 3'),
      terminal: { columns: 80, rows: 24 },
      inheritFds: [fd],
    });
  },
  terminalInput: () =>
    run(
      { argv: sh('read line; echo "got $line"'), terminal: { columns: 80, rows: 24 }, stdin: 'pipe' },
      'abc\n',
    ),
  errors: () => [
    startError({ argv: ['/no/such/program'] }),
    startError({ argv: ['/bin/true'], cwd: '/no/such/folder' }),
    startError({ argv: ['/etc/passwd'] }),
  ],
  killTree,
  interrupt,
  descriptors,
};

const name = process.argv[2] ?? '';
const scenario = scenarios[name];
if (!scenario) throw new Error(`unknown scenario ${name}`);
Promise.resolve(scenario()).then(
  (result) => {
    console.log(JSON.stringify(result));
    process.exit(0);
  },
  (error: unknown) => {
    console.log(JSON.stringify({ error: String(error), code: (error as { code?: string }).code }));
    process.exit(0);
  },
);
