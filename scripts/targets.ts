// The platforms skua ships for: npm package names, the `os`/`cpu`/`libc` npm filters on, and the Bun runtime of each.

export interface Target {
  /** Suffix of the npm package: `skua-<id>`. The launcher builds the same string from what it runs on. */
  id: string;
  os: 'linux' | 'darwin' | 'win32';
  cpu: 'x64' | 'arm64';
  /** npm's `libc` filter; only Linux has one. */
  libc: 'glibc' | 'musl' | null;
  /** Value of `bun build --target`. */
  bunTarget: string;
  /** npm package that holds the Bun runtime of this platform. */
  bunPackage: string;
}

export const TARGETS: readonly Target[] = [
  target('linux', 'x64', 'glibc'),
  target('linux', 'arm64', 'glibc'),
  target('linux', 'x64', 'musl'),
  target('linux', 'arm64', 'musl'),
  target('darwin', 'x64', null),
  target('darwin', 'arm64', null),
  target('win32', 'x64', null),
  target('win32', 'arm64', null),
];

/** Name of the executable inside a platform package. */
export function executableName(os: Target['os']): string {
  return os === 'win32' ? 'skua.exe' : 'skua';
}

function target(os: Target['os'], cpu: Target['cpu'], libc: Target['libc']): Target {
  const system = os === 'win32' ? 'windows' : os;
  const musl = libc === 'musl' ? '-musl' : '';
  return {
    id: `${os}-${cpu}${musl}`,
    os,
    cpu,
    libc,
    bunTarget: `bun-${system}-${cpu}${musl}`,
    bunPackage: `@oven/bun-${system}-${cpu === 'arm64' ? 'aarch64' : cpu}${musl}`,
  };
}
