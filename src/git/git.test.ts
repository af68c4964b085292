// Tests of git with the real git: reading where a repository stands, diffs for reviews, and hostile repositories.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readDiff, type DiffTarget } from './diff.ts';
import { findGit } from './find-git.ts';
import { findRepository, isInsideRepository, readGitInfo, withoutCredentials } from './repository.ts';
import { openGit, runGit } from './run-git.ts';

let root: string;
let repo: string;
let env: Record<string, string>;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'git-')));
  repo = join(root, 'repo');
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(root, 'nobody'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  };
  mkdirSync(repo);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: repo,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

function write(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(repo, path)), { recursive: true });
  writeFileSync(join(repo, path), text);
}

function commit(text = 'x'): string {
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', text);
  return git('rev-parse', 'HEAD');
}

function start(...options: string[]): string {
  git('init', '-q', '-b', 'main', ...options);
  write('a.txt', 'one\ntwo\n');
  return commit();
}

const diff = (
  target: DiffTarget,
  more: { cwd?: string; maxBytes?: number } = {},
): ReturnType<typeof readDiff> => readDiff(target, { cwd: repo, env, ...more });

function infoOf(folder: string): ReturnType<typeof readGitInfo> {
  const found = findRepository(folder);
  if (found === null) throw new Error(`no repository at ${folder}`);
  return readGitInfo(found);
}

describe('where a repository stands', () => {
  test('loose and packed branches, from any folder inside', () => {
    const id = start();
    git('remote', 'add', 'origin', 'https://user:secret@example.com/x/y.git');
    mkdirSync(join(repo, 'deep/er'), { recursive: true });
    const info = { commitHash: id, branch: 'main', repositoryUrl: 'https://example.com/x/y.git' };
    expect(infoOf(join(repo, 'deep/er'))).toEqual(info);
    git('tag', '-a', '-m', 'x', 'main-not');
    git('branch', 'x/main');
    git('pack-refs', '--all', '--prune');
    expect(existsSync(join(repo, '.git/refs/heads/main'))).toBe(false);
    expect(infoOf(repo)).toEqual(info);
    expect(findRepository(repo)).toEqual({
      root: repo,
      gitDir: join(repo, '.git'),
      commonDir: join(repo, '.git'),
    });
  });

  test('no commit yet, a detached HEAD, a symbolic branch', () => {
    git('init', '-q', '-b', 'start');
    expect(infoOf(repo)).toEqual({ commitHash: null, branch: 'start', repositoryUrl: null });
    const id = commit();
    git('symbolic-ref', 'refs/heads/alias', 'refs/heads/start');
    writeFileSync(join(repo, '.git/HEAD'), 'ref: refs/heads/alias\n');
    expect(infoOf(repo)).toMatchObject({ commitHash: id, branch: 'alias' });
    git('checkout', '-q', '--detach');
    expect(infoOf(repo)).toMatchObject({ commitHash: id, branch: null });
  });

  test('sha256', () => {
    const id = start('--object-format=sha256');
    expect(id).toHaveLength(64);
    expect(infoOf(repo).commitHash).toBe(id);
  });

  test('linked worktrees and submodules', () => {
    start();
    git('remote', 'add', 'origin', 'git@example.com:x/y.git');
    git('worktree', 'add', '-q', '-b', 'side', join(root, 'side'));
    const id = git('rev-parse', 'side');
    expect(infoOf(join(root, 'side'))).toEqual({
      commitHash: id,
      branch: 'side',
      repositoryUrl: 'git@example.com:x/y.git',
    });
    expect(findRepository(join(root, 'side'))).toMatchObject({
      root: join(root, 'side'),
      commonDir: join(repo, '.git'),
    });
    git('clone', '-q', repo, join(root, 'copy'));
    git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', join(root, 'copy'), 'sub');
    expect(infoOf(join(repo, 'sub'))).toMatchObject({
      commitHash: git('-C', 'sub', 'rev-parse', 'HEAD'),
      branch: 'main',
    });
  });

  test('no repository, and things that only look like one', () => {
    expect(isInsideRepository(repo)).toBe(false);
    mkdirSync(join(repo, '.git'));
    expect(isInsideRepository(repo)).toBe(false);
    rmSync(join(repo, '.git'), { recursive: true });
    for (const text of ['', 'gitdir: ', 'gitdir: /nowhere\n', 'garbage']) {
      write('.git', text);
      expect(isInsideRepository(repo)).toBe(false);
    }
  });

  test('hostile HEADs read nothing outside and never hang', () => {
    start();
    writeFileSync(join(root, 'secret'), 'secret');
    for (const head of [
      'ref: ../../secret',
      'ref: refs/../../../secret',
      'ref: /etc/passwd',
      'ref: refs/heads/a\u001b[2J',
      'x'.repeat(70_000),
    ]) {
      writeFileSync(join(repo, '.git/HEAD'), `${head}\n`);
      expect(infoOf(repo)).toMatchObject({ commitHash: null, branch: null });
    }
    writeFileSync(join(repo, '.git/refs/heads/loop'), 'ref: refs/heads/loop\n');
    writeFileSync(join(repo, '.git/HEAD'), 'ref: refs/heads/loop\n');
    expect(infoOf(repo).commitHash).toBeNull();
    rmSync(join(repo, '.git/HEAD'));
    rmSync(join(repo, '.git/config'));
    spawnSync('mkfifo', [join(repo, '.git/HEAD'), join(repo, '.git/config')]);
    expect(infoOf(repo)).toEqual({ commitHash: null, branch: null, repositoryUrl: null });
  });

  test.each([
    ['https://token@example.com/x', 'https://example.com/x'],
    ['https://user:p@ss@example.com/x?token=1#f', 'https://example.com/x'],
    ['ssh://git:pw@example.com:22/x', 'ssh://git@example.com:22/x'],
    ['ssh://git@example.com/x', 'ssh://git@example.com/x'],
    ['git@example.com:x/y.git', 'git@example.com:x/y.git'],
    ['user:pw@example.com:x', 'user@example.com:x'],
    ['/srv/x.git', '/srv/x.git'],
    ['https://example.com/a@b/x', 'https://example.com/a@b/x'],
    ['https://example.com/\u001b[2Jx', 'https://example.com/[2Jx'],
  ])('%s is told as %s', (url, told) => {
    expect(withoutCredentials(url)).toBe(told);
  });
});

describe('diffs', () => {
  test('uncommitted: staged, unstaged and untracked, as patches that git itself applies', async () => {
    const base = start();
    write('staged.txt', 'new\n');
    git('add', 'staged.txt');
    write('a.txt', 'one\n2\n');
    write('un tracked/ä "q".txt', 'x\ny');
    write('empty', '');
    write('run.sh', '#!/bin/sh\n');
    chmodSync(join(repo, 'run.sh'), 0o755);
    write('binary', Buffer.from([1, 0, 2]));
    write('.gitignore', 'ignored\n');
    write('ignored', 'secret');
    symlinkSync('/etc/passwd', join(repo, 'link'));
    mkdirSync(join(repo, 'sub'));
    const result = await diff({ kind: 'uncommitted' }, { cwd: join(repo, 'sub') });
    expect(result).toMatchObject({ base, isTruncated: false });
    expect(result.diff).toContain('-two\n+2\n');
    expect(result.diff).not.toMatch(/secret|root:/);
    // The real git takes the whole of it for a patch, and gets the same files from it.
    const text = result.diff.replace(/diff --git a\/binary[^]*?differ\n/, '');
    expect(text).not.toBe(result.diff);
    const copy = join(root, 'copy');
    git('clone', '-q', repo, copy);
    execFileSync('git', ['apply', '-'], { cwd: copy, env, input: text });
    for (const path of ['staged.txt', 'a.txt', 'un tracked/ä "q".txt', 'empty', 'run.sh', '.gitignore']) {
      expect(readFileSync(join(copy, path), 'utf8')).toBe(readFileSync(join(repo, path), 'utf8'));
    }
    expect(
      execFileSync('git', ['ls-files', '-so', '--exclude-standard'], { cwd: copy, env, encoding: 'utf8' }),
    ).toContain('link');
  });

  test('uncommitted in a repository without commits, sha256 too', async () => {
    git('init', '-q', '--object-format=sha256');
    write('a.txt', 'one\n');
    git('add', 'a.txt');
    const result = await diff({ kind: 'uncommitted' });
    expect(result).toMatchObject({ base: null });
    expect(result.diff).toContain('+one\n');
  });

  test('since a branch: from the common commit, with what is not committed', async () => {
    const base = start();
    git('checkout', '-q', '-b', 'work');
    write('b.txt', 'mine\n');
    commit();
    git('checkout', '-q', 'main');
    write('c.txt', 'theirs\n');
    commit();
    git('checkout', '-q', 'work');
    write('a.txt', 'changed\n');
    const result = await diff({ kind: 'base', branch: 'main' });
    expect(result.base).toBe(base);
    expect(result.diff).toMatch(/\+mine\n/);
    expect(result.diff).toMatch(/\+changed\n/);
    expect(result.diff).not.toMatch(/theirs/);
    git('checkout', '-q', '-f', '--orphan', 'other');
    commit();
    await expect(diff({ kind: 'base', branch: 'main' })).rejects.toThrow(/no common commit/);
  });

  test('one commit: against its first parent, the first one against nothing', async () => {
    const first = start();
    write('a.txt', 'one\n2\n');
    const second = commit();
    write('a.txt', 'later\n');
    expect(await diff({ kind: 'commit', sha: second.slice(0, 10) })).toMatchObject({
      base: first,
      diff: expect.stringContaining('-two\n+2\n'),
    });
    expect((await diff({ kind: 'commit', sha: first })).diff).toContain('+two\n');
  });

  test('names that look like options, paths or commands find nothing and do nothing', async () => {
    start();
    const names = [
      '--output=pwned',
      '-p',
      '--',
      '',
      'a.txt',
      '$(touch pwned)',
      '; touch pwned',
      'x\ny',
      ':/x',
      'HEAD:a.txt',
      'no-such',
    ];
    for (const name of names) {
      await expect(diff({ kind: 'base', branch: name })).rejects.toThrow(/There is no branch/);
      await expect(diff({ kind: 'commit', sha: name })).rejects.toThrow(/There is no commit/);
    }
    expect(existsSync(join(repo, 'pwned'))).toBe(false);
    git('update-ref', 'refs/heads/--output=pwned', 'HEAD');
    git('update-ref', 'refs/heads/$(touch${IFS}pwned)', 'HEAD');
    expect((await diff({ kind: 'base', branch: '--output=pwned' })).diff).toBe('');
    expect((await diff({ kind: 'base', branch: '$(touch${IFS}pwned)' })).diff).toBe('');
    expect(existsSync(join(repo, 'pwned'))).toBe(false);
  });

  test('too much is cut and says so; no repository is an error; an aborted call ends', async () => {
    start();
    write('big.txt', 'x\n'.repeat(5000));
    expect(await diff({ kind: 'uncommitted' }, { maxBytes: 1000 })).toMatchObject({ isTruncated: true });
    git('add', '-A');
    expect(await diff({ kind: 'uncommitted' }, { maxBytes: 1000 })).toMatchObject({ isTruncated: true });
    await expect(diff({ kind: 'uncommitted' }, { cwd: root })).rejects.toThrow(/no git repository/);
    const opened = await openGit({ cwd: repo, env });
    await expect(opened.run(['status'], { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe.skipIf(process.platform === 'win32')('hostile repositories', () => {
  /** A program that leaves a trace when it runs. */
  function trap(name: string, rest = 'cat'): string {
    const path = join(repo, '.trap', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho ran >> '${join(root, 'traces')}-${name}'\n${rest}\n`, {
      mode: 0o755,
    });
    return path;
  }
  const traces = (): string[] =>
    [
      'fsmonitor',
      'clean',
      'process',
      'textconv',
      'external',
      'gpg',
      'pager',
      'ssh',
      'hook',
      'editor',
      'pack',
      'command',
    ].filter((name) => existsSync(join(root, `traces-${name}`)));

  function setTraps(): void {
    start();
    const set = (key: string, name: string): string => git('config', key, trap(name));
    set('core.fsmonitor', 'fsmonitor');
    set('filter.evil=name.clean', 'clean');
    git('config', 'filter.Evil.two.process', trap('process', 'exit 1'));
    set('diff.evil.textconv', 'textconv');
    set('diff.evil.command', 'command');
    set('diff.external', 'external');
    set('gpg.program', 'gpg');
    git('config', 'log.showSignature', 'true');
    set('core.pager', 'pager');
    set('pager.diff', 'pager');
    set('core.sshCommand', 'ssh');
    set('core.editor', 'editor');
    set('uploadpack.packObjectsHook', 'pack');
    mkdirSync(join(repo, '.hooks'));
    for (const hook of ['post-index-change', 'pre-commit', 'post-checkout', 'reference-transaction']) {
      writeFileSync(join(repo, '.hooks', hook), readFileSync(trap('hook')), { mode: 0o755 });
    }
    git('config', 'core.hooksPath', join(repo, '.hooks'));
    write('.gitattributes', '*.txt filter=evil=name diff=evil\n*.md filter=Evil.two\n');
    write('a.txt', 'one\nchanged\n');
    write('b.md', 'x\n');
  }

  test('start nothing through fsmonitor, hooks, filters, drivers, pagers and the like', async () => {
    setTraps();
    await diff({ kind: 'uncommitted' });
    await diff({ kind: 'base', branch: 'main' });
    await diff({ kind: 'commit', sha: 'HEAD' });
    const opened = await openGit({ cwd: repo, env });
    for (const args of [
      ['status'],
      ['log', '-p', '-1'],
      ['show', '--textconv', 'HEAD'],
      ['add', '-A'],
      ['diff', '--cached'],
      ['commit', '--allow-empty', '-m', 'x'],
    ]) {
      await opened.run(args);
    }
    expect(traces()).toEqual([]);
    // The same calls by plain git do run them: the traps are real.
    const plain = (...args: string[]): void =>
      void spawnSync('git', args, { cwd: repo, env, timeout: 10_000 });
    // Of the same size, so that git has to look at the content.
    write('b.md', 'y\n');
    plain('add', 'b.md');
    git('config', '--unset', 'filter.Evil.two.process');
    write('a.txt', 'again\n');
    plain('diff', '--ext-diff');
    plain('add', '-A');
    plain('commit', '--allow-empty', '-m', 'x');
    plain('show', 'HEAD');
    expect(traces()).toEqual(expect.arrayContaining(['fsmonitor', 'clean', 'process', 'hook', 'command']));
  });

  test('cannot fetch missing objects through a remote of their choice', async () => {
    start();
    git('config', 'remote.origin.url', `ext::${trap('pack', 'exit 1')}`);
    git('config', 'remote.origin.promisor', 'true');
    git('config', 'remote.origin.partialclonefilter', 'blob:none');
    git('config', 'extensions.partialClone', 'origin');
    git('config', 'core.repositoryFormatVersion', '1');
    git('config', 'protocol.ext.allow', 'always');
    const blob = git('rev-parse', 'HEAD:a.txt');
    rmSync(join(repo, '.git/objects', blob.slice(0, 2)), { recursive: true });
    write('a.txt', 'changed\n');
    await expect(diff({ kind: 'uncommitted' })).rejects.toThrow(/git diff failed/);
    expect(traces()).toEqual([]);
    spawnSync('git', ['diff', 'HEAD'], { cwd: repo, env, timeout: 10_000 });
    expect(traces()).toEqual(['pack']);
  });

  test('cannot bring their own git, also not by a link, "." or an empty entry on PATH', async () => {
    start();
    const real = findGit(env['PATH'] as string, [repo]);
    expect(real).not.toBeNull();
    writeFileSync(join(repo, 'git'), readFileSync(trap('command')), { mode: 0o755 });
    mkdirSync(join(repo, 'bin'));
    renameSync(join(repo, 'git'), join(repo, 'bin/git'));
    symlinkSync(join(repo, 'bin'), join(root, 'linked'));
    mkdirSync(join(root, 'outside'));
    symlinkSync(join(repo, 'bin/git'), join(root, 'outside/git'));
    const hostile = ['.', '', 'bin', join(repo, 'bin'), join(root, 'linked'), join(root, 'outside')].join(
      ':',
    );
    expect(findGit(hostile, [repo])).toBeNull();
    expect(findGit(`${hostile}:${env['PATH']}`, [repo])).toBe(real);
    const deep = join(repo, 'deep');
    mkdirSync(deep);
    const result = await runGit(['rev-parse', '--show-toplevel'], {
      cwd: deep,
      env: { ...env, PATH: `${hostile}:${env['PATH']}` },
    });
    expect(result.stdout.trim()).toBe(repo);
    await expect(runGit(['status'], { cwd: deep, env: { ...env, PATH: hostile } })).rejects.toThrow(
      /No git found on PATH/,
    );
    expect(traces()).toEqual([]);
  });

  test('cannot move the work tree elsewhere, and steering variables do not count', async () => {
    start();
    const opened = await runGit(['rev-parse', '--show-toplevel'], {
      cwd: repo,
      env: {
        ...env,
        GIT_DIR: '/nowhere',
        GIT_WORK_TREE: '/',
        GIT_EXTERNAL_DIFF: trap('external'),
        GIT_CONFIG_PARAMETERS: "'core.fsmonitor=x'",
      },
    });
    expect(opened).toMatchObject({ code: 0, stdout: `${repo}\n` });
    git('config', 'core.worktree', '/etc');
    await expect(diff({ kind: 'uncommitted' })).rejects.toThrow(/puts its work tree at \/etc/);
  });

  test('with a config that cannot be read are not worked on', async () => {
    start();
    writeFileSync(join(repo, '.git/config'), '[broken\n');
    await expect(diff({ kind: 'uncommitted' })).rejects.toThrow(/cannot read its config/);
  });
});
