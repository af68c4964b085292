// Which parts of git's own folders a command may write: commits work, whatever makes git run programs does not change.
import { lstatSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isInside } from './path-rules.ts';

/** A path that stays read-only; `missing` says what to put there while nothing is there (null: leave it alone). */
export interface GuardedPath {
  path: string;
  missing: { kind: 'folder' } | { kind: 'file'; content: string } | null;
}

export interface GitFence {
  /** Metadata folders that commands may write, as real paths. */
  writable: string[];
  guarded: GuardedPath[];
}

/** Beyond this many, submodules become read-only as a whole: each one costs several mounts per command. */
const MAX_SUBMODULES = 6;
const MAX_WORKTREES = 8;

function kindOf(path: string): 'file' | 'folder' | 'link' | 'other' | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isDirectory()) return 'folder';
  return stat.isFile() ? 'file' : 'other';
}

function readText(path: string): string | null {
  try {
    return kindOf(path) === 'file' ? readFileSync(path, 'utf8').slice(0, 65_536) : null;
  } catch {
    return null;
  }
}

function realPathOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isGitFolder(path: string): boolean {
  return (
    kindOf(path) === 'folder' &&
    kindOf(join(path, 'HEAD')) !== null &&
    kindOf(join(path, 'objects')) === 'folder' &&
    kindOf(join(path, 'refs')) === 'folder'
  );
}

/** Where they are in any folder that git could take for its own. */
export function programPathsOf(folder: string): string[] {
  return programParts(folder).map(({ path }) => path);
}

/** The parts of one git folder that name or are programs. An empty file or `.` is what git itself would assume. */
function programParts(folder: string): GuardedPath[] {
  return [
    { path: join(folder, 'config'), missing: { kind: 'file', content: '' } },
    { path: join(folder, 'config.worktree'), missing: { kind: 'file', content: '' } },
    { path: join(folder, 'commondir'), missing: { kind: 'file', content: '.' } },
    { path: join(folder, 'hooks'), missing: { kind: 'folder' } },
    { path: join(folder, 'info'), missing: { kind: 'folder' } },
  ];
}

/** A link in such a place could be swapped for something else: then nothing of the repository is writable. */
function isPlain(parts: readonly GuardedPath[]): boolean {
  return parts.every(({ path }) => kindOf(path) !== 'link');
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name));
  } catch {
    return [];
  }
}

/** Git folders of submodules; their names may contain slashes, and they may have submodules themselves. */
function findSubmodules(folder: string, found: string[] = []): string[] {
  for (const candidate of foldersIn(folder)) {
    if (found.length > MAX_SUBMODULES) return found;
    if (isGitFolder(candidate)) {
      found.push(candidate);
      findSubmodules(join(candidate, 'modules'), found);
    } else findSubmodules(candidate, found);
  }
  return found;
}

/** `core.worktree` of a git folder's config, as a real path. */
function worktreeSetting(folder: string): string | null {
  let section = '';
  for (const line of (readText(join(folder, 'config')) ?? '').split('\n')) {
    section = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1]?.toLowerCase() ?? section;
    const value = /^\s*worktree\s*=\s*(.+?)\s*$/i.exec(line)?.[1];
    if (section === 'core' && value !== undefined) {
      return realPathOrNull(resolve(folder, value.replace(/^"(.*)"$/, '$1')));
    }
  }
  return null;
}

function submoduleParts(folder: string): GuardedPath[] {
  const modules = join(folder, 'modules');
  const submodules = findSubmodules(modules);
  const parts = submodules.flatMap((submodule) => {
    const worktree = worktreeSetting(submodule);
    const pointer = worktree === null ? null : join(worktree, '.git');
    return [
      ...programParts(submodule),
      ...(pointer !== null && kindOf(pointer) === 'file' ? [{ path: pointer, missing: null }] : []),
    ];
  });
  if (submodules.length <= MAX_SUBMODULES && isPlain(parts)) return parts;
  return [{ path: modules, missing: null }];
}

/** Where the back pointer of `worktrees/<name>` leads: the `.git` file of that worktree. */
function backPointer(entry: string): string | null {
  const text = readText(join(entry, 'gitdir'))?.trim();
  return text ? realPathOrNull(resolve(entry, text)) : null;
}

function worktreeParts(common: string, own: string | null, writeRoots: readonly string[]): GuardedPath[] {
  const entries = foldersIn(join(common, 'worktrees'));
  if (entries.length > MAX_WORKTREES && own === null) {
    return [{ path: join(common, 'worktrees'), missing: null }];
  }
  return entries.slice(0, 64).flatMap((entry): GuardedPath[] => {
    const pointer = backPointer(entry);
    const isWritable =
      entry === own || (pointer !== null && writeRoots.some((root) => isInside(pointer, root)));
    if (!isWritable) return [{ path: entry, missing: null }];
    return [
      { path: join(entry, 'commondir'), missing: null },
      { path: join(entry, 'gitdir'), missing: null },
      { path: join(entry, 'config.worktree'), missing: { kind: 'file', content: '' } },
      ...(pointer !== null && kindOf(pointer) === 'file' ? [{ path: pointer, missing: null }] : []),
    ];
  });
}

function fenceOf(folder: string, own: string | null, writeRoots: readonly string[]): GitFence | null {
  const parts = [
    ...programParts(folder),
    ...submoduleParts(folder),
    ...worktreeParts(folder, own, writeRoots),
  ];
  return isPlain(parts) ? { writable: [folder], guarded: parts } : null;
}

/**
 * A `.git` file only says where the repository is; anybody can write one. It is believed when the repository says
 * the same: a worktree's entry points back at this very file, a submodule's config at this very folder.
 */
function fenceOfPointer(pointer: string, writeRoots: readonly string[]): GitFence | null {
  const target = /^gitdir:\s*(.+?)\s*$/m.exec(readText(pointer) ?? '')?.[1];
  const entry = target === undefined ? null : realPathOrNull(resolve(dirname(pointer), target));
  if (entry === null) return null;
  const itself: GuardedPath = { path: pointer, missing: null };
  const commonText = readText(join(entry, 'commondir'))?.trim();
  if (commonText !== undefined) {
    const common = realPathOrNull(resolve(entry, commonText));
    const isOwn =
      common !== null &&
      isGitFolder(common) &&
      dirname(entry) === join(common, 'worktrees') &&
      backPointer(entry) === pointer;
    const fence = isOwn ? fenceOf(common, entry, writeRoots) : null;
    return fence === null ? null : { ...fence, guarded: [itself, ...fence.guarded] };
  }
  if (!isGitFolder(entry) || worktreeSetting(entry) !== dirname(pointer)) return null;
  const fence = fenceOf(entry, null, writeRoots);
  return fence === null ? null : { ...fence, guarded: [itself, ...fence.guarded] };
}

/** What may be written of the repository whose `.git` is at `path` (real parent); null: nothing. */
export function resolveGitFence(path: string, writeRoots: readonly string[]): GitFence | null {
  switch (kindOf(path)) {
    case 'folder':
      return isGitFolder(path) ? fenceOf(path, null, writeRoots) : null;
    case 'file':
      return fenceOfPointer(path, writeRoots);
    default:
      return null;
  }
}

/** `.git` of the repository around a folder that has none itself; never that of the home folder or of `/`. */
export function findOuterGit(folder: string, userHome: string | null): string | null {
  for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) {
    if (at === userHome) return null;
    const candidate = join(at, '.git');
    if (kindOf(candidate) !== null) return candidate;
  }
  return null;
}

/** Settings that `git init`, `clone` and first commits write, and that start no program. */
const PLAIN_SETTINGS =
  /^(core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks)|user\.(name|email)|init\.defaultbranch|remote\.(url|fetch)|branch\.(remote|merge))$/;

function hasPlainConfig(text: string): boolean {
  let section = '';
  return text.split('\n').every((line) => {
    const heading = /^\s*\[([a-z]+)(?:\s+"[^"\\]*")?\]\s*$/i.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading.toLowerCase();
      return true;
    }
    if (/^\s*([#;].*)?$/.test(line)) return true;
    const [, key, value] = /^\s*([a-z]+)\s*=\s*(.*)$/i.exec(line) ?? [];
    if (key === undefined || value === undefined || value.endsWith('\\')) return false;
    // `ext::` and other transports of that form name a program.
    return PLAIN_SETTINGS.test(`${section}.${key.toLowerCase()}`) && !value.includes('::');
  });
}

/** True for a repository as git makes it: one that holds nothing which would run when somebody uses it. */
export function isPlainRepository(path: string): boolean {
  if (!isGitFolder(path)) return false;
  const config = readText(join(path, 'config'));
  if (config === null || !hasPlainConfig(config)) return false;
  if (
    ['commondir', 'config.worktree', 'modules', 'info/attributes'].some(
      (name) => kindOf(join(path, name)) !== null,
    )
  ) {
    return false;
  }
  if (kindOf(join(path, 'hooks')) === null) return true;
  return (
    kindOf(join(path, 'hooks')) === 'folder' &&
    readdirSync(join(path, 'hooks')).every((name) => name.endsWith('.sample'))
  );
}

/** True for the paths that `resolveGitFence` is meant for. */
export function isGitPath(path: string): boolean {
  return basename(path) === '.git';
}
