// Protected names that are symbolic links: nothing can be mounted over a link, so a swapped one is put back afterwards.
import { randomBytes } from 'node:crypto';
import { lstatSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';

export interface GuardedLink {
  path: string;
  target: string;
}

export function readLink(path: string): GuardedLink | null {
  try {
    return { path, target: readlinkSync(path) };
  } catch {
    return null;
  }
}

/** Moves whatever took the place of the link aside and makes the link again. */
export function restoreLink(link: GuardedLink): void {
  if (readLink(link.path)?.target === link.target) return;
  if (lstatSync(link.path, { throwIfNoEntry: false }) !== undefined) {
    renameSync(link.path, `${link.path}.replaced-${randomBytes(4).toString('hex')}`);
  }
  symlinkSync(link.target, link.path);
}
