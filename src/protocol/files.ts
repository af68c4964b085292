// Guarded access to files: every call is checked against the sandbox policy on the real path, at the moment of opening.

export interface FileStat {
  kind: 'file' | 'directory' | 'other';
  size: number;
  mode: number;
  mtimeMs: number;
}

/** Failing because of policy: `code` is `DENIED`. Other failures keep the OS's code (ENOENT, EISDIR, EACCES...). */
export interface FileError extends Error {
  code: string;
}

/** Paths are absolute. Reads follow `denyRead`, writes the write roots and protected paths of the policy. */
export interface FileAccess {
  read(path: string): Promise<Uint8Array>;
  /** Follows symlinks; null when nothing is there. */
  stat(path: string): Promise<FileStat | null>;
  /** Throws the same error that `write` or `remove` of this path would; changes nothing. */
  checkWrite(path: string): Promise<void>;
  /** Creates missing parents; keeps the mode of an existing file; all or nothing (temporary file, then rename). */
  write(path: string, data: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
}
