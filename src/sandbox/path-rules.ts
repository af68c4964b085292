// Pure rules of paths: what lies inside what, and whether a policy lets a real path be read or written.
import type { SandboxPolicy } from '../protocol/sandbox.ts';

/** Whether two spellings name one file: macOS and Windows fold case. */
export function foldPath(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return path.replaceAll('\\', '/').toLowerCase();
  return platform === 'darwin' ? path.normalize('NFC').toLowerCase() : path;
}

/** True for the root itself and everything below it; `/srv/app-x` is not inside `/srv/app`. */
export function isInside(path: string, root: string, platform: NodeJS.Platform = process.platform): boolean {
  const [inner, outer] = [foldPath(path, platform), foldPath(root, platform)];
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}

/** Facts about this machine that a policy leaves open; real paths. */
export interface PathContext {
  /** `$TMPDIR` of skua's own environment, not of the command's; null when unset or unfit. */
  tmpdir: string | null;
}

/** Trees that are the kernel's: no root opens them, not even `/`. */
export const KERNEL_TREES: readonly string[] = ['/proc', '/sys', '/dev'];

/** Every writable tree of the policy. The temporary ones stand last. */
export function writeRootsOf(policy: SandboxPolicy, context: PathContext): string[] {
  if (policy.mode !== 'workspace-write') return [];
  const roots = [policy.workspace, ...policy.writableRoots];
  if (policy.writableTmp.slashTmp) roots.push('/tmp');
  if (policy.writableTmp.tmpdir && context.tmpdir !== null) roots.push(context.tmpdir);
  return [...new Set(roots)].filter((root) => !KERNEL_TREES.some((tree) => isInside(root, tree)));
}

function longest(path: string, candidates: readonly string[]): number {
  let best = -1;
  for (const candidate of candidates) {
    if (candidate.length > best && isInside(path, candidate)) best = candidate.length;
  }
  return best;
}

/** The deepest rule decides, so that an explicit root inside a protected folder stays writable; ties protect. */
export function mayWrite(path: string, policy: SandboxPolicy, context: PathContext): boolean {
  if (policy.mode === 'danger-full-access') return true;
  if (!mayRead(path, policy)) return false;
  if (process.platform !== 'win32' && KERNEL_TREES.some((tree) => isInside(path, tree))) return false;
  const root = longest(path, writeRootsOf(policy, context));
  return root >= 0 && root > longest(path, policy.protectedPaths);
}

export function mayRead(path: string, policy: SandboxPolicy): boolean {
  return policy.mode === 'danger-full-access' || !policy.denyRead.some((denied) => isInside(path, denied));
}
