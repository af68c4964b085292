// `npm run pack`: lays out the npm packages below dist/npm/ from what `npm run build` made. `-- --all` wants every platform.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { executableName, TARGETS, type Target } from './targets.ts';

const root = join(import.meta.dirname, '..');

const USAGE = `Usage: npm run pack [-- OPTIONS]
  --all            fail unless the executables of all platforms are there (npm run build -- --all)
  --tarballs       also run "npm pack" for each package
  --dist FOLDER    another folder than dist/
`;

interface Manifest {
  version: string;
  description: string;
  license: string;
  dependencies: Record<string, string>;
}

/** What both kinds of packages say of themselves. No `scripts`: npm 12 would not run them. */
function commonFields(manifest: Manifest): Record<string, unknown> {
  return { version: manifest.version, license: manifest.license };
}

/** `package.json` of the main package: the launcher, the Node bundle, and the platforms to choose from. */
export function mainManifest(manifest: Manifest): Record<string, unknown> {
  return {
    name: 'skua',
    ...commonFields(manifest),
    description: manifest.description,
    bin: { skua: 'bin/skua' },
    engines: { node: '>=16' },
    optionalDependencies: Object.fromEntries(
      TARGETS.map((target) => [`skua-${target.id}`, manifest.version]),
    ),
  };
}

/** `package.json` of a platform package. It has no `bin`: two packages may not link the same command. */
export function platformManifest(manifest: Manifest, target: Target): Record<string, unknown> {
  return {
    name: `skua-${target.id}`,
    ...commonFields(manifest),
    description: `The skua executable for ${target.id}. Install the package "skua" instead of this one.`,
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc === null ? {} : { libc: [target.libc] }),
    // Yarn's Plug'n'Play keeps packages zipped, and nothing can be executed inside a zip file.
    preferUnplugged: true,
  };
}

function writeManifest(folder: string, manifest: Record<string, unknown>): void {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function freshFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  for (const file of ['LICENSE', 'NOTICE']) cpSync(join(root, file), join(folder, file));
  return folder;
}

/** Copyright notices of everything that is inside the bundle. Throws when a dependency brings no licence text. */
function thirdPartyLicenses(manifest: Manifest): string {
  const parts = Object.keys(manifest.dependencies).map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file: it may not be shipped like this.`);
    return `${name} ${manifest.dependencies[name]}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}

/** Lays out the main package in `npm/skua` from the launcher, the Node bundle in `dist` and the project's README. */
export function packMain(dist: string, npm: string, manifest: Manifest): string {
  const folder = freshFolder(join(npm, 'skua'));
  for (const file of ['skua', 'skua.js']) {
    cpSync(join(root, 'packaging', 'launcher', file), join(folder, 'bin', file));
    chmodSync(join(folder, 'bin', file), 0o755);
  }
  for (const part of ['skua.mjs', 'skua-node']) {
    const from = join(dist, part);
    if (!existsSync(from)) throw new Error(`${from} is missing: run "npm run build" first.`);
    cpSync(from, join(folder, 'dist', part), { recursive: true });
  }
  cpSync(join(root, 'README.md'), join(folder, 'README.md'));
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), thirdPartyLicenses(manifest));
  writeManifest(folder, mainManifest(manifest));
  return folder;
}

/** Lays out one platform package in `npm/skua-<platform>` around `executable`. */
export function packPlatform(executable: string, npm: string, manifest: Manifest, target: Target): string {
  const folder = freshFolder(join(npm, `skua-${target.id}`));
  const file = join(folder, 'bin', executableName(target.os));
  cpSync(executable, file);
  chmodSync(file, 0o755);
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), thirdPartyLicenses(manifest));
  writeFileSync(
    join(folder, 'README.md'),
    `# skua-${target.id}\n\nThe executable of [skua](https://www.npmjs.com/package/skua) for this platform.\nInstall \`skua\`; npm chooses the right one of these by itself.\n`,
  );
  writeManifest(folder, platformManifest(manifest, target));
  return folder;
}

/** The executable of `target`: a release build, else the one for this machine. */
function findExecutable(dist: string, target: Target): string | null {
  const released = join(dist, target.id, executableName(target.os));
  if (existsSync(released)) return released;
  const own = join(dist, executableName(target.os));
  const isHost = target.os === process.platform && target.cpu === process.arch && target.libc !== 'musl';
  return isHost && existsSync(own) ? own : null;
}

export function readManifest(): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return manifest;
}

function makeTarball(folder: string, into: string): void {
  const shell = process.platform === 'win32';
  const result = spawnSync('npm', ['pack', '--pack-destination', into], {
    cwd: folder,
    encoding: 'utf8',
    shell,
  });
  if (result.status !== 0)
    throw new Error(`npm pack of ${folder} failed: ${result.error?.message ?? result.stderr}`);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      tarballs: { type: 'boolean', default: false },
      dist: { type: 'string', default: join(root, 'dist') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const manifest = readManifest();
  const npm = join(values.dist, 'npm');
  const folders: string[] = [];
  const missing: string[] = [];
  for (const target of TARGETS) {
    const executable = findExecutable(values.dist, target);
    if (executable) folders.push(packPlatform(executable, npm, manifest, target));
    else missing.push(target.id);
  }
  if (missing.length > 0 && (values.all || missing.length === TARGETS.length)) {
    throw new Error(
      `no executable for ${missing.join(', ')}: run "npm run build${values.all ? ' -- --all' : ''}".`,
    );
  }
  // Last, as when publishing: the main package names the others.
  folders.push(packMain(values.dist, npm, manifest));
  for (const folder of folders) {
    if (values.tarballs) makeTarball(folder, npm);
    console.log(basename(folder));
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main();
  } catch (error) {
    console.error(`pack: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
