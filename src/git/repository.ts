// Finds a git repository and reads where it stands from its plain files: no git process, no walk over the work tree.
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { GitInfo } from '../protocol/thread.ts';

export interface Repository {
  /** The folder that holds `.git`: the top of the work tree. */
  root: string;
  /** Where HEAD is; of a linked worktree its own folder. */
  gitDir: string;
  /** Where branches and config are; the same as `gitDir` but in linked worktrees. */
  commonDir: string;
}

// Whoever made the repository chose these files: nothing is read that is no plain file or absurdly big.
const MAX_SMALL = 65_536;
const MAX_CONFIG = 1_048_576;
const MAX_PACKED_REFS = 134_217_728;
const MAX_REF_DEPTH = 5;
const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The repository that holds `cwd` (absolute); null when there is none. What it names is only to be shown, not trusted. */
export function findRepository(cwd: string): Repository | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = repositoryAt(folder);
    if (found !== null) return found;
    if (dirname(folder) === folder) return null;
  }
}

export function isInsideRepository(cwd: string): boolean {
  return findRepository(cwd) !== null;
}

/** Commit, branch and remote of a repository; null for what it does not have or what cannot be read. */
export function readGitInfo(repository: Repository): GitInfo {
  const head = readSmall(join(repository.gitDir, 'HEAD'), MAX_SMALL)?.trim() ?? '';
  const ref = refNameOf(head);
  return {
    commitHash: ref === null ? objectId(head) : resolveRef(repository, ref),
    branch:
      ref?.startsWith('refs/heads/') === true && ref !== UNREADABLE ? ref.slice('refs/heads/'.length) : null,
    repositoryUrl: readRemoteUrl(repository),
  };
}

/** What HEAD of a repository with the reftable format says: its branches are not in plain files. */
const UNREADABLE = 'refs/heads/.invalid';

function repositoryAt(root: string): Repository | null {
  const path = join(root, '.git');
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const gitDir = stat.isFile() ? linkedGitDir(path) : path;
  if (gitDir === null) return null;
  // git itself takes a folder for a repository only when it has a HEAD.
  if (lstatSync(join(gitDir, 'HEAD'), { throwIfNoEntry: false }) === undefined) return null;
  const common = readSmall(join(gitDir, 'commondir'), MAX_SMALL)?.trim();
  return { root, gitDir, commonDir: common ? resolve(gitDir, common) : gitDir };
}

/** Reads a `.git` file of a linked worktree or a submodule. */
function linkedGitDir(path: string): string | null {
  const target = /^gitdir: ([^\0\n]+)/.exec(readSmall(path, MAX_SMALL) ?? '')?.[1]?.trim();
  if (target === undefined || target === '') return null;
  return isAbsolute(target) ? target : resolve(dirname(path), target);
}

function refNameOf(head: string): string | null {
  const name = /^ref:\s*(\S.*)$/.exec(head)?.[1]?.trim();
  return name !== undefined && isSafeRefName(name) ? name : null;
}

/** Stays inside the folder of refs, as git's own rules demand. */
function isSafeRefName(name: string): boolean {
  return /^refs\/[^\p{Cc} ~^:?*[\\]+$/u.test(name) && !name.includes('..') && !name.includes('//');
}

function resolveRef(repository: Repository, name: string): string | null {
  let ref = name;
  for (let depth = 0; depth < MAX_REF_DEPTH; depth++) {
    const text = readSmall(join(repository.commonDir, ref), MAX_SMALL)?.trim();
    if (text === undefined) return readPackedRef(repository.commonDir, ref);
    const next = refNameOf(text);
    if (next === null) return objectId(text);
    ref = next;
  }
  return null;
}

function readPackedRef(commonDir: string, ref: string): string | null {
  const packed = readBytes(join(commonDir, 'packed-refs'), MAX_PACKED_REFS);
  if (packed === null) return null;
  const needle = Buffer.from(` ${ref}\n`);
  for (let at = packed.indexOf(needle); at !== -1; at = packed.indexOf(needle, at + 1)) {
    const start = packed.lastIndexOf(10, at - 1) + 1;
    const id = objectId(packed.toString('latin1', start, at));
    if (id !== null) return id;
  }
  return null;
}

function objectId(text: string): string | null {
  return OBJECT_ID.test(text) ? text : null;
}

function readRemoteUrl(repository: Repository): string | null {
  const config = readSmall(join(repository.commonDir, 'config'), MAX_CONFIG);
  if (config === null) return null;
  let isOrigin = false;
  let url: string | null = null;
  for (const raw of config.split('\n')) {
    const line = raw.trim();
    const section = /^\[([^\]]*)\]/.exec(line)?.[1];
    if (section !== undefined) isOrigin = /^remote\s+"origin"$/i.test(section.trim());
    const value = isOrigin ? /^(?:\[[^\]]*\]\s*)?url\s*=\s*(.*)$/i.exec(line)?.[1] : undefined;
    // git takes the last value for reading one.
    if (value !== undefined) url = unquote(value);
  }
  return url === null || url === '' ? null : withoutCredentials(url);
}

function unquote(value: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(value.trim())?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
  return value.replace(/\s[#;].*$/, '').trim();
}

/**
 * The URL without what could be a secret: user and password of web addresses, the password of others, query and
 * fragment. `git@host:path` stays as it is.
 */
export function withoutCredentials(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#]*)@)?([^?#]*)/i.exec(url.replace(/\p{Cc}/gu, ''));
  if (match === null) return url.replace(/\p{Cc}/gu, '').replace(/^([^@/:]+):[^@/]*@/, '$1@');
  const [, scheme = '', user, rest = ''] = match;
  const name = user?.split(':')[0] ?? '';
  const isWeb = /^https?:/i.test(scheme);
  return `${scheme}${isWeb || name === '' ? '' : `${name}@`}${rest}`;
}

function readSmall(path: string, limit: number): string | null {
  return readBytes(path, limit)?.toString('utf8') ?? null;
}

/** The content of a plain file; null when it is missing, no plain file, or bigger than `limit` bytes. */
function readBytes(path: string, limit: number): Buffer | null {
  let fd: number;
  try {
    // A pipe in the place of a file must not make this wait.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return null;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= limit ? readFileSync(fd) : null;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
