// A folder as npm leaves it after a global install, with a small script in the place of the big executable.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packMain, packPlatform, readManifest } from '../../scripts/pack.ts';
import { TARGETS, type Target } from '../../scripts/targets.ts';

export const manifest = readManifest();

/** The target this machine would install. */
export function hostTarget(): Target {
  const target = TARGETS.find((known) => known.os === process.platform && known.cpu === process.arch);
  if (!target) throw new Error(`no package for ${process.platform}-${process.arch}`);
  return target;
}

export interface Scratch extends Disposable {
  path: string;
}

/** A temporary folder with a space in its path, removed at the end. */
export function makeScratch(): Scratch {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'skua packaging ')));
  chmodSync(path, 0o755);
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Stands for dist/: a Node bundle that says what it got. */
export function writeFakeBuild(folder: string): void {
  mkdirSync(join(folder, 'skua-node'), { recursive: true });
  writeFileSync(join(folder, 'skua.mjs'), `import './skua-node/main.mjs';\n`);
  writeFileSync(
    join(folder, 'skua-node', 'main.mjs'),
    `console.log(['bundle', ...process.argv.slice(2)].join('|'));\n`,
  );
}

/** Stands for the executable: says what it got, then does what its first argument asks for. */
export const FAKE_EXECUTABLE = `#!/bin/sh
(IFS='|'; echo "exe|$*")
case "$1" in
  exit) exit "$2" ;;
  cat) cat ;;
  die) kill -s "$2" $$ ; sleep 30 ;;
  wait) exec sleep 30 ;;
  trap) trap 'echo got-term; exit 143' TERM; echo ready; while :; do sleep 0.05; done ;;
esac
`;

export interface FakeInstall {
  /** The command as it stands in PATH: a symlink. */
  command: string;
  /** What the symlink points at. */
  link: string;
  launcher: string;
  executable: string;
  platformPackage: string;
}

/** Lays out `bin/skua` and both packages below `lib/node_modules`, from the same code that packs a release. */
export function installFake(folder: string): FakeInstall {
  const dist = join(folder, 'dist');
  writeFakeBuild(dist);
  const script = join(folder, 'executable');
  writeFileSync(script, FAKE_EXECUTABLE);
  const modules = join(folder, 'lib', 'node_modules');
  const main = packMain(dist, modules, manifest);
  const platformPackage = packPlatform(script, modules, manifest, hostTarget());
  const command = join(folder, 'bin', 'skua');
  mkdirSync(join(folder, 'bin'));
  symlinkSync('../lib/node_modules/skua/bin/skua', command);
  return {
    command,
    link: join(main, 'bin', 'skua'),
    launcher: join(main, 'bin', 'skua.js'),
    executable: join(platformPackage, 'bin', 'skua'),
    platformPackage,
  };
}

/** Puts another file in the place of the fake executable. */
export function replaceExecutable(install: FakeInstall, file: string): void {
  rmSync(install.executable);
  cpSync(file, install.executable);
}
