// Finds the git program on PATH, but never one that lies in the workspace: a repository could bring its own.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';

/**
 * Absolute path of git, or null. `workspaces`: absolute folders whose content is not trusted. PATH entries that are
 * empty, relative, or lead into a workspace (also by a link) are passed over.
 */
export function findGit(searchPath: string, workspaces: readonly string[]): string | null {
  const fences = workspaces.map(realOf).filter((folder) => folder !== parse(folder).root);
  const names = process.platform === 'win32' ? ['git.exe'] : ['git'];
  for (const folder of searchPath.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    for (const name of names) {
      const program = programAt(join(folder, name));
      if (program === null) continue;
      const places = [resolve(folder), realOf(folder), program];
      if (!places.some((place) => fences.some((fence) => isWithin(place, fence)))) return program;
    }
  }
  return null;
}

/** The real path of an executable plain file, else null. */
function programAt(path: string): string | null {
  try {
    const real = realpathSync(path);
    accessSync(real, constants.X_OK);
    return statSync(real).isFile() ? real : null;
  } catch {
    return null;
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
