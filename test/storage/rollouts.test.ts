// Tests of rollouts on disk: events -> file -> thread, real Codex files, cuts at every byte, modes, links, full disks.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseJsonObject } from '../../src/lib/json-lines.ts';
import { entryPayload } from '../../src/storage/rollout-format.ts';
import { readRollout } from '../../src/storage/rollout-reader.ts';
import { createNullRollout, createRollout, openRollout } from '../../src/storage/rollout-writer.ts';
import {
  answered,
  asked,
  event,
  META,
  NOW,
  SETTINGS,
  THREAD_ID,
  TURN_ID,
  turnEvents,
  usage,
  WORK,
} from './thread-script.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'rollouts');
const now = (): number => NOW;

let root: string;
let home: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'rollouts-')));
  home = join(root, 'home');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Writes a thread of two turns; returns its path. */
function writeThread(): string {
  const writer = createRollout({ home, meta: META, now });
  for (const each of turnEvents('First', 'One', { work: WORK, count: 1 })) writer.append(each);
  for (const each of turnEvents('Second', 'Two', { count: 2 })) writer.append(each);
  writer.close();
  return writer.path as string;
}

const WHOLE = [asked('First'), ...WORK, answered('One'), asked('Second'), answered('Two')];

function fixture(name: string): { path: string; lines: Record<string, unknown>[] } {
  const path = join(root, 'fixture.jsonl');
  const text = readFileSync(join(FIXTURES, `${name}.jsonl`), 'utf8');
  writeFileSync(path, text, { mode: 0o600 });
  return {
    path,
    lines: text
      .trimEnd()
      .split('\n')
      .map((line) => parseJsonObject(line) as Record<string, unknown>),
  };
}

describe('a rollout of ours', () => {
  test('gives back history, head, settings and usage exactly', () => {
    const thread = readRollout(writeThread(), 'A name');
    expect(thread.history).toEqual(WHOLE);
    expect(thread.meta).toEqual(META);
    expect(thread.settings).toEqual(SETTINGS);
    expect(thread.usage).toEqual(usage(2));
    expect(thread.lastUsage).toEqual(usage(1));
    expect(thread).toMatchObject({ name: 'A name', warnings: [] });
  });

  test('holds nothing of passing events, and nothing at all before the first line', () => {
    const writer = createRollout({ home, meta: META, now });
    writer.append(event({ type: 'warning', message: 'x' }));
    writer.append(event({ type: 'thread.changed', name: 'x' }));
    writer.close();
    expect(existsSync(home)).toBe(false);
    expect(readFileSync(writeThread(), 'utf8')).not.toContain('never kept');
  });

  test('starts with the head, and stands in the folder of its local day', () => {
    const path = writeThread();
    expect(path.slice(home.length)).toMatch(
      /^\/sessions\/2026\/01\/1[456]\/rollout-2026-01-1[456]T\d\d-\d\d-00-019a0000/,
    );
    const first = parseJsonObject(readFileSync(path, 'utf8').split('\n')[0] as string);
    expect(first).toMatchObject({
      type: 'session_meta',
      timestamp: META.createdAt,
      payload: { id: THREAD_ID },
    });
  });

  test('keeps a compaction: new history, later entries, the settings once more', () => {
    const path = writeThread();
    const writer = openRollout({ path, now });
    writer.append(turnEvents('x', 'x')[0] as never);
    const entries = [asked('First'), asked('SUMMARY')];
    writer.append(event({ type: 'history.replaced', turnId: TURN_ID, entries, summary: 'SUMMARY' }));
    writer.append(event({ type: 'history.appended', turnId: TURN_ID, entries: [answered('Three')] }));
    writer.close();
    expect(readRollout(path).history).toEqual([...entries, answered('Three')]);
    const types = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => parseJsonObject(line)?.['type']);
    expect(types.slice(-4)).toEqual(['compacted', 'turn_context', 'event_msg', 'response_item']);
  });

  test('takes no event after it was closed', () => {
    const writer = createRollout({ home, meta: META, now });
    writer.close();
    writer.close();
    expect(() => writer.append(turnEvents('x', 'x')[0] as never)).toThrow(/closed/);
    const none = createNullRollout();
    none.append(turnEvents('x', 'x')[0] as never);
    expect(none.path).toBeNull();
  });
});

describe('rollouts of the real Codex', () => {
  const names = readdirSync(FIXTURES).map((name) => name.replace('.jsonl', ''));

  test.each(names)('%s reads without a warning', (name) => {
    const thread = readRollout(fixture(name).path);
    expect(thread.warnings).toEqual([]);
    expect(thread.meta.cwd).toBe('/home/user/project');
    expect(thread.settings?.sandbox?.mode).toMatch(/^(read-only|workspace-write)$/);
    expect(thread.history.length).toBeGreaterThan(2);
  });

  test('every item is kept with its exact payload', () => {
    const { path, lines } = fixture('codex-0.118-tools-and-resume');
    const items = lines.filter((line) => line['type'] === 'response_item').map((line) => line['payload']);
    const thread = readRollout(path);
    expect(thread.history.map(entryPayload)).toEqual(items);
    expect(thread.usage).toMatchObject({ inputTokens: 5000, totalTokens: 5500 });
    expect(thread.meta).toMatchObject({ source: 'exec', originator: 'codex_exec', cliVersion: '0.118.0' });
    expect(thread.meta.instructions).toBe('You are a coding agent.');
  });

  test.each(['0.118', '0.169'])('a compaction of %s leaves its new history', (version) => {
    const { path } = fixture(`codex-${version}-compacted`);
    const texts = JSON.stringify(readRollout(path).history);
    expect(texts).toContain('SUMMARY of things');
    expect(texts).toContain('After compaction.');
    expect(texts).not.toContain('function_call');
    expect(texts).not.toContain('metadata_passthrough');
  });

  test('rolled back turns are gone, also in a fork, which has an id of its own', () => {
    const origin = readRollout(fixture('codex-0.118-rolled-back').path);
    const fork = readRollout(fixture('codex-0.118-forked-after-rollback').path);
    const users = (thread: typeof fork): string[] =>
      ['first', 'second', 'third', 'fourth', 'in fork'].filter((text) =>
        JSON.stringify(thread.history).includes(JSON.stringify(text)),
      );
    expect(users(origin)).toEqual(['first', 'second', 'fourth']);
    expect(users(fork)).toEqual(['first', 'second', 'fourth', 'in fork']);
    expect(fork.meta.forkedFrom).toBe(origin.meta.id);
    expect(fork.meta.id).not.toBe(origin.meta.id);
  });

  test('numbered lines go on being numbered', () => {
    const { path, lines } = fixture('codex-0.169-tools-and-resume');
    const writer = openRollout({ path, now });
    for (const each of turnEvents('More', 'Yes')) writer.append(each);
    writer.close();
    const all = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => parseJsonObject(line)?.['ordinal']);
    expect(all.length).toBeGreaterThan(lines.length + 4);
    expect(all).toEqual(all.map((_, index) => index));
  });
});

describe('damaged rollouts', () => {
  test('cut at every byte of the last two lines, nothing before the cut is lost and writing goes on', () => {
    const path = writeThread();
    const bytes = readFileSync(path);
    const lines = bytes.toString('utf8').trimEnd().split('\n');
    const tail = Buffer.byteLength(lines.slice(-2).join('\n')) + 1;
    const copy = join(root, 'copy.jsonl');
    for (let cut = bytes.length - tail; cut <= bytes.length; cut++) {
      writeFileSync(copy, bytes.subarray(0, cut), { mode: 0o600 });
      expect(readRollout(copy).history).toEqual(WHOLE);
      const writer = openRollout({ path: copy, now });
      writer.append(event({ type: 'history.appended', turnId: TURN_ID, entries: [asked('After')] }));
      writer.close();
      const after = readRollout(copy);
      expect(after.history).toEqual([...WHOLE, asked('After')]);
      expect(after.warnings).toEqual([]);
    }
  });

  test('cut at every line end, or in the middle of any line, the lines before stay', () => {
    const bytes = readFileSync(writeThread());
    const copy = join(root, 'copy.jsonl');
    let items = 0;
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(10, start) + 1;
      const line = parseJsonObject(bytes.subarray(start, end).toString('utf8'));
      if (start > 0) {
        for (const cut of [start, Math.floor((start + end) / 2)]) {
          writeFileSync(copy, bytes.subarray(0, cut), { mode: 0o600 });
          expect(readRollout(copy).history).toEqual(WHOLE.slice(0, items));
        }
      }
      if (line?.['type'] === 'response_item') items++;
      start = end;
    }
    expect(items).toBe(WHOLE.length);
  });

  test('a torn piece is cut off and quoted when the file is opened, half a character included', () => {
    const path = writeThread();
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole, Buffer.from('{"timestamp":"2026","ty\u00e4').subarray(0, -1)]));
    expect(readRollout(path).warnings).toEqual([expect.stringMatching(/cut off/)]);
    const writer = openRollout({ path, now });
    writer.close();
    expect(writer.warnings).toEqual([expect.stringMatching(/cut off in writing.*timestamp/)]);
    expect(readFileSync(path).equals(whole)).toBe(true);
  });

  test('a last line that only lacks its line feed is kept', () => {
    const path = writeThread();
    truncateSync(path, statSync(path).size - 1);
    const writer = openRollout({ path, now });
    writer.append(event({ type: 'history.appended', turnId: TURN_ID, entries: [asked('Third')] }));
    writer.close();
    expect(writer.warnings).toEqual([]);
    expect(readRollout(path).history).toEqual([...WHOLE, asked('Third')]);
  });

  test('garbage, blank lines, strange types, a byte order mark and CRLF are survived', () => {
    const path = writeThread();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const strange = [
      'garbage',
      '',
      '{"timestamp":"x","type":"from_the_future","payload":{"a":1}}',
      '[]',
      '\u0000\u0000\u0000',
      '{"timestamp":"x","type":"response_item","payload":{"type":"message"}}',
      '{"timestamp":"x","type":"response_item","payload":{"type":"ghost_snapshot","ghost_commit":{}}}',
    ];
    const mixed = lines.flatMap((line, index) =>
      index === 0 ? [line] : [line, strange[index % strange.length] as string],
    );
    writeFileSync(path, `\uFEFF${mixed.join('\r\n')}\r\n`);
    const thread = readRollout(path);
    expect(thread.history).toEqual(WHOLE);
    expect(thread.meta).toEqual(META);
    expect(thread.warnings.join(' ')).toMatch(/damaged lines/);
    expect(thread.warnings.join(' ')).toMatch(/x from_the_future/);
  });

  test('lines in any order never stop the reader', () => {
    const path = writeThread();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${lines.toReversed().join('\n')}\n`);
    const thread = readRollout(path);
    expect(thread.meta).toEqual(META);
    expect(thread.history).toHaveLength(WHOLE.length);
  });

  test('a missing head is replaced by what the name and the settings say', () => {
    const path = writeThread();
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(1).join('\n'));
    const thread = readRollout(path);
    expect(thread.meta).toMatchObject({ id: THREAD_ID, cwd: META.cwd, provider: 'openai' });
    expect(thread.warnings.join(' ')).toMatch(/head/);
  });

  test('a file with nothing in it, and no file at all, are errors with a next step', () => {
    const path = join(root, 'x.jsonl');
    expect(() => readRollout(path)).toThrow(/No rollout at .*skua resume/);
    writeFileSync(path, 'nonsense\n', { mode: 0o600 });
    expect(() => readRollout(path)).toThrow(/holds no thread/);
  });

  test('the older forms are read: bare lines, and a compaction that has only its summary', () => {
    const path = join(root, 'old.jsonl');
    const bare = [
      { id: THREAD_ID, timestamp: META.createdAt, instructions: 'Old' },
      { record_type: 'state' },
      entryPayload(asked('<environment_context>x</environment_context>')),
      entryPayload(asked('One')),
      entryPayload(answered('Two')),
      { timestamp: 'x', type: 'compacted', payload: { message: 'Short' } },
    ];
    writeFileSync(path, bare.map((line) => JSON.stringify(line)).join('\n') + '\n', { mode: 0o600 });
    const thread = readRollout(path);
    expect(thread.meta).toMatchObject({ id: THREAD_ID, instructions: 'Old' });
    expect(thread.history).toEqual([
      asked('<environment_context>x</environment_context>'),
      asked('One'),
      asked('Short'),
    ]);
    expect(thread.warnings).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('files of the home', () => {
  test('are 0600 in folders of 0700, whatever the umask', () => {
    const before = process.umask(0);
    try {
      const path = writeThread();
      expect(statSync(path).mode & 0o777).toBe(0o600);
      for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
        expect(statSync(folder).mode & 0o777).toBe(0o700);
      }
    } finally {
      process.umask(before);
    }
  });

  test('are repaired when they are too open', () => {
    const path = writeThread();
    chmodSync(path, 0o666);
    openRollout({ path, now }).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('are refused as links, hard links and pipes, and nothing is written through them', () => {
    const path = writeThread();
    const target = join(root, 'target');
    renameSync(path, target);
    const before = readFileSync(target);
    symlinkSync(target, path);
    expect(() => openRollout({ path, now })).toThrow(/symbolic link/);
    rmSync(path);
    linkSync(target, path);
    expect(() => openRollout({ path, now })).toThrow(/hard link/);
    rmSync(path);
    spawnSync('mkfifo', [path]);
    expect(() => openRollout({ path, now })).toThrow(/pipe/);
    expect(readFileSync(target).equals(before)).toBe(true);
  });

  test('are refused behind a folder that is a link', () => {
    mkdirSync(home);
    mkdirSync(join(root, 'elsewhere'));
    symlinkSync(join(root, 'elsewhere'), join(home, 'sessions'));
    expect(() => writeThread()).toThrow(/sessions is a symbolic link/);
    expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('a disk that takes no more', () => {
  const script = `
    import { createRollout } from ${JSON.stringify(join(import.meta.dirname, '../../src/storage/rollout-writer.ts'))};
    import { META, NOW, turnEvents } from ${JSON.stringify(join(import.meta.dirname, 'thread-script.ts'))};
    const writer = createRollout({ home: process.argv[1], meta: META, now: () => NOW });
    let turns = 0;
    try {
      for (; turns < 1000; turns++) for (const event of turnEvents('x'.repeat(500), 'y'.repeat(500))) writer.append(event);
    } catch (error) {
      console.log(JSON.stringify({ turns, name: error.name, code: error.code, message: error.message, path: writer.path }));
    }
  `;
  const runIn = (shell: string): Record<string, string> => {
    const result = spawnSync(
      'sh',
      ['-c', shell, 'sh', process.execPath, '--input-type=module', '-e', script, home],
      {
        encoding: 'utf8',
        cwd: root,
      },
    );
    return parseJsonObject(result.stdout) as Record<string, string>;
  };

  test('fails the turn and leaves whole lines (limit of the file size)', () => {
    // A limit of 64 blocks of 512 bytes; the signal that comes with it is ignored, so that write() fails.
    const report = runIn(`trap '' XFSZ; ulimit -f 64; exec "$@"`);
    expect(report).toMatchObject({ name: 'TurnError', code: 'storage' });
    expect(report['message']).toMatch(/Cannot write the record of this thread, .*EFBIG/);
    const text = readFileSync(report['path'] as string, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.trimEnd().split('\n')) expect(parseJsonObject(line)).not.toBeNull();
    expect(readRollout(report['path'] as string).warnings).toEqual([]);
  });

  const canMount =
    spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', tmpdir()]).status === 0;
  test.skipIf(!canMount)('fails the turn and leaves whole lines (no space left)', () => {
    mkdirSync(home);
    const copy = join(root, 'copy.jsonl');
    const inner = `mount -t tmpfs -o size=64k none '${home}'; "$@"; cat '${home}'/sessions/*/*/*/*.jsonl > '${copy}'`;
    const report = runIn(
      `exec unshare -m sh -c "$0_" sh "$@"`.replace('"$0_"', `'${inner.replaceAll("'", `'\\''`)}'`),
    );
    expect(report).toMatchObject({ name: 'TurnError', code: 'storage' });
    expect(report['message']).toMatch(/ENOSPC.*Free some disk space/);
    expect(readFileSync(copy, 'utf8').endsWith('\n')).toBe(true);
    expect(readRollout(copy).warnings).toEqual([]);
  });
});
