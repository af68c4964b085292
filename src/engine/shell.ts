// The user's shell: how a command line becomes argv, and the login environment, captured once per thread.
import { basename } from 'node:path';
import { quoteWord } from '../lib/shell-quote.ts';
import type { RunningProcess } from '../protocol/process.ts';

/** Variables that describe the capturing shell itself, not the login environment. */
const SHELL_STATE = new Set(['PWD', 'OLDPWD', 'SHLVL', '_']);
const MARK = 'skua-login-environment';
const MAX_CAPTURE_BYTES = 1 << 20;

function family(shell: string): 'posix' | 'powershell' | 'cmd' {
  const name = basename(shell.replaceAll('\\', '/'))
    .toLowerCase()
    .replace(/\.exe$/, '');
  if (name === 'pwsh' || name === 'powershell') return 'powershell';
  return name === 'cmd' ? 'cmd' : 'posix';
}

/** argv that runs `command` in `shell`, with or without the login profile. */
export function shellArgv(shell: string, command: string, options: { login: boolean }): string[] {
  switch (family(shell)) {
    case 'posix':
      return [shell, options.login ? '-lc' : '-c', command];
    case 'powershell':
      return options.login ? [shell, '-Command', command] : [shell, '-NoProfile', '-Command', command];
    case 'cmd':
      return [shell, '/d', '/s', '/c', command];
  }
}

/** The command as people see it, in the form Codex shows: `/bin/bash -lc 'cmd'`. */
export function displayCommand(shell: string, command: string, options: { login: boolean }): string {
  return shellArgv(shell, command, options).map(quoteWord).join(' ');
}

/** Only POSIX shells can hand out their login environment; others start with their profile each time. */
export function canCaptureLogin(shell: string): boolean {
  return family(shell) === 'posix';
}

/** The command line that prints the login environment after a mark, past whatever the profile prints. */
export function captureArgv(shell: string): string[] {
  return [shell, '-lc', `printf '\\0%s\\0' ${MARK}; exec /usr/bin/env -0`];
}

/** Reads what `captureArgv` printed; null when the mark is missing (the profile failed or is too chatty). */
export async function readCapture(process: RunningProcess): Promise<Record<string, string> | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  process.onOutput = (chunk) => {
    size += chunk.length;
    if (size <= MAX_CAPTURE_BYTES) chunks.push(chunk);
    else process.kill('SIGKILL');
  };
  const exit = await process.exited;
  if (exit.code !== 0) return null;
  const text = Buffer.concat(chunks).toString('utf8');
  const start = text.lastIndexOf(`\0${MARK}\0`);
  if (start < 0) return null;
  const environment: Record<string, string> = {};
  for (const line of text.slice(start + MARK.length + 2).split('\0')) {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    if (equals > 0 && !SHELL_STATE.has(name)) environment[name] = line.slice(equals + 1);
  }
  return environment;
}
