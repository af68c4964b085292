// A throw-away machine for config tests: home, system folder and project in one temporary folder.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadSettings, type LoadedConfig, type LoadInput } from '../../src/config/load.ts';

export interface World {
  root: string;
  home: string;
  system: string;
  project: string;
  /** Writes a file below `root`, making folders; returns its path. */
  write(path: string, text: string): string;
  /** Trusts `folder` in the user's config, which is then made of this and `more`. */
  trust(folder: string, more?: string): void;
  load(input?: Partial<LoadInput>): LoadedConfig;
  remove(): void;
}

export function makeWorld(): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'skua-config-')));
  const [home, system, project] = [join(root, 'user/.skua'), join(root, 'etc'), join(root, 'project')];
  for (const folder of [home, system, join(project, '.git')]) mkdirSync(folder, { recursive: true });
  const write = (path: string, text: string): string => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  return {
    root,
    home,
    system,
    project,
    write,
    trust: (folder, more = '') => {
      write(
        'user/.skua/config.toml',
        `${more}\n[projects.${JSON.stringify(folder)}]\ntrust_level = "trusted"\n`,
      );
    },
    load: (input = {}) =>
      loadSettings({
        env: {},
        cwd: project,
        homedir: join(root, 'user'),
        platform: process.platform,
        headless: false,
        systemFolders: [system],
        ...input,
      }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** The message of the error that `run` throws; fails the test when it throws none. */
export function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}
