// Guarded access to files for tools: judged on the real path at the moment of opening, on the policy of the fence.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FileAccess, FileError, FileStat } from '../protocol/files.ts';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import { mayRead, mayWrite, type PathContext } from './path-rules.ts';

/** As many as the kernel follows. */
const MAX_LINKS = 40;
// Undefined on Windows, where the checks before and after have to do.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_BLOCK = constants.O_NONBLOCK ?? 0;
const FOLDER = constants.O_DIRECTORY ?? 0;

/** A name in an open folder. On Linux `at` goes through the descriptor, so that swapping a parent changes nothing. */
interface Place {
  real: string;
  at: string;
  close(): Promise<void>;
}

function fail(code: string, message: string, path: string): FileError {
  return Object.assign(new Error(message), { code, path });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function denied(verb: 'read' | 'changed', path: string, policy: SandboxPolicy): FileError {
  const why =
    verb === 'read'
      ? 'it is on the deny_read list'
      : policy.mode === 'read-only'
        ? 'the sandbox is read-only'
        : 'it is outside the writable folders or protected';
  return fail('DENIED', `${path} may not be ${verb}: ${why}.`, path);
}

class GuardedFiles implements FileAccess {
  private readonly policy: () => SandboxPolicy;
  private readonly context: PathContext;
  private readonly approved: ReadonlySet<string>;

  constructor(policy: () => SandboxPolicy, context: PathContext, approved: ReadonlySet<string>) {
    this.policy = policy;
    this.context = context;
    this.approved = approved;
  }

  async read(path: string): Promise<Uint8Array> {
    return this.inPlace(path, async (place) => {
      this.mustRead(place.real);
      const file = await this.openFile(place, constants.O_RDONLY | NO_BLOCK);
      try {
        return await file.readFile();
      } finally {
        await file.close();
      }
    });
  }

  async stat(path: string): Promise<FileStat | null> {
    try {
      return await this.inPlace(path, async (place) => {
        this.mustRead(place.real);
        const stat = await this.look(place, path);
        const { size, mode, mtimeMs } = stat;
        const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
        return { kind, size, mode: mode & 0o7777, mtimeMs };
      });
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
      throw error;
    }
  }

  async checkWrite(path: string): Promise<void> {
    await this.withMissingParents(path, { create: false }, async (place) => {
      if (place !== null) await this.lookBeforeWriting(place);
    });
  }

  async write(path: string, data: Uint8Array): Promise<void> {
    await this.withMissingParents(path, { create: true }, async (place) => {
      if (place === null)
        throw fail('ENOENT', `The folder of ${path} vanished while it was being written.`, path);
      const existing = await this.lookBeforeWriting(place);
      const temporary = join(
        dirname(place.at),
        `.${basename(place.real)}.${randomBytes(6).toString('hex')}.tmp`,
      );
      const mode = existing === null ? 0o666 : existing.mode & 0o7777;
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
      const file = await open(temporary, flags, existing === null ? mode : 0o600);
      try {
        await file.writeFile(data);
        if (existing !== null && process.platform !== 'win32') await keepOwnership(file, existing, mode);
        await file.close();
        await rename(temporary, place.at);
      } catch (error) {
        await file.close().catch(() => {});
        await unlink(temporary).catch(() => {});
        throw error;
      }
    });
  }

  async remove(path: string): Promise<void> {
    // The name itself goes, not what it points at.
    const place = await this.openParent(resolve(path));
    try {
      this.mustWrite(place.real);
      const stat = await lstat(place.at);
      if (stat.isDirectory()) throw fail('EISDIR', `${path} is a folder; only files are removed.`, path);
      await rm(place.at);
    } finally {
      await place.close();
    }
  }

  private mustRead(real: string): void {
    const policy = this.policy();
    // The tool's own process is skua itself, whose environment and memory hold the keys.
    if (policy.mode !== 'danger-full-access' && /^\/proc\/(\d+|self|thread-self)\//.test(real)) {
      throw fail('DENIED', `${real} may not be read: it shows a running process.`, real);
    }
    if (!mayRead(real, policy)) throw denied('read', real, policy);
  }

  private mustWrite(real: string): void {
    const policy = this.policy();
    if (this.approved.has(real)) return;
    if (!mayWrite(real, policy, this.context)) throw denied('changed', real, policy);
  }

  /** Judges the place; null when nothing is there yet. */
  private async lookBeforeWriting(place: Place): Promise<Stats | null> {
    this.mustWrite(place.real);
    const stat = await lstat(place.at).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
    if (stat === null || stat.isFile()) return stat;
    if (stat.isDirectory()) throw fail('EISDIR', `${place.real} is a folder.`, place.real);
    throw fail(
      'DENIED',
      `${place.real} is a device, pipe or socket; only plain files are written.`,
      place.real,
    );
  }

  private async look(place: Place, path: string): Promise<Stats> {
    const stat = await lstat(place.at);
    if (stat.isSymbolicLink()) throw fail('ELOOP', `${path} changed while it was being looked at.`, path);
    return stat;
  }

  private async openFile(place: Place, flags: number): Promise<FileHandle> {
    const file = await open(place.at, flags | NO_FOLLOW);
    const stat = await file.stat();
    if (stat.isFile()) return file;
    await file.close();
    if (stat.isDirectory()) throw fail('EISDIR', `${place.real} is a folder.`, place.real);
    throw fail('DENIED', `${place.real} is a device, pipe or socket; only plain files are read.`, place.real);
  }

  /** Opens the folder of `path` and finds out where it really is. */
  private async openParent(path: string): Promise<Place> {
    const name = basename(path);
    const parent = dirname(path);
    if (process.platform !== 'linux') {
      const real = await realpath(parent);
      return { real: join(real, name), at: join(real, name), close: () => Promise.resolve() };
    }
    const folder = await open(parent, constants.O_RDONLY | FOLDER);
    try {
      const link = `/proc/self/fd/${folder.fd}`;
      const real = await readlink(link);
      // At the root there is no name to look up in a folder.
      const at = `${link}/${name === '' ? '.' : name}`;
      return { real: name === '' ? real : join(real, name), at, close: () => folder.close() };
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** Follows links of the last name one by one, each judged where it really is. */
  private async inPlace<T>(path: string, action: (place: Place) => Promise<T>): Promise<T> {
    let at = resolve(path);
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const place = await this.openParent(at);
      try {
        const target = await readlink(place.at).catch(() => null);
        if (target === null || basename(at) === '') return await action(place);
        at = resolve(dirname(place.real), target);
      } finally {
        await place.close();
      }
    }
    throw fail('ELOOP', `${path} is a circle of symbolic links.`, path);
  }

  /** As `inPlace`, for a path whose parents may be missing. Without `create` the action gets null for those. */
  private async withMissingParents(
    path: string,
    options: { create: boolean },
    action: (place: Place | null) => Promise<void>,
  ): Promise<void> {
    const made: string[] = [];
    for (let round = 0; round < 256; round += 1) {
      try {
        await this.inPlace(path, action);
        return;
      } catch (error) {
        const missing = codeOf(error) === 'ENOENT' ? await this.firstMissing(path) : null;
        if (missing === null) {
          for (const folder of made.toReversed()) await rmdir(folder).catch(() => {});
          throw error;
        }
        try {
          // The folder that would be made lies above the file; a protected path between them counts too.
          const final = join(missing.real, missing.rest);
          this.mustWrite(final);
          if (!this.approved.has(final)) this.mustWrite(missing.real);
          if (!options.create) {
            await action(null);
            return;
          }
          await mkdir(missing.place.at);
          made.push(missing.real);
        } catch (mkdirError) {
          if (codeOf(mkdirError) !== 'EEXIST') throw mkdirError;
        } finally {
          await missing.place.close();
        }
      }
    }
    throw fail('EIO', `The folders of ${path} could not be made: something removes them again.`, path);
  }

  /** The topmost missing folder of `path`, opened in its parent; `rest` is what follows below it. */
  private async firstMissing(path: string): Promise<{ place: Place; real: string; rest: string } | null> {
    let at = dirname(await this.finalPath(path));
    let rest = basename(await this.finalPath(path));
    for (; at !== dirname(at); at = dirname(at)) {
      const parent = await lstat(dirname(at)).catch(() => null);
      if (parent !== null) {
        if ((await lstat(at).catch(() => null)) !== null) return null;
        const place = await this.openParent(at);
        return { place, real: place.real, rest };
      }
      rest = join(basename(at), rest);
    }
    return null;
  }

  /** Where a chain of links at the end of `path` leads. */
  private async finalPath(path: string): Promise<string> {
    let at = resolve(path);
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const target = await readlink(at).catch(() => null);
      if (target === null) return at;
      at = resolve(await realpath(dirname(at)), target);
    }
    throw fail('ELOOP', `${path} is a circle of symbolic links.`, path);
  }
}

async function keepOwnership(file: FileHandle, existing: Stats, mode: number): Promise<void> {
  // Root edits other people's files: they stay theirs. Changing the owner clears set-id bits, so the mode comes last.
  if (process.getuid?.() === 0) await file.chown(existing.uid, existing.gid);
  await file.chmod(mode);
}

/**
 * File access under `policy`, which is asked anew for every call. In danger-full-access nothing is refused.
 * `approved`: real paths that a human let be changed although the policy does not; may grow.
 */
export function openFileAccess(
  policy: () => SandboxPolicy,
  context: PathContext,
  approved: ReadonlySet<string> = new Set(),
): FileAccess {
  return new GuardedFiles(policy, context, approved);
}
