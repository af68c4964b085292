// The version of this program, put in by the build or read from package.json in development.
import { readFileSync } from 'node:fs';

/** Replaced by the build (`define`); not declared when the source runs as it is. */
declare const SKUA_VERSION: string | undefined;

/** Version without a name, for example `0.1.0`. */
export function readVersion(): string {
  if (typeof SKUA_VERSION === 'string') return SKUA_VERSION;
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
