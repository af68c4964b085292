// Which folder is the project, whether the user trusts it, and which of its config files may be read.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { isTable, type Table } from './table.ts';

export type Trust = 'trusted' | 'untrusted' | 'unknown';

/** Nearest folder from `cwd` upwards that holds one of `markers`; `cwd` when there is none. What a marker says is never read. */
export function findProjectRoot(cwd: string, markers: readonly string[]): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (markers.some((marker) => existsSync(join(folder, marker)))) return folder;
    if (dirname(folder) === folder) return cwd;
  }
}

/** The folders from `root` down to `cwd`, both included. */
export function foldersBetween(root: string, cwd: string): string[] {
  const below = relative(root, cwd);
  const steps = below === '' || below.startsWith('..') ? [] : below.split(sep);
  if (below.startsWith('..')) return [cwd];
  return steps.reduce<string[]>(
    (folders, step) => [...folders, join(folders.at(-1) as string, step)],
    [root],
  );
}

function isSamePath(a: string, b: string, platform: string): boolean {
  const flat = (path: string): string => {
    const clean = normalize(path);
    const bare = clean.length > 1 && clean.endsWith(sep) ? clean.slice(0, -1) : clean;
    return platform === 'win32' ? bare.toLowerCase() : bare;
  };
  return flat(a) === flat(b);
}

/** The user's own word on exactly this folder. */
function verdictOn(folder: string, projects: Table, platform: string): Trust {
  let verdict: Trust = 'unknown';
  for (const [path, entry] of Object.entries(projects)) {
    if (!isTable(entry) || !isSamePath(path, folder, platform)) continue;
    if (entry['trust_level'] === 'untrusted') return 'untrusted';
    if (entry['trust_level'] === 'trusted') verdict = 'trusted';
  }
  return verdict;
}

/**
 * What the user's config says of `cwd`: the entry of `projects` for the nearest folder from `cwd` up to `root`.
 * Both are real paths, and only entries that spell the real path count: nothing inside the folder (`.git` files,
 * symlinks, commondir) can borrow another folder's trust.
 */
export function findTrust(input: { cwd: string; root: string; projects: Table; platform: string }): Trust {
  for (const folder of foldersBetween(input.root, input.cwd).toReversed()) {
    const verdict = verdictOn(folder, input.projects, input.platform);
    if (verdict !== 'unknown') return verdict;
  }
  return 'unknown';
}

/** Config files of the project, root first, that exist in folders `isTrusted` says yes to; the others are counted. */
export function projectConfigFiles(input: {
  root: string;
  cwd: string;
  home: string;
  isTrusted: (folder: string) => boolean;
}): { files: string[]; ignored: string[] } {
  const files: string[] = [];
  const ignored: string[] = [];
  for (const folder of foldersBetween(input.root, input.cwd)) {
    for (const name of ['.codex', '.skua']) {
      const file = join(folder, name, 'config.toml');
      // The user's own home may lie inside a project (a home folder under version control).
      if (join(folder, name) === input.home || !existsSync(file)) continue;
      (input.isTrusted(folder) ? files : ignored).push(file);
    }
  }
  return { files, ignored };
}

/** Keys of `projects` that would name `folder` if links were followed: worth a hint, never trust. */
export function trustedThroughLink(folder: string, projects: Table): string | null {
  for (const path of Object.keys(projects)) {
    try {
      if (path !== folder && realpathSync(path) === folder) return path;
    } catch {
      // A folder that is gone names nothing.
    }
  }
  return null;
}
