// Stand-ins, restored paths, git's folders, the search for bwrap and the probe's memory, on a real disk.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findBwrap } from './find-bwrap.ts';
import { findOuterGit, isPlainRepository, resolveGitFence } from './git-metadata.ts';
import { restoreLink } from './link-guard.ts';
import { MountPoints } from './mount-points.ts';
import { ProbeCache } from './probe-cache.ts';
import { RestoreGuard } from './restore-guard.ts';
import { findSocketMasks } from './unix-sockets.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'skua-guards-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const onPosix = describe.skipIf(process.platform === 'win32');

onPosix('stand-ins', () => {
  test('are made, shared, and removed with the last user', () => {
    const [a, b] = [new MountPoints(), new MountPoints()];
    const path = join(root, '.codex');
    expect(a.hold(path, { kind: 'folder' })).toBe(true);
    expect(a.hold(path, { kind: 'folder' })).toBe(true);
    expect(b.isStandIn(path)).toBe(true);
    a.release(path, { kind: 'folder' });
    expect(existsSync(path)).toBe(true);
    a.release(path, { kind: 'folder' });
    expect(existsSync(path)).toBe(true);
    a.removeIdle();
    expect(existsSync(path)).toBe(false);
  });

  test('stay for the next command, which needs them again mostly at once', () => {
    const points = new MountPoints();
    const path = join(root, '.codex');
    points.hold(path, { kind: 'folder' });
    points.release(path, { kind: 'folder' });
    expect(points.hold(path, { kind: 'folder' })).toBe(true);
    points.removeIdle();
    expect(existsSync(path)).toBe(true);
    points.release(path, { kind: 'folder' });
    rmSync(path, { recursive: true });
    expect(points.hold(path, { kind: 'folder' })).toBe(true);
    expect(points.isStandIn(path)).toBe(true);
    points.release(path, { kind: 'folder' });
    points.removeIdle();
    expect(readdirSync(root)).toEqual([]);
  });

  test('of another living process stay', () => {
    const mine = new MountPoints();
    const path = join(root, '.codex');
    mine.hold(path, { kind: 'folder' });
    const start = readFileSync(`/proc/${process.ppid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[19];
    mkdirSync(join(path, `.skua-mount-${process.ppid}-${start}`));
    mine.release(path, { kind: 'folder' });
    mine.removeIdle();
    expect(readdirSync(path)).toEqual([`.skua-mount-${process.ppid}-${start}`]);
  });

  test('of a dead process are swept away, and things of the user never', () => {
    const points = new MountPoints();
    const stale = join(root, '.codex');
    mkdirSync(join(stale, '.skua-mount-999999999-1'), { recursive: true });
    points.hold(stale, { kind: 'folder' });
    points.release(stale, { kind: 'folder' });
    points.removeIdle();
    expect(existsSync(stale)).toBe(false);
    const used = join(root, '.claude');
    points.hold(used, { kind: 'folder' });
    writeFileSync(join(used, 'settings.json'), '{}');
    points.release(used, { kind: 'folder' });
    points.removeIdle();
    expect(readdirSync(used)).toEqual(['settings.json']);
  });

  test('as files carry what git would assume, and go only unchanged', () => {
    const points = new MountPoints();
    const standIn = { kind: 'file', content: '.' } as const;
    const path = join(root, 'commondir');
    points.hold(path, standIn);
    expect(readFileSync(path, 'utf8')).toBe('.');
    expect(points.isStandInFile(path, '.')).toBe(true);
    points.release(path, standIn);
    points.removeIdle();
    expect(readdirSync(root)).toEqual([]);
    points.hold(path, standIn);
    writeFileSync(path, 'changed');
    points.release(path, standIn);
    points.removeIdle();
    expect(readdirSync(root)).toEqual(['commondir']);
  });

  test.skipIf(process.getuid?.() === 0)('are not needed where nobody can write', () => {
    chmodSync(root, 0o500);
    expect(new MountPoints().hold(join(root, '.codex'), { kind: 'folder' })).toBe(false);
    chmodSync(root, 0o700);
  });
});

onPosix('restored paths', () => {
  test('come back as they were, and the new content is kept beside them', () => {
    mkdirSync(join(root, 'hooks'));
    writeFileSync(join(root, 'hooks', 'a'), 'hook', { mode: 0o755 });
    writeFileSync(join(root, 'config'), 'config');
    symlinkSync('config', join(root, 'link'));
    const paths = ['hooks', 'config', 'link', 'missing'].map((name) => join(root, name));
    const guard = RestoreGuard.take(paths);
    expect(guard.restore()).toEqual([]);
    rmSync(join(root, 'hooks'), { recursive: true });
    writeFileSync(join(root, 'config'), 'CONFIG');
    rmSync(join(root, 'link'));
    mkdirSync(join(root, 'missing'));
    expect(guard.restore()).toHaveLength(5);
    expect(readFileSync(join(root, 'hooks', 'a'), 'utf8')).toBe('hook');
    expect(statSync(join(root, 'hooks', 'a')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(root, 'link'), 'utf8')).toBe('config');
    expect(existsSync(join(root, 'missing'))).toBe(false);
    const kept = readdirSync(root).find((name) => name.startsWith('config.replaced-'));
    expect(readFileSync(join(root, kept ?? ''), 'utf8')).toBe('CONFIG');
  });

  test('new ones may be welcome', () => {
    const guard = RestoreGuard.take([join(root, 'a'), join(root, 'b')]);
    mkdirSync(join(root, 'a'));
    mkdirSync(join(root, 'b'));
    expect(guard.restore((path) => path.endsWith('a'))).toEqual([join(root, 'b')]);
    expect(existsSync(join(root, 'a'))).toBe(true);
  });

  test('in a folder: strangers are moved aside', () => {
    mkdirSync(join(root, 'hooks'));
    const guard = RestoreGuard.take([join(root, 'hooks')]);
    writeFileSync(join(root, 'hooks', 'pre-commit'), 'evil');
    expect(guard.restore()).toEqual([join(root, 'hooks')]);
    expect(existsSync(join(root, 'hooks', 'pre-commit'))).toBe(false);
  });

  test('links', () => {
    symlinkSync('target', join(root, 'l'));
    restoreLink({ path: join(root, 'l'), target: 'target' });
    expect(readdirSync(root)).toEqual(['l']);
    rmSync(join(root, 'l'));
    mkdirSync(join(root, 'l'));
    restoreLink({ path: join(root, 'l'), target: 'target' });
    expect(readdirSync(root)).toHaveLength(2);
  });
});

onPosix("git's folders", () => {
  const makeGit = (path: string): void => {
    for (const name of ['objects', 'refs', 'hooks', 'info']) mkdirSync(join(path, name), { recursive: true });
    writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(path, 'config'), '');
  };
  const makeWorktree = (name: string): string => {
    const entry = join(root, 'main', '.git', 'worktrees', name);
    mkdirSync(entry, { recursive: true });
    mkdirSync(join(root, name));
    writeFileSync(join(entry, 'commondir'), '../..\n');
    writeFileSync(join(entry, 'gitdir'), `${join(root, name, '.git')}\n`);
    writeFileSync(join(root, name, '.git'), `gitdir: ${entry}\n`);
    return entry;
  };

  test('are writable but for what makes git run programs', () => {
    makeGit(join(root, 'main', '.git'));
    const fence = resolveGitFence(join(root, 'main', '.git'), [join(root, 'main')]);
    expect(fence?.writable).toEqual([join(root, 'main', '.git')]);
    expect(fence?.guarded.map(({ path }) => path.split('/').at(-1)).toSorted()).toEqual(
      ['commondir', 'config', 'config.worktree', 'hooks', 'info'].toSorted(),
    );
  });

  test('of a linked worktree are believed only when they point back', () => {
    makeGit(join(root, 'main', '.git'));
    const entry = makeWorktree('wt');
    makeWorktree('other');
    const fence = resolveGitFence(join(root, 'wt', '.git'), [join(root, 'wt')]);
    expect(fence?.writable).toEqual([join(root, 'main', '.git')]);
    const guarded = fence?.guarded.map(({ path }) => path);
    expect(guarded).toContain(join(root, 'main', '.git', 'worktrees', 'other'));
    expect(guarded).toContain(join(entry, 'commondir'));
    mkdirSync(join(root, 'forged'));
    writeFileSync(join(root, 'forged', '.git'), `gitdir: ${entry}\n`);
    expect(resolveGitFence(join(root, 'forged', '.git'), [join(root, 'forged')])).toBeNull();
    writeFileSync(join(root, 'forged', '.git'), `gitdir: ${join(root, 'main', '.git')}\n`);
    expect(resolveGitFence(join(root, 'forged', '.git'), [join(root, 'forged')])).toBeNull();
    // Its own entry inside the workspace, with somebody else's repository as common folder.
    const inner = join(root, 'forged', 'entry');
    mkdirSync(inner);
    writeFileSync(join(inner, 'commondir'), join(root, 'main', '.git'));
    writeFileSync(join(inner, 'gitdir'), join(root, 'forged', '.git'));
    writeFileSync(join(root, 'forged', '.git'), `gitdir: ${inner}\n`);
    expect(resolveGitFence(join(root, 'forged', '.git'), [join(root, 'forged')])).toBeNull();
  });

  test('with a link in a decisive place are read-only as a whole', () => {
    makeGit(join(root, 'main', '.git'));
    rmSync(join(root, 'main', '.git', 'hooks'), { recursive: true });
    symlinkSync('../githooks', join(root, 'main', '.git', 'hooks'));
    expect(resolveGitFence(join(root, 'main', '.git'), [join(root, 'main')])).toBeNull();
    symlinkSync(join(root, 'main', '.git'), join(root, '.git'));
    expect(resolveGitFence(join(root, '.git'), [root])).toBeNull();
  });

  test('that a command made are plain, or not', () => {
    const path = join(root, '.git');
    makeGit(path);
    const plain =
      '[core]\n\tbare = false\n[remote "o"]\n\turl = https://example.org/x\n\tfetch = +refs/*:refs/*\n';
    const withConfig = (text: string): boolean => {
      writeFileSync(join(path, 'config'), text);
      return isPlainRepository(path);
    };
    expect(withConfig(plain)).toBe(true);
    for (const evil of [
      '[core]\n fsmonitor = x\n',
      '[core] fsmonitor = x\n',
      '[core]\n bare = false\\\n',
      '[include]\n path = x\n',
      '[remote "o"]\n url = ext::sh -c x\n',
      '[filter "x"]\n clean = x\n',
      '[core]\n fsmonitor\n',
    ]) {
      expect(withConfig(plain + evil), evil).toBe(false);
    }
    withConfig(plain);
    writeFileSync(join(path, 'hooks', 'a.sample'), '');
    expect(isPlainRepository(path)).toBe(true);
    writeFileSync(join(path, 'hooks', 'pre-commit'), '');
    expect(isPlainRepository(path)).toBe(false);
  });

  test('above the workspace are found, but not those of the home', () => {
    makeGit(join(root, '.git'));
    mkdirSync(join(root, 'a', 'b'), { recursive: true });
    expect(findOuterGit(join(root, 'a', 'b'), null)).toBe(join(root, '.git'));
    expect(findOuterGit(join(root, 'a', 'b'), root)).toBeNull();
  });
});

onPosix('bwrap', () => {
  const put = (folder: string, mode = 0o755): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\n', { mode: 0o755 });
    chmodSync(join(folder, 'bwrap'), mode);
    return folder;
  };
  const uid = process.getuid?.() ?? 0;

  test('is taken from PATH, but not from where others could have put it', () => {
    const good = put(join(root, 'good'));
    const inWorkspace = put(join(root, 'ws', 'bin'));
    const open = put(join(root, 'open'));
    chmodSync(open, 0o777);
    const writable = put(join(root, 'writable'), 0o777);
    const forbidden = [join(root, 'ws')];
    expect(
      findBwrap({ path: `relative:${inWorkspace}:${open}:${writable}:${good}`, forbidden, uid }),
    ).toEqual({
      program: join(good, 'bwrap'),
    });
    for (const bad of [inWorkspace, open, writable]) {
      expect(findBwrap({ path: bad, forbidden, uid })).toMatchObject({
        missing: expect.stringContaining('was not used'),
      });
    }
    expect(findBwrap({ path: join(root, 'nowhere'), forbidden, uid })).toMatchObject({
      missing: expect.stringContaining('not installed'),
    });
    symlinkSync(join(inWorkspace, 'bwrap'), join(put(join(root, 'linked')), 'other'));
  });
});

test('the probe is remembered under its key alone, and can be forgotten', () => {
  const folder = join(root, 'cache');
  const first = new ProbeCache(folder, ['a']);
  expect(first.isKnown()).toBe(false);
  first.remember();
  expect(new ProbeCache(folder, ['a']).isKnown()).toBe(true);
  expect(new ProbeCache(folder, ['b']).isKnown()).toBe(false);
  first.forget();
  expect(new ProbeCache(folder, ['a']).isKnown()).toBe(false);
  expect(readdirSync(folder)).toEqual(['sandbox-probe']);
  const nowhere = new ProbeCache(null, ['a']);
  nowhere.remember();
  expect(nowhere.isKnown()).toBe(false);
});

onPosix('sockets of the host', () => {
  test('are hidden, with their folder where it holds nothing else', async () => {
    mkdirSync(join(root, 'agents'));
    mkdirSync(join(root, 'mixed'));
    mkdirSync(join(root, 'repo'));
    writeFileSync(join(root, 'mixed', 'file'), '');
    const paths = ['agents/a', 'mixed/b', 'repo/fsmonitor--daemon.ipc', 'ws-socket'].map((name) =>
      join(root, name),
    );
    const servers = await Promise.all(
      paths.map(
        (path) =>
          new Promise<ReturnType<typeof createServer>>((resolve) => {
            const server = createServer().listen(path, () => resolve(server));
          }),
      ),
    );
    const listing = ['head', ...paths.map((path) => `0: 2 0 10000 1 01 12 ${path}`)].join('\n');
    const find = (hidden: string[]) =>
      findSocketMasks({ listing, hidden, roots: [root], uid: process.getuid?.() ?? 0, ignoresModes: false });
    const masks = find([]);
    expect(masks?.folders).toContain(join(root, 'agents'));
    expect(masks?.files).toEqual([join(root, 'mixed', 'b'), join(root, 'ws-socket')]);
    expect(find([root])?.files).toEqual([]);
    for (const server of servers) server.close();
  });
});
