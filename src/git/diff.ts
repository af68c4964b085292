// The changes a review looks at: of the work tree, since a branch, or of one commit; as a unified diff.
import { realpathSync } from 'node:fs';
import { UsageError } from '../protocol/error.ts';
import { findRepository } from './repository.ts';
import { openGit, printable, type Git, type GitOptions, type GitResult } from './run-git.ts';
import { untrackedDiff } from './untracked-diff.ts';

export type DiffTarget =
  /** Staged, unstaged and untracked changes against HEAD. */
  | { kind: 'uncommitted' }
  /** Everything since the work tree left `branch`: commits and uncommitted changes to known files. */
  | { kind: 'base'; branch: string }
  /** One commit against its first parent. */
  | { kind: 'commit'; sha: string };

export interface ReviewDiff {
  /** Empty when nothing changed. */
  diff: string;
  /** Full id of the commit that the diff starts from; null in a repository without commits. */
  base: string | null;
  /** True when the diff was cut at `maxBytes`. */
  isTruncated: boolean;
}

export interface DiffOptions extends GitOptions {
  signal?: AbortSignal;
  /** 8 MiB when left out. */
  maxBytes?: number;
}

interface Work {
  git: Git;
  /** Top of the work tree. */
  root: string;
  maxBytes: number;
  signal: AbortSignal | undefined;
}

const MAX_BYTES = 8_388_608;

const DIFF = [
  'diff',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--no-prefix',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--no-relative',
  '--ignore-submodules=dirty',
  '--find-renames',
];

/** Throws a `UsageError` when there is no repository, no such branch or commit, or git cannot read it. */
export async function readDiff(target: DiffTarget, options: DiffOptions): Promise<ReviewDiff> {
  const work = await openWork(options);
  switch (target.kind) {
    case 'uncommitted':
      return readUncommitted(work);
    case 'base': {
      const branch = await resolveCommit(target.branch, 'branch', work);
      const head = await resolveCommit('HEAD', 'commit', work);
      const merge = await call(['merge-base', head, branch], work);
      const base = merge.stdout.trim().split('\n')[0];
      if (merge.code !== 0 || !base) {
        throw new UsageError(`${target.branch} and HEAD have no common commit. Choose another --base.`);
      }
      return diffOf([base], base, work);
    }
    case 'commit': {
      const commit = await resolveCommit(target.sha, 'commit', work);
      const parent = await tryResolve(`${commit}^1`, work);
      return diffOf([parent ?? (await emptyTree(work)), commit], parent, work);
    }
  }
}

async function openWork(options: DiffOptions): Promise<Work> {
  const repository = findRepository(options.cwd);
  if (repository === null) {
    throw new UsageError(
      `${options.cwd} is in no git repository. Run this inside of one, or choose it with -C DIR.`,
    );
  }
  const { root } = repository;
  const git = await openGit({ ...options, cwd: root }, options.signal);
  const work: Work = { git, root, maxBytes: options.maxBytes ?? MAX_BYTES, signal: options.signal };
  const top = (await mustRun(['rev-parse', '--show-toplevel'], work)).stdout.replace(/\r?\n$/, '');
  // A repository's config may call any other folder its work tree; those files are not what the user asked about.
  if (realpathSync(top) !== realpathSync(root)) {
    throw new UsageError(
      `The config of ${root} puts its work tree at ${printable(top)}. Run this there if you trust it.`,
    );
  }
  return work;
}

async function readUncommitted(work: Work): Promise<ReviewDiff> {
  const head = await tryResolve('HEAD', work);
  const tracked = await diffOf([head ?? (await emptyTree(work))], head, work);
  if (tracked.isTruncated) return tracked;
  const listed = await mustRun(['ls-files', '--others', '--exclude-standard', '-z'], work);
  const room = work.maxBytes - Buffer.byteLength(tracked.diff);
  const paths = listed.stdout.split('\0').filter((path) => path !== '');
  const untracked = untrackedDiff(work.root, paths, room);
  return { ...tracked, diff: tracked.diff + untracked.diff, isTruncated: untracked.isTruncated };
}

async function diffOf(revisions: string[], base: string | null, work: Work): Promise<ReviewDiff> {
  // Only ids that git itself gave stand here, and `--` ends them: no name can become an option or a path.
  const result = await mustRun([...DIFF, ...revisions, '--'], work);
  return { diff: result.stdout, base, isTruncated: result.isTruncated };
}

/** The full id of a commit that the user named. */
async function resolveCommit(name: string, what: 'branch' | 'commit', work: Work): Promise<string> {
  const id = await tryResolve(name, work);
  if (id !== null) return id;
  throw new UsageError(
    `There is no ${what} "${printable(name)}" in ${work.root}. See "git log" or "git branch --all".`,
  );
}

async function tryResolve(name: string, work: Work): Promise<string | null> {
  if (name === '' || /[\0\n]/.test(name)) return null;
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const result = await call(args, work);
  const id = result.stdout.trim();
  return result.code === 0 && /^[0-9a-f]{40,64}$/.test(id) ? id : null;
}

/** Id of the tree without files, in the hash that this repository uses. */
async function emptyTree(work: Work): Promise<string> {
  return (await mustRun(['hash-object', '-t', 'tree', '--stdin'], work)).stdout.trim();
}

function call(args: readonly string[], work: Work): Promise<GitResult> {
  return work.git.run(args, {
    maxBytes: work.maxBytes,
    ...(work.signal === undefined ? {} : { signal: work.signal }),
  });
}

async function mustRun(args: readonly string[], work: Work): Promise<GitResult> {
  const result = await call(args, work);
  if (result.code === 0 || result.isTruncated) return result;
  const reason = printable(result.stderr);
  throw new UsageError(`git ${args[0]} failed in ${work.root}: ${reason || `exit code ${result.code}`}.`);
}
