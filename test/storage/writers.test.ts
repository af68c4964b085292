// Tests of rollouts under several processes: one writer at a time, and nothing lost when a writer is killed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  readFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireFileLock, FileLockedError } from '../../src/lib/file-lock.ts';
import { readRollout } from '../../src/storage/rollout-reader.ts';
import { createRollout, openRollout } from '../../src/storage/rollout-writer.ts';
import { META, NOW, THREAD_ID, turnEvents } from './thread-script.ts';

const now = (): number => NOW;
const writerUrl = join(import.meta.dirname, '../../src/storage/rollout-writer.ts');
const scriptUrl = join(import.meta.dirname, 'thread-script.ts');

let root: string;
let home: string;
let children: ChildProcess[];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'writers-')));
  home = join(root, 'home');
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function start(code: string, ...args: string[]): ChildProcess {
  const source = `
    import { createRollout, openRollout } from ${JSON.stringify(writerUrl)};
    import { META, NOW, event, asked, turnEvents, TURN_ID } from ${JSON.stringify(scriptUrl)};
    const now = () => NOW;
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.slice(0, text.indexOf('\n'));
}

function newThread(): string {
  const writer = createRollout({ home, meta: META, now });
  for (const each of turnEvents('First', 'One')) writer.append(each);
  writer.close();
  return writer.path as string;
}

describe('one writer at a time', () => {
  test('a second writer in the same process is refused until the first one closes', () => {
    const path = newThread();
    const first = openRollout({ path, now });
    expect(() => openRollout({ path, now })).toThrow(
      `Thread ${THREAD_ID} is open in process ${process.pid}; two writers would mix up its record. End it first, or work on a copy with "skua fork ${THREAD_ID}".`,
    );
    first.close();
    openRollout({ path, now }).close();
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test('a writer in another process is named by its pid, and its death frees the thread', async () => {
    const path = newThread();
    const other = start(
      `openRollout({ path: process.argv[1], now }); console.log('open'); process.stdin.resume();`,
      path,
    );
    expect(await firstLine(other)).toBe('open');
    expect(() => openRollout({ path, now })).toThrow(`is open in process ${other.pid};`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    openRollout({ path, now }).close();
  });

  test('of many processes that start at once, exactly one gets the thread', async () => {
    const path = newThread();
    // A dead holder is what makes taking over dangerous.
    const dead = start(
      `openRollout({ path: process.argv[1], now }); console.log('open'); process.stdin.resume();`,
      path,
    );
    await firstLine(dead);
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    expect(existsSync(`${path}.lock`)).toBe(true);
    const code = `
      process.stdin.once('data', () => {
        try { openRollout({ path: process.argv[1], now }); console.log('got it'); } catch (error) { console.log(error.name); }
      });
      console.log('ready');`;
    const racers = Array.from({ length: 4 }, () => start(code, path));
    const outputs = racers.map((racer) => {
      const lines: string[] = [];
      racer.stdout?.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
      return lines;
    });
    const until = async (count: number): Promise<void> => {
      while (outputs.some((lines) => lines.length < count)) {
        await Promise.race(
          racers
            .filter((_, at) => (outputs[at]?.length ?? 0) < count)
            .map((racer) => once(racer.stdout as never, 'data')),
        );
      }
    };
    await until(1);
    for (const racer of racers) racer.stdin?.write('go\n');
    await until(2);
    expect(outputs.map((lines) => String(lines[1])).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'UsageError',
      'UsageError',
      'UsageError',
      'got it',
    ]);
  });
});

describe('the lock file', () => {
  const claim = (members: object): string =>
    `${JSON.stringify({ host: hostname(), space: null, nonce: 'x', start: null, ...members })}\n`;

  test('goes away when it is released', () => {
    const path = join(root, 'a.lock');
    const lock = acquireFileLock(path, 'first');
    expect(existsSync(path)).toBe(true);
    lock.release();
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  test.runIf(process.platform === 'linux')(
    'of a process whose pid went to a later one is not honoured',
    () => {
      const path = join(root, 'a.lock');
      const lock = acquireFileLock(path, 'first');
      const line = readFileSync(path, 'utf8');
      lock.release();
      writeFileSync(path, line, { mode: 0o600 });
      expect(() => acquireFileLock(path, 'second')).toThrow(FileLockedError);
      writeFileSync(path, line.replace(/"start":"\d+"/, '"start":"1"'), { mode: 0o600 });
      acquireFileLock(path, 'third').release();
    },
  );

  test('of another machine is honoured, and says so', () => {
    const path = join(root, 'b.lock');
    writeFileSync(path, claim({ pid: 1, host: 'elsewhere' }), { mode: 0o600 });
    expect(() => acquireFileLock(path, 'n')).toThrow(FileLockedError);
    expect(() => acquireFileLock(path, 'n')).toThrow(/process 1 on elsewhere/);
  });

  test('full of garbage stops nobody', () => {
    const path = join(root, 'c.lock');
    writeFileSync(path, 'garbage\n{"pid":-1}\n{"pid":"x","nonce":1}\n[]\n\n', { mode: 0o600 });
    acquireFileLock(path, 'n').release();
  });

  test('keeps waiting claims that were given back out of the way', () => {
    const path = join(root, 'd.lock');
    const lock = acquireFileLock(path, 'one');
    expect(() => acquireFileLock(path, 'two')).toThrow(FileLockedError);
    lock.release();
    acquireFileLock(path, 'three').release();
  });
});

test('a writer killed at any moment loses nothing that was acknowledged', async () => {
  const path = newThread();
  let acknowledged = 0;
  for (let round = 0; round < 12; round++) {
    const writer = start(
      `const writer = openRollout({ path: process.argv[1], now });
       for (let n = Number(process.argv[2]); ; n++) {
         writer.append(event({ type: 'history.appended', turnId: TURN_ID, entries: [asked('entry ' + n + ' ' + 'x'.repeat(n % 5000))] }));
         process.stdout.write(n + '\\n');
         // Else it fills the pipe with acknowledgements, and the disk, before anybody reads the first.
         if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
       }`,
      path,
      String(acknowledged),
    );
    let text = '';
    writer.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.length > 150 + round * 97) writer.kill('SIGKILL');
    });
    await once(writer, 'close');
    const last = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
    const thread = readRollout(path);
    const numbers = thread.history
      .flatMap((entry) => /entry (\d+) /.exec(JSON.stringify(entry))?.[1] ?? [])
      .map(Number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(numbers.length).toBeGreaterThan(last);
    acknowledged = numbers.length;
  }
  expect(acknowledged).toBeGreaterThan(50);
});
