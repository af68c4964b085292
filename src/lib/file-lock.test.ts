// Tests of the lock inside one process; several processes are tested with the rollouts in test/storage.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireFileLock, FileLockedError } from './file-lock.ts';

test('names the holder, and is free again after the release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  try {
    const path = join(folder, 'x.lock');
    const lock = acquireFileLock(path, 'a');
    try {
      acquireFileLock(path, 'b');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(FileLockedError);
      expect(error).toMatchObject({ holder: { pid: process.pid, local: true }, lockPath: path });
    }
    lock.release();
    acquireFileLock(path, 'c').release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
