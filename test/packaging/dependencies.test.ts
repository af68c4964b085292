// What package.json and its lock file promise: pinned versions, no install scripts, every platform, and a reason for each package.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  overrides?: Record<string, string>;
}

interface LockedPackage {
  version?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const direct = {
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.optionalDependencies,
  ...manifest.overrides,
};

test('every direct dependency is pinned and has a line in docs/dependencies.md', () => {
  const doc = read('docs/dependencies.md');
  for (const [name, version] of Object.entries(direct)) {
    expect(version, name).toMatch(/^(npm:(@[^@/]+\/)?[^@/]+@)?\d+\.\d+\.\d+$/);
    expect(doc, `a line for ${name}`).toContain(`| \`${name}\` |`);
  }
});

test('no locked package has an install script', () => {
  const scripted = Object.entries(lock.packages).filter(([, locked]) => locked.hasInstallScript);
  expect(scripted.map(([path]) => path)).toEqual([]);
});

test('every locked package has a checksum', () => {
  const unchecked = Object.entries(lock.packages).filter(
    ([path, locked]) => path !== '' && !locked.integrity,
  );
  expect(unchecked.map(([path]) => path)).toEqual([]);
});

// npm leaves a platform package out of the lock file when the registry does not have it, and `npm ci` then refuses the file.
test('every platform package that a locked package names is locked too', () => {
  const missing: string[] = [];
  for (const [path, locked] of Object.entries(lock.packages)) {
    for (const name of Object.keys(locked.optionalDependencies ?? {})) {
      const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
      if (!places.some((place) => place in lock.packages)) missing.push(`${path} -> ${name}`);
    }
  }
  expect(missing).toEqual([]);
});
