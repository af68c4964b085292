// Starts the program, or a fixture, as a real process in both runtimes.
import { spawn, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findBun, findNode } from '../../scripts/run.mjs';

export const ROOT = join(import.meta.dirname, '..', '..');
export const MAIN = join(ROOT, 'src', 'main.ts');

/** The runtimes of this machine, by name. */
export const RUNTIMES: readonly { name: string; binary: string }[] = [
  { name: 'node', binary: findNode() },
  { name: 'bun', binary: findBun() },
].flatMap(({ name, binary }) => (binary ? [{ name, binary }] : []));

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface Start {
  argv: readonly string[];
  /** The text `silent`: an open pipe that nobody writes. */
  stdin?: string | Uint8Array;
  stdio?: SpawnOptions['stdio'];
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs to the end; never throws for a bad exit. */
export function runProcess({
  argv,
  stdin = '',
  stdio = 'pipe',
  env = {},
  cwd = ROOT,
}: Start): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = argv;
    const child = spawn(file, args, {
      cwd,
      stdio,
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      child.stdin?.destroy();
      resolve({ code, signal, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined);
    if (stdin !== 'silent') child.stdin?.end(stdin);
  });
}

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}
