// What the parent tells the Landlock launcher, by a descriptor: arguments could be read by every user of the machine.

export interface LandlockSpec {
  /** Files and folders that may be written, with everything below them. */
  writable: string[];
  /** Files and folders that may not be read; everything else may. */
  denyRead: string[];
  network: boolean;
  /** The complete environment of the command. */
  env: Record<string, string>;
}

/** The hidden first argument of skua that starts the launcher: `skua __landlock-launch FD -- PROGRAM ARGS...`. */
export const LAUNCH_WORD = '__landlock-launch';

export function parseSpec(text: string): LandlockSpec {
  const value = JSON.parse(text) as Partial<LandlockSpec>;
  const isList = (list: unknown): boolean =>
    Array.isArray(list) && list.every((path) => typeof path === 'string' && path.startsWith('/'));
  if (
    !isList(value.writable) ||
    !isList(value.denyRead) ||
    typeof value.network !== 'boolean' ||
    typeof value.env !== 'object' ||
    value.env === null
  ) {
    throw new Error('the description of the fence is not complete');
  }
  return value as LandlockSpec;
}
