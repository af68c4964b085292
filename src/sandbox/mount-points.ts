// Stand-ins for protected paths that do not exist: something must be there to mount over. Removed afterwards, only ours.
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { GuardedPath } from './git-metadata.ts';

/*
 * Several skua processes may need the same stand-in at once, and one may be killed. So every process that uses a
 * stand-in puts an empty folder with its own name (pid and start time) inside it: removing a folder fails while
 * another name is left, and names of processes that are gone can be swept away. Stand-in files have their names in
 * a folder beside them. Empty folders are invisible to git.
 */
const MARK = '.skua-mount-';
const FILE_MARKS = 'skua-mounts';

/**
 * Making and above all removing a folder that was a mount point takes milliseconds, and the next command mostly comes
 * at once: so stand-ins stay for a moment after their last use.
 */
const KEPT_MS = 1500;

type StandIn = Exclude<GuardedPath['missing'], null>;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Start time in clock ticks, the 22nd field of proc_pid_stat(5); null when there is no such process. */
function startTimeOf(pid: number | 'self'): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isStale(mark: string): boolean {
  const [pid, start] = mark.slice(MARK.length).split('-');
  return startTimeOf(Number(pid)) !== start;
}

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function listMarks(folder: string): string[] | null {
  try {
    const names = readdirSync(folder);
    return names.length > 0 && names.every((name) => name.startsWith(MARK)) ? names : null;
  } catch {
    return null;
  }
}

export class MountPoints {
  private readonly mark: string;
  private readonly users = new Map<string, number>();
  /** Stand-ins that no command uses at the moment. */
  private readonly idle = new Map<string, StandIn>();
  private timer: NodeJS.Timeout | null = null;

  constructor() {
    this.mark = `${MARK}${process.pid}-${startTimeOf('self') ?? '0'}`;
  }

  /**
   * Makes sure that something is at the path. Returns false when there is nothing and we may not make it: then the
   * command, which has no more rights than we, may not either. Call `release` once for every `hold`.
   */
  hold(path: string, standIn: StandIn): boolean {
    const count = this.users.get(path) ?? 0;
    const done =
      count > 0 ||
      this.takeBack(path, standIn) ||
      (standIn.kind === 'folder' ? this.makeFolder(path) : this.makeFile(path, standIn.content));
    if (done) this.users.set(path, count + 1);
    return done;
  }

  release(path: string, standIn: StandIn): void {
    const count = this.users.get(path) ?? 0;
    if (count > 1) {
      this.users.set(path, count - 1);
      return;
    }
    if (!this.users.delete(path)) return;
    this.idle.set(path, standIn);
    if (this.timer !== null) {
      this.timer.refresh();
      return;
    }
    this.timer = setTimeout(this.removeIdle, KEPT_MS).unref();
    process.on('exit', this.removeIdle);
  }

  /** Removes what no command uses any more. */
  readonly removeIdle = (): void => {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    process.off('exit', this.removeIdle);
    for (const [path, standIn] of this.idle) {
      if (standIn.kind === 'folder') this.removeFolder(path);
      else this.removeFile(path, standIn.content);
    }
    this.idle.clear();
  };

  /** True when the stand-in of an earlier command is still there, with our name on it. */
  private takeBack(path: string, standIn: StandIn): boolean {
    if (!this.idle.delete(path)) return false;
    const mark = standIn.kind === 'folder' ? join(path, this.mark) : this.fileMark(path);
    return [path, mark].every((part) => lstatSync(part, { throwIfNoEntry: false }) !== undefined);
  }

  /** A folder that holds nothing but marks is a stand-in, also one that a killed process left. */
  isStandIn(path: string): boolean {
    return listMarks(path) !== null;
  }

  /** Likewise for a file whose marks stand beside it. */
  isStandInFile(path: string, content: string): boolean {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size === content.length && listMarks(this.marksOf(path)) !== null;
  }

  private marksOf(path: string): string {
    return join(dirname(path), FILE_MARKS);
  }

  private fileMark(path: string): string {
    return join(this.marksOf(path), `${this.mark}-${path.slice(dirname(path).length + 1)}`);
  }

  private makeFolder(path: string): boolean {
    for (let round = 0; round < 3; round += 1) {
      try {
        mkdirSync(path, { mode: 0o755 });
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') return false;
        for (const mark of listMarks(path) ?? []) {
          if (mark !== this.mark && isStale(mark)) attempt(() => rmdirSync(join(path, mark)));
        }
      }
      try {
        mkdirSync(join(path, this.mark));
        return true;
      } catch (error) {
        // ENOENT: another process just removed it; any other failure means that it is not a stand-in of ours.
        if (codeOf(error) === 'EEXIST') return true;
        if (codeOf(error) !== 'ENOENT') return false;
      }
    }
    return false;
  }

  private removeFolder(path: string): void {
    attempt(() => rmdirSync(join(path, this.mark)));
    attempt(() => rmdirSync(path));
  }

  private makeFile(path: string, content: string): boolean {
    const marks = this.marksOf(path);
    if (!attempt(() => mkdirSync(marks))) {
      for (const mark of listMarks(marks) ?? []) {
        if (isStale(mark)) attempt(() => rmdirSync(join(marks, mark)));
      }
    }
    if (!attempt(() => mkdirSync(this.fileMark(path)))) {
      if (lstatSync(this.fileMark(path), { throwIfNoEntry: false }) === undefined) return false;
    }
    try {
      writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return true;
      this.removeFile(path, content);
      return false;
    }
  }

  private removeFile(path: string, content: string): void {
    const marks = this.marksOf(path);
    const name = path.slice(dirname(path).length + 1);
    const others = (listMarks(marks) ?? []).filter(
      (mark) => mark.endsWith(`-${name}`) && join(marks, mark) !== this.fileMark(path),
    );
    if (others.length === 0) {
      attempt(() => {
        if (readFileSync(path, 'utf8') === content) unlinkSync(path);
      });
    }
    attempt(() => rmdirSync(this.fileMark(path)));
    attempt(() => rmdirSync(marks));
  }
}
