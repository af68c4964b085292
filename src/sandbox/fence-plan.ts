// From a policy and the state of the disk to a list of mounts: pure ordering rules, no mechanism.
import { dirname } from 'node:path';
import { isInside } from './path-rules.ts';

export type MountKind =
  | 'writable'
  | 'read-only'
  /** A private empty folder that commands may write and that vanishes with them. */
  | 'private'
  /** An empty folder over a stand-in: far cheaper than a bind mount, and nobody else ever sees what lands in it. */
  | 'empty'
  /** Nothing to be seen or read. */
  | 'hidden-folder'
  | 'hidden-file';

export interface Mount {
  path: string;
  kind: MountKind;
  /** For a writable one: the child's descriptor of what to mount, where the path could be swapped meanwhile. */
  fd?: number;
}

const ORDER: Record<MountKind, number> = {
  private: 0,
  writable: 1,
  'read-only': 2,
  empty: 2,
  'hidden-folder': 3,
  'hidden-file': 3,
};

/** The deepest of `mounts` that covers `path`, other than `path` itself. */
function coveringMount(path: string, mounts: readonly Mount[]): Mount | null {
  let best: Mount | null = null;
  for (const mount of mounts) {
    if (mount.path === path || !isInside(path, mount.path)) continue;
    if (
      best === null ||
      mount.path.length > best.path.length ||
      (mount.path === best.path && ORDER[mount.kind] > ORDER[best.kind])
    ) {
      best = mount;
    }
  }
  return best;
}

/** True when a command could change `path` if nothing more were mounted. */
export function isExposed(path: string, mounts: readonly Mount[]): boolean {
  const own = mounts.find((mount) => mount.path === path);
  const kind = own?.kind ?? coveringMount(path, mounts)?.kind;
  return kind === 'writable' || kind === 'private';
}

/**
 * Folders between a writable tree and a read-only path in it, to be mounted on themselves: a mount point cannot be
 * renamed, so the protected path cannot be moved away together with its parents and be replaced.
 */
export function findPins(mounts: readonly Mount[]): string[] {
  const known = new Set(mounts.map((mount) => mount.path));
  const pins = new Set<string>();
  for (const { path, kind } of mounts) {
    if (kind === 'private') continue;
    const covering = coveringMount(path, mounts);
    if (covering === null || covering.kind !== 'writable') continue;
    for (let at = dirname(path); at !== covering.path && isInside(at, covering.path); at = dirname(at)) {
      if (!known.has(at)) pins.add(at);
    }
  }
  return [...pins];
}

/** Parents first, so that the deepest rule wins, as it does in `mayWrite`. */
export function orderMounts(mounts: readonly Mount[]): Mount[] {
  const depth = (path: string): number => (path === '/' ? 0 : path.split('/').length - 1);
  return mounts
    .map((mount) => ({ mount, depth: depth(mount.path) }))
    .sort((a, b) => a.depth - b.depth || ORDER[a.mount.kind] - ORDER[b.mount.kind])
    .map(({ mount }) => mount);
}
