// Choosing a fence: by trying it, with the cause when it does not work, and never silently without one.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SandboxPolicy } from '../../src/protocol/sandbox.ts';
import { createNoSandbox } from '../../src/sandbox/no-sandbox.ts';
import { pathContextFrom } from '../../src/sandbox/path-context.ts';
import { selectSandbox } from '../../src/sandbox/select.ts';
import { makeScratch } from './run-driver.ts';

let scratch: ReturnType<typeof makeScratch>;
let policy: SandboxPolicy;
beforeEach(() => {
  scratch = makeScratch();
  policy = {
    mode: 'workspace-write',
    workspace: join(scratch.path, 'ws'),
    writableRoots: [],
    writableTmp: { tmpdir: true, slashTmp: true },
    denyRead: [],
    protectedPaths: [],
    network: 'off',
  };
  mkdirSync(policy.workspace);
});
afterEach(() => scratch.remove());

function fakeBwrap(script: string): string {
  const folder = join(scratch.path, 'bin');
  mkdirSync(folder, { recursive: true });
  chmodSync(scratch.path, 0o755);
  writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

const alone = (PATH: string, cacheFolder: string | null = null) =>
  selectSandbox(policy, { env: { PATH }, cacheFolder, without: ['landlock'] });

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('says what is missing and what to install', async () => {
    expect(await alone('/nonexistent')).toMatchObject({
      unavailable: [
        { reason: expect.stringMatching(/not installed/), remedy: expect.stringMatching(/apt-get install/) },
      ],
    });
  });

  test('a bwrap that fails is not taken, and its words are quoted', async () => {
    const path = fakeBwrap('echo "bwrap: No permissions to create new namespace" >&2; exit 1');
    const result = await alone(path);
    expect(result).toMatchObject({
      unavailable: [{ reason: expect.stringMatching(/No permissions to create new namespace/) }],
    });
  });

  test('what worked is not tried again by the next process, until it is doubted', async () => {
    const log = join(scratch.path, 'log');
    const path = fakeBwrap(`echo run >> ${log}; test ! -e ${scratch.path}/broken`);
    const cache = join(scratch.path, 'cache');
    const runs = () => readFileSync(log, 'utf8').split('\n').length - 1;
    expect(await alone(path, cache)).toHaveProperty('sandbox');
    expect(runs()).toBe(1);
    const again = await alone(path, cache);
    expect(runs()).toBe(1);
    if (!('sandbox' in again)) throw new Error('expected a sandbox');
    const command = { argv: ['/bin/true'], cwd: policy.workspace, env: {} };
    writeFileSync(join(scratch.path, 'broken'), '');
    (await again.sandbox.wrap(command, policy)).release({ code: 1, signal: null });
    expect(await again.sandbox.available()).not.toBeNull();
    expect(runs()).toBe(2);
    expect(await alone(path, cache)).toHaveProperty('unavailable');
    expect(runs()).toBe(3);
  });

  test('the workspace and world-writable folders are no place for bwrap', async () => {
    const inside = join(policy.workspace, 'bin');
    mkdirSync(inside);
    writeFileSync(join(inside, 'bwrap'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    expect(await alone(inside)).toMatchObject({
      unavailable: [{ reason: expect.stringMatching(/was not used/) }],
    });
  });
});

test('danger-full-access has no fence and says so; its wrapper takes no other policy', async () => {
  const result = await selectSandbox(
    { ...policy, mode: 'danger-full-access' },
    { env: {}, cacheFolder: null },
  );
  if (!('sandbox' in result)) throw new Error('expected a sandbox');
  expect(result.sandbox.report).toMatchObject({ mechanism: 'none', tier: 'none' });
  const command = { argv: ['x'], cwd: '/', env: { A: 'b' } };
  expect(await createNoSandbox().wrap(command, { ...policy, mode: 'danger-full-access' })).toMatchObject({
    argv: ['x'],
    env: { A: 'b' },
  });
  await expect(createNoSandbox().wrap(command, policy)).rejects.toThrow(/refused/);
});

test.each(['darwin', 'win32', 'freebsd'] as NodeJS.Platform[])(
  '%s: refused with a next step',
  async (platform) => {
    const result = await selectSandbox(policy, { env: {}, cacheFolder: null, platform });
    if (!('unavailable' in result)) throw new Error('expected a refusal');
    expect(result.unavailable[0]?.remedy).toBeTruthy();
  },
);

test('a temporary folder that holds the home is none', () => {
  expect(pathContextFrom({ TMPDIR: '/', HOME: '/' })).toEqual({ tmpdir: null });
  expect(pathContextFrom({ TMPDIR: scratch.path, HOME: policy.workspace })).toEqual({ tmpdir: null });
  expect(pathContextFrom({ TMPDIR: policy.workspace, HOME: '/nonexistent' })).toEqual({
    tmpdir: policy.workspace,
  });
  expect(pathContextFrom({})).toEqual({ tmpdir: null });
});
