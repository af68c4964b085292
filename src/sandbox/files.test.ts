// Guarded file access on a real disk: policy, links, races, modes, missing folders.
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileAccess } from '../protocol/files.ts';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import { openFileAccess } from './files.ts';
import { protectedPathsFor } from './protected-paths.ts';

let root: string;
let ws: string;
let outside: string;
let policy: SandboxPolicy;
let files: FileAccess;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'skua-files-')));
  ws = join(root, 'ws');
  outside = join(root, 'outside');
  mkdirSync(ws);
  mkdirSync(outside);
  writeFileSync(join(outside, 'victim'), 'intact');
  policy = {
    mode: 'workspace-write',
    workspace: ws,
    writableRoots: [],
    writableTmp: { tmpdir: false, slashTmp: false },
    denyRead: [join(ws, 'secret')],
    protectedPaths: protectedPathsFor([ws], '/nonexistent'),
    network: 'off',
  };
  files = openFileAccess(() => policy, { tmpdir: null });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function refusal(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'allowed',
    (error: { code?: string }) => String(error.code),
  );
}

describe('reading', () => {
  test('follows links and reads everything but what is denied', async () => {
    symlinkSync(join(outside, 'victim'), join(ws, 'link'));
    expect(text(await files.read(join(ws, 'link')))).toBe('intact');
    writeFileSync(join(ws, 'secret'), 'x');
    symlinkSync('secret', join(ws, 'alias'));
    symlinkSync(ws, join(outside, 'back'));
    for (const path of ['ws/secret', 'ws/alias', 'outside/back/secret', 'outside/back/alias']) {
      expect(await refusal(files.read(join(root, path))), path).toBe('DENIED');
      expect(await refusal(files.stat(join(root, path))), path).toBe('DENIED');
    }
  });

  test.runIf(process.platform === 'linux')(
    "shows nothing of skua's own process, whatever the way",
    async () => {
      symlinkSync('/proc/self/environ', join(ws, 'environment'));
      for (const path of ['/proc/self/environ', `/proc/${process.pid}/environ`, join(ws, 'environment')]) {
        expect(await refusal(files.read(path)), path).toBe('DENIED');
      }
      expect(text(await files.read('/proc/version'))).toContain('Linux');
    },
  );

  test('keeps the codes of the system and refuses what is no file', async () => {
    expect(await refusal(files.read(join(ws, 'nothing')))).toBe('ENOENT');
    expect(await refusal(files.read(ws))).toBe('EISDIR');
    expect(await files.stat(join(ws, 'nothing'))).toBeNull();
    expect(await files.stat(join(outside, 'victim', 'below'))).toBeNull();
    symlinkSync('b', join(ws, 'a'));
    symlinkSync('a', join(ws, 'b'));
    expect(await refusal(files.read(join(ws, 'a')))).toBe('ELOOP');
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(ws, 'pipe')]);
    expect(await refusal(files.read(join(ws, 'pipe')))).toBe('DENIED');
    expect(await refusal(files.write(join(ws, 'pipe'), bytes('x')))).toBe('DENIED');
    expect(await files.stat('/')).toMatchObject({ kind: 'directory' });
  });
});

describe('writing', () => {
  test('makes folders, keeps modes, leaves no temporary files', async () => {
    await files.write(join(ws, 'a/b/c.txt'), bytes('one'));
    chmodSync(join(ws, 'a/b/c.txt'), 0o751);
    await files.write(join(ws, 'a/b/c.txt'), bytes('two'));
    expect(readFileSync(join(ws, 'a/b/c.txt'), 'utf8')).toBe('two');
    expect(statSync(join(ws, 'a/b/c.txt')).mode & 0o777).toBe(0o751);
    expect(readdirSync(join(ws, 'a/b'))).toEqual(['c.txt']);
  });

  test('goes to the target of a link, and breaks hard links instead of writing through them', async () => {
    writeFileSync(join(ws, 'target'), 'old');
    symlinkSync('target', join(ws, 'link'));
    await files.write(join(ws, 'link'), bytes('new'));
    expect(lstatSync(join(ws, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(ws, 'target'), 'utf8')).toBe('new');
    linkSync(join(outside, 'victim'), join(ws, 'hard'));
    await files.write(join(ws, 'hard'), bytes('mine'));
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('intact');
  });

  test('stays inside, whichever way leads out', async () => {
    symlinkSync(outside, join(ws, 'dir'));
    symlinkSync(join(outside, 'victim'), join(ws, 'file'));
    symlinkSync(join(outside, 'new'), join(ws, 'dangling'));
    for (const path of ['dir/x', 'dir/deep/x', 'file', 'dangling', '../outside/x']) {
      const full = `${ws}/${path}`;
      expect(await refusal(files.write(full, bytes('x'))), path).toBe('DENIED');
      expect(await refusal(files.checkWrite(full)), path).toBe('DENIED');
    }
    expect(readdirSync(outside)).toEqual(['victim']);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('intact');
  });

  test('leaves protected names alone, existing, missing and through links', async () => {
    mkdirSync(join(ws, '.git'));
    symlinkSync('.git', join(ws, 'g'));
    for (const path of [
      '.git/config',
      '.git/hooks/x',
      'g/config',
      '.codex/config.toml',
      '.mcp.json',
      '.claude/a/b',
    ]) {
      expect(await refusal(files.write(join(ws, path), bytes('x'))), path).toBe('DENIED');
    }
    expect(readdirSync(ws).toSorted()).toEqual(['.git', 'g']);
    await files.write(join(ws, 'CLAUDE.md'), bytes('x'));
    expect(await refusal(files.remove(join(ws, '.git')))).toBe('DENIED');
  });

  test('checkWrite changes nothing and agrees with write', async () => {
    await files.checkWrite(join(ws, 'x/y/z'));
    expect(existsSync(join(ws, 'x'))).toBe(false);
    expect(await refusal(files.checkWrite(ws))).not.toBe('allowed');
  });

  test('follows the mode of the moment', async () => {
    policy = { ...policy, mode: 'read-only' };
    expect(await refusal(files.write(join(ws, 'x'), bytes('x')))).toBe('DENIED');
    policy = { ...policy, mode: 'danger-full-access' };
    await files.write(join(outside, 'x'), bytes('x'));
    expect(readFileSync(join(outside, 'x'), 'utf8')).toBe('x');
  });

  test('writes what a human approved, and nothing beside it', async () => {
    const approved = new Set([join(outside, 'new', 'file')]);
    const lenient = openFileAccess(() => policy, { tmpdir: null }, approved);
    await lenient.write(join(outside, 'new', 'file'), bytes('x'));
    expect(readFileSync(join(outside, 'new', 'file'), 'utf8')).toBe('x');
    expect(await refusal(lenient.write(join(outside, 'victim'), bytes('x')))).toBe('DENIED');
  });

  test('removes the link and not its target', async () => {
    symlinkSync(join(outside, 'victim'), join(ws, 'link'));
    await files.remove(join(ws, 'link'));
    expect(existsSync(join(outside, 'victim'))).toBe(true);
    expect(existsSync(join(ws, 'link'))).toBe(false);
    expect(await refusal(files.remove(join(outside, 'victim')))).toBe('DENIED');
    expect(await refusal(files.remove(ws))).not.toBe('allowed');
    expect(await refusal(files.remove(join(ws, 'nothing')))).toBe('ENOENT');
  });

  test.runIf(process.platform === 'linux')(
    'a folder swapped for a link meanwhile leads nowhere else',
    async () => {
      mkdirSync(join(ws, 'real'));
      symlinkSync('real', join(ws, 'd'));
      const stop = new AbortController();
      const swap = async (): Promise<void> => {
        for (let round = 0; !stop.signal.aborted; round += 1) {
          symlinkSync(round % 2 === 0 ? outside : 'real', join(ws, 'next'));
          renameSync(join(ws, 'next'), join(ws, 'd'));
          await new Promise(setImmediate);
        }
      };
      const swapping = swap();
      const results = new Set<string>();
      for (let round = 0; round < 300; round += 1)
        results.add(await refusal(files.write(join(ws, 'd', 'x'), bytes('x'))));
      stop.abort();
      await swapping;
      expect(readdirSync(outside)).toEqual(['victim']);
      // Both sides of the race were met.
      expect(results).toContain('allowed');
      expect(results).toContain('DENIED');
    },
  );
});
