// The compiled seccomp filter in a nameless file: written once per process, opened again for every command.
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

const O_TMPFILE = 0o20200000;

/** A file without a name, gone with its last descriptor. */
export function openNameless(): number {
  for (const folder of ['/dev/shm', tmpdir()]) {
    try {
      return openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
    } catch {
      // Missing, read-only, or a file system that cannot.
    }
  }
  // Then the name lives for an instant.
  const path = join(tmpdir(), `.skua-${randomBytes(8).toString('hex')}`);
  const fd = openSync(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  unlinkSync(path);
  return fd;
}

export class FilterFile {
  private readonly fd: number;

  constructor(filter: Uint8Array) {
    this.fd = openNameless();
    writeSync(this.fd, filter);
  }

  /** A read-only descriptor with a position of its own, since bwrap reads to the end. The caller closes it. */
  open(): number {
    return openSync(`/proc/self/fd/${this.fd}`, constants.O_RDONLY);
  }

  close(): void {
    closeSync(this.fd);
  }
}
