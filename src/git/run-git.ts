// Runs git for the program itself, with everything switched off by which a repository could make git run something else.
import { spawn } from 'node:child_process';
import { UsageError } from '../protocol/error.ts';
import { findGit } from './find-git.ts';
import { findRepository } from './repository.ts';

export interface GitOptions {
  /** Absolute folder to run in. */
  cwd: string;
  /** Environment to start from; `GIT_*` and other steering variables are taken out. */
  env: Readonly<Record<string, string | undefined>>;
  /** More folders whose programs are not trusted, besides the repository that holds `cwd`. */
  workspaces?: readonly string[];
}

export interface GitCall {
  signal?: AbortSignal;
  /** Output beyond this many bytes ends git; 64 MiB when left out. */
  maxBytes?: number;
}

export interface GitResult {
  /** Exit code; null when git was ended by a signal or by us. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** True when there was more output than `maxBytes`. */
  isTruncated: boolean;
}

/** Git made safe for one folder: what its config could start was looked up once. */
export interface Git {
  /** Arguments as git takes them, sub-command first; nothing goes through a shell. Rejects when aborted. */
  run(args: readonly string[], call?: GitCall): Promise<GitResult>;
}

const MAX_BYTES = 67_108_864;
const MAX_STDERR = 65_536;

/** Values that end every way of `git config` to a program; an empty one overrides the repository's. */
const SAFE_CONFIG: readonly (readonly [string, string])[] = [
  ['core.fsmonitor', ''],
  ['core.hooksPath', '/dev/null'],
  ['core.pager', 'cat'],
  ['core.editor', ':'],
  ['core.askPass', ''],
  ['core.sshCommand', 'false'],
  ['core.gitProxy', ''],
  ['credential.helper', ''],
  ['diff.external', ''],
  ['log.showSignature', 'false'],
  ['gpg.program', 'false'],
  ['gpg.ssh.program', 'false'],
  ['gpg.x509.program', 'false'],
  ['protocol.allow', 'never'],
  ['protocol.ext.allow', 'never'],
  ['uploadpack.packObjectsHook', ''],
  ['safe.bareRepository', 'explicit'],
  ['submodule.recurse', 'false'],
  ['diff.ignoreSubmodules', 'dirty'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
];

/** Steering variables without the prefix GIT_, and variables by which a loader or shell could run something. */
const DROPPED = /^(?:GIT_.*|SSH_ASKPASS|PAGER|EDITOR|VISUAL|LD_PRELOAD|DYLD_.*|BASH_ENV|ENV)$/i;

/** Runs git once. For several calls in one folder `openGit` looks up the folder's config only once. */
export async function runGit(args: readonly string[], options: GitOptions & GitCall): Promise<GitResult> {
  const git = await openGit(options, options.signal);
  return git.run(args, options);
}

/** Throws a `UsageError` when there is no git outside the workspace. */
export async function openGit(options: GitOptions, signal?: AbortSignal): Promise<Git> {
  const workspaces = [options.cwd, ...(options.workspaces ?? [])];
  const repository = findRepository(options.cwd);
  if (repository !== null) workspaces.push(repository.root);
  const program = findGit(searchPathOf(options.env), workspaces);
  if (program === null) {
    throw new UsageError(
      `No git found on PATH outside ${repository?.root ?? options.cwd}. Install git, or put its folder on PATH.`,
    );
  }
  const base = safeEnvironment(options.env);
  const start = { program, cwd: options.cwd };
  const listed = await runProcess(
    {
      ...start,
      env: { ...base, ...configVariables([]) },
      args: ['config', '--list', '--null', '--show-scope'],
    },
    signal === undefined ? {} : { signal },
  );
  if (listed.code !== 0) {
    // Without the list nobody knows what this repository would start.
    throw new UsageError(
      `git cannot read its config in ${options.cwd}: ${printable(listed.stderr)}. Repair the config, or update git (2.26 or later).`,
    );
  }
  const env = { ...base, ...configVariables(driverOverrides(listed.stdout)) };
  return {
    run: (args, call = {}) => runProcess({ ...start, env, args: ['--no-pager', ...args] }, call),
  };
}

function searchPathOf(env: GitOptions['env']): string {
  const name = process.platform === 'win32' ? Object.keys(env).find((key) => /^path$/i.test(key)) : 'PATH';
  return env[name ?? 'PATH'] ?? '';
}

/** First line of what git says. Names in it come from repositories: no control character may reach a terminal. */
export function printable(text: string): string {
  return (text.trim().split('\n')[0] ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

function safeEnvironment(env: GitOptions['env']): Record<string, string> {
  const safe: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !DROPPED.test(name)) safe[name] = value;
  }
  return {
    ...safe,
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    // Set but empty: no program is asked for passwords, not even the one in the config.
    GIT_ASKPASS: '',
    GIT_PAGER: 'cat',
    GIT_EDITOR: ':',
    // Overrides every protocol.*.allow of the repository: nothing here needs a remote, not even a missing object.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    LC_ALL: 'C',
  };
}

/** Config by environment: unlike `-c` it can name drivers with any character in their name. */
function configVariables(more: readonly (readonly [string, string])[]): Record<string, string> {
  const all = [...SAFE_CONFIG, ...more];
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(all.length) };
  for (const [index, [key, value]] of all.entries()) {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return variables;
}

/**
 * Switches off the drivers that the repository's own config defines. Drivers of the user's and the system's config stay:
 * large file storage would show differences that are none.
 */
function driverOverrides(listing: string): [string, string][] {
  const overrides = new Map<string, string>();
  const fields = listing.split('\0');
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const scope = fields[index] as string;
    const key = (fields[index + 1] as string).split('\n')[0] as string;
    if (scope !== 'local' && scope !== 'worktree') continue;
    const driver = /^(filter|diff|merge|credential)\.(.+)\.[^.]+$/is.exec(key);
    if (driver === null) continue;
    const [, kind = '', name = ''] = driver;
    for (const [member, value] of DRIVER_MEMBERS[kind.toLowerCase()] ?? []) {
      overrides.set(`${kind}.${name}.${member}`, value);
    }
  }
  return [...overrides];
}

const DRIVER_MEMBERS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  filter: [
    ['clean', ''],
    ['smudge', ''],
    ['process', ''],
    ['required', 'false'],
  ],
  diff: [
    ['command', ''],
    ['textconv', ''],
  ],
  merge: [['driver', '']],
  credential: [['helper', '']],
};

interface GitStart {
  program: string;
  cwd: string;
  env: Record<string, string>;
  args: readonly string[];
}

function runProcess(start: GitStart, call: GitCall): Promise<GitResult> {
  const { signal, maxBytes = MAX_BYTES } = call;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(start.program, start.args, {
      cwd: start.cwd,
      env: start.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    let errorSize = 0;
    const abort = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      if (size < maxBytes) out.push(chunk.subarray(0, maxBytes - size));
      size += chunk.length;
      if (size > maxBytes) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (errorSize < MAX_STDERR) err.push(chunk);
      errorSize += chunk.length;
    });
    child.on('error', (error) => {
      signal?.removeEventListener('abort', abort);
      reject(new Error(`Cannot start ${start.program} in ${start.cwd}: ${error.message}.`, { cause: error }));
    });
    child.on('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted === true) {
        reject(signal.reason instanceof Error ? signal.reason : new Error('git was interrupted.'));
        return;
      }
      resolve({
        code,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
        isTruncated: size > maxBytes,
      });
    });
  });
}
