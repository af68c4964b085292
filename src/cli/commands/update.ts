// `update`: tells how to update, by the way skua was installed. Makes no network request.
import { realpathSync } from 'node:fs';
import type { Output } from '../output.ts';
import { readVersion } from '../version.ts';

export async function updateCommand(output: Output): Promise<number> {
  const advice = adviceFor({
    managedByNpm: process.env['SKUA_MANAGED_BY_NPM'] !== undefined,
    managedByBun: process.env['SKUA_MANAGED_BY_BUN'] !== undefined,
    paths: [realPath(process.execPath), realPath(process.argv[1] ?? '')],
  });
  await output.out(`skua ${readVersion()}. ${advice}\n`);
  return 0;
}

export interface Installation {
  managedByNpm: boolean;
  managedByBun: boolean;
  /** Real paths of the running executable and script. */
  paths: readonly string[];
}

/** One sentence with the command that updates this installation. */
export function adviceFor(installation: Installation): string {
  const paths = installation.paths.map((path) => path.replaceAll('\\', '/'));
  const isUnder = (part: RegExp): boolean => paths.some((path) => part.test(path));
  if (isUnder(/\/(Cellar|homebrew|linuxbrew)\//)) return 'Update with: brew upgrade skua';
  if (installation.managedByBun || isUnder(/\/\.bun\/install\//))
    return 'Update with: bun add -g skua@latest';
  if (isUnder(/\/\.?pnpm\/global\/|\/pnpm\/global\//)) return 'Update with: pnpm add -g skua@latest';
  if (installation.managedByNpm || isUnder(/\/node_modules\/skua(-[^/]+)?\//)) {
    return 'Update with: npm install -g skua@latest';
  }
  if (isUnder(/\/src\/main\.ts$/)) return 'It runs from source: update with git pull and npm ci';
  return 'It was installed by hand: put the newer executable in its place';
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
