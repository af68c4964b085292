// The Bun runtime an executable is built on: found or fetched, checked against the lock file, and stripped of its back doors.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from './targets.ts';

/**
 * Environment variables that make every Bun executable something else than the program inside it: the first turns it into
 * the `bun` command line, the second injects flags such as `--preload ./file.ts`, read from the current folder. skua starts
 * in repositories nobody has checked yet, often as a grandchild of tools that set these for themselves, so the names are
 * overwritten in the runtime. Same length, because they are patched in place.
 */
const BACK_DOORS = [
  ['BUN_BE_BUN', 'SKUA_NO_BB'],
  ['BUN_OPTIONS', 'SKUA_NO_OPT'],
] as const;

/** Path of the pristine runtime of `target`; fetched into `cache` with npm when `npm ci` did not bring it. */
export function findRuntime(root: string, cache: string, target: Target): string {
  const file = target.os === 'win32' ? 'bun.exe' : 'bun';
  const installed = join(root, 'node_modules', target.bunPackage, 'bin', file);
  if (existsSync(installed)) return installed;
  const fetched = join(cache, target.id, 'package', 'bin', file);
  if (!existsSync(fetched)) fetchRuntime(root, join(cache, target.id), target);
  return fetched;
}

/** Writes a copy of the runtime that ignores the variables of `BACK_DOORS` to `path`. Throws when one is not found. */
export function writeHardenedRuntime(runtime: string, path: string): void {
  const bytes = readFileSync(runtime);
  for (const [name, replacement] of BACK_DOORS) {
    let found = 0;
    for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + name.length)) {
      bytes.write(replacement, at, 'latin1');
      found++;
    }
    if (found === 0) {
      throw new Error(
        `${runtime}: ${name} does not occur in this Bun. Find out how this version reads it before shipping it (docs/decisions/0001-runtime-bun-and-node.md).`,
      );
    }
  }
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
}

interface Lock {
  packages: Record<string, { version?: string; integrity?: string } | undefined>;
}

interface Packed {
  filename: string;
}

function fetchRuntime(root: string, folder: string, target: Target): void {
  const lock: Lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const locked = lock.packages[`node_modules/${target.bunPackage}`];
  if (!locked?.version || !locked.integrity) {
    throw new Error(`${target.bunPackage} is not in package-lock.json: add it to optionalDependencies.`);
  }
  mkdirSync(folder, { recursive: true });
  const packed: Packed[] = JSON.parse(
    run('npm', ['pack', `${target.bunPackage}@${locked.version}`, '--json', '--silent'], folder),
  );
  const tarball = join(folder, packed[0]?.filename ?? '');
  const digest = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (`sha512-${digest}` !== locked.integrity) {
    throw new Error(`${tarball}: the checksum differs from package-lock.json. Nothing was built from it.`);
  }
  run('tar', ['-xzf', tarball], folder);
}

function run(command: string, args: string[], cwd: string): string {
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', shell, maxBuffer: 1 << 26 });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout;
}
