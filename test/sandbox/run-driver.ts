// Starts the drivers of this folder under Bun or Node and reads their answer.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBun } from '../../scripts/run.mjs';
import type { FenceJob, FenceResult } from './fence-driver.ts';

export const RUNTIMES: { bun: string | null; node: string } = { bun: findBun(), node: process.execPath };
export type RuntimeName = keyof typeof RUNTIMES;

export function runDriver<T>(file: string, runtime: RuntimeName, argument: string): Promise<T> {
  const program = RUNTIMES[runtime];
  if (program === null) throw new Error('no Bun in node_modules');
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [join(import.meta.dirname, file), argument],
      { maxBuffer: 64 << 20, env: { ...process.env, NODE_NO_WARNINGS: '1' } },
      (error, stdout, stderr) => {
        const line = stdout.trim().split('\n').at(-1) ?? '';
        try {
          resolve(JSON.parse(line) as T);
        } catch {
          reject(new Error(`${file} ${runtime} ${argument}: ${error?.message ?? ''}\n${stdout}\n${stderr}`));
        }
      },
    );
  });
}

export function runFence(job: FenceJob, runtime: RuntimeName = 'bun'): Promise<FenceResult> {
  return runDriver<FenceResult>('fence-driver.ts', runtime, JSON.stringify(job));
}

/** Git without the machine's own settings, hooks or prompts. */
export function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@localhost',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@localhost',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function makeRepository(path: string): void {
  execFileSync('mkdir', ['-p', path]);
  git(path, 'init', '-q', '-b', 'main');
  git(path, 'config', 'user.email', 'a@localhost');
  git(path, 'config', 'user.name', 'a');
  writeFileSync(join(path, 'file'), 'one\n');
  git(path, 'add', 'file');
  git(path, 'commit', '-q', '-m', 'first');
}

/** A folder outside /tmp where there is one, since /tmp is writable in the fence. */
export function makeScratch(): { path: string; remove(): void } {
  const base = ['/var/tmp', tmpdir()].find((path) => existsSync(path)) as string;
  const path = realpathSync(mkdtempSync(join(base, 'skua-fence-')));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
