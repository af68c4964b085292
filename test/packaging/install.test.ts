// The packages through a real npm: packed, installed globally below a path with spaces, started, updated, uninstalled.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packMain, packPlatform, platformManifest, mainManifest } from '../../scripts/pack.ts';
import { TARGETS } from '../../scripts/targets.ts';
import {
  FAKE_EXECUTABLE,
  hostTarget,
  makeScratch,
  manifest,
  writeFakeBuild,
  type Scratch,
} from './fake-install.ts';
import { startRegistry, type PublishedPackage, type Registry } from './registry.ts';

const root = join(import.meta.dirname, '..', '..');
const posix = process.platform !== 'win32';
const isSlowWanted = process.env['SKUA_TEST_SLOW'] === '1';

/** PATH without the folders that `npm run` adds, so that `node` and `npm` are the ones a user has. */
const userPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes(`node_modules${sep}`))
  .join(delimiter);

interface Result {
  code: number | null;
  output: string;
}

function runIn(
  cwd: string,
  argv: readonly [string, ...string[]],
  env: Record<string, string>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const [file, ...args] = argv;
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Every file below `folder`, without the folders themselves. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.runIf(posix).each([
  { npm: 'npm of this machine', spec: null },
  { npm: 'npm 12', spec: '12.2.0' },
])('$npm', ({ spec }) => {
  // npm 12 comes from the real registry, so it is part of `npm run test:packaging` only.
  const isLeftOut = spec !== null && !isSlowWanted;
  let scratch: Scratch;
  let registry: Registry;
  let packages: PublishedPackage[];
  let argv: [string, ...string[]];
  let env: Record<string, string>;
  let prefix: string;

  beforeAll(async () => {
    if (isLeftOut) return;
    scratch = makeScratch();
    const home = join(scratch.path, 'home');
    prefix = join(scratch.path, 'global prefix');
    mkdirSync(home);
    // A read-only home, with npm's own cache elsewhere: skua must not need to write there.
    chmodSync(home, 0o555);
    env = {
      PATH: userPath,
      HOME: home,
      npm_config_cache: join(scratch.path, 'cache'),
      npm_config_prefix: prefix,
    };
    argv = ['npm'];
    if (spec !== null) argv = await fetchNpm(join(scratch.path, 'npm'), spec, env);
    packages = await packAll(scratch.path, argv, env);
    registry = await startRegistry(packages);
    env['npm_config_registry'] = registry.url;
  }, 120_000);

  afterAll(async () => {
    if (isLeftOut) return;
    await registry[Symbol.asyncDispose]();
    chmodSync(join(scratch.path, 'home'), 0o755);
    scratch[Symbol.dispose]();
  });

  test.skipIf(isLeftOut)(
    'global install without scripts gives a working skua; uninstall leaves nothing',
    async () => {
      const npm = (...args: string[]): Promise<Result> => runIn(scratch.path, [...argv, ...args], env);
      const installed = await npm('install', '-g', '--ignore-scripts', 'skua');
      expect(installed).toMatchObject({ code: 0 });
      expect(readdirSync(join(prefix, 'lib', 'node_modules', 'skua', 'node_modules'))).toEqual([
        `skua-${hostTarget().id}`,
      ]);
      expect(registry.missed).toEqual([]);

      const command = join(prefix, 'bin', 'skua');
      for (const round of ['first, through Node', 'second, through the shortcut']) {
        expect({ round, ...(await runIn(scratch.path, [command, 'exit', '5'], env)) }).toEqual({
          round,
          code: 5,
          output: 'exe|exit|5\n',
        });
      }
      expect(readFileSync(command, 'utf8')).toMatch(/^#!\/bin\/sh\n/);

      const updated = await npm('update', '-g', 'skua');
      expect(updated).toMatchObject({ code: 0 });
      expect((await runIn(scratch.path, [command, 'exit', '6'], env)).code).toBe(6);
      // Put back as it was published, the shortcut is written anew.
      await npm('install', '-g', '--ignore-scripts', '--force', 'skua');
      expect((await runIn(scratch.path, [command, 'exit', '7'], env)).code).toBe(7);

      const removed = await npm('uninstall', '-g', 'skua');
      expect(removed).toMatchObject({ code: 0 });
      const left = filesBelow(prefix).filter((file) => !file.endsWith('.package-lock.json'));
      expect(left).toEqual([]);
    },
    120_000,
  );

  test.skipIf(isLeftOut)(
    'published before its executable, it still installs and runs as the bundle',
    async () => {
      const published = packages.map((one) =>
        one.manifest.name === 'skua' ? one : { manifest: one.manifest, tarball: null },
      );
      await using early = await startRegistry(published);
      const folder = join(scratch.path, 'early prefix');
      const other = {
        ...env,
        npm_config_prefix: folder,
        npm_config_registry: early.url,
        npm_config_cache: join(scratch.path, 'early cache'),
        npm_config_fetch_retries: '0',
      };
      const installed = await runIn(
        scratch.path,
        [...argv, 'install', '-g', '--ignore-scripts', 'skua'],
        other,
      );
      expect(installed).toMatchObject({ code: 0 });
      expect(early.missed).toContain(
        `skua-${hostTarget().id}/-/skua-${hostTarget().id}-${manifest.version}.tgz`,
      );
      const command = join(folder, 'bin', 'skua');
      const onNewNode = await runIn(scratch.path, [process.execPath, command, 'x'], other);
      expect(onNewNode).toEqual({ code: 0, output: 'bundle|x\n' });
    },
    120_000,
  );
});

/** Packs the packages of this machine with `npm pack`, and lists the others without content. */
async function packAll(
  folder: string,
  npm: readonly [string, ...string[]],
  env: Record<string, string>,
): Promise<PublishedPackage[]> {
  const dist = join(folder, 'dist');
  writeFakeBuild(dist);
  const script = join(folder, 'executable');
  writeFileSync(script, FAKE_EXECUTABLE);
  const layout = join(folder, 'layout');
  const pack = async (from: string): Promise<string> => {
    const [file, ...args] = npm;
    const result = await runIn(from, [file, ...args, 'pack', '--silent', '--pack-destination', folder], env);
    if (result.code !== 0) throw new Error(`npm pack failed: ${result.output}`);
    return join(folder, result.output.trim().split('\n').at(-1) ?? '');
  };
  const host = hostTarget();
  const published: PublishedPackage[] = TARGETS.filter((target) => target.id !== host.id).map((target) => ({
    manifest: asPublished(platformManifest(manifest, target)),
    tarball: null,
  }));
  published.push({
    manifest: asPublished(platformManifest(manifest, host)),
    tarball: await pack(packPlatform(script, layout, manifest, host)),
  });
  published.push({
    manifest: asPublished(mainManifest(manifest)),
    tarball: await pack(packMain(dist, layout, manifest)),
  });
  return published;
}

function asPublished(fields: Record<string, unknown>): PublishedPackage['manifest'] {
  return fields as PublishedPackage['manifest'];
}

/** Installs npm `version` from the public registry and answers with how to start it. */
async function fetchNpm(
  folder: string,
  version: string,
  env: Record<string, string>,
): Promise<[string, ...string[]]> {
  mkdirSync(folder);
  const reach = Object.entries(process.env).filter((entry): entry is [string, string] =>
    /^(NODE_EXTRA_CA_CERTS|npm_config_\w+|\w+_proxy)$/i.test(entry[0]),
  );
  const fetching = { ...env, ...Object.fromEntries(reach) };
  const result = await runIn(folder, ['npm', 'install', '--prefix', folder, `npm@${version}`], fetching);
  if (result.code !== 0) throw new Error(`npm ${version} could not be fetched: ${result.output}`);
  const cli = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
  // npm 12 refuses Node 20, and starts `node` from PATH itself.
  env['PATH'] = `${dirname(process.execPath)}${delimiter}${userPath}`;
  return [process.execPath, cli];
}

test('nothing that is published has scripts, or dependencies that are not optional', () => {
  const all = [mainManifest(manifest), ...TARGETS.map((target) => platformManifest(manifest, target))];
  for (const fields of all) {
    expect(Object.keys(fields)).not.toContain('scripts');
    expect(Object.keys(fields)).not.toContain('dependencies');
  }
  expect(existsSync(join(root, 'LICENSE'))).toBe(true);
});
