// Remembers across processes that a fence worked, under a key of everything it depends on. Only good news is kept.
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const FILE = 'sandbox-probe';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Identity of a program file: replaced or updated means a new probe. */
export function fileIdentity(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined
    ? `${path}:missing`
    : [path, stat.ino, stat.size, stat.mtimeMs, stat.mode].join(':');
}

/** Boot, namespaces, restrictions of this process and settings of the kernel. */
export function machineIdentity(): string {
  const status = read('/proc/self/status');
  return [
    read('/proc/sys/kernel/random/boot_id'),
    ...['user', 'mnt', 'pid', 'net'].map((name) => link(`/proc/self/ns/${name}`)),
    /^Seccomp:.*$/m.exec(status)?.[0] ?? '',
    /^CapEff:.*$/m.exec(status)?.[0] ?? '',
    /^NoNewPrivs:.*$/m.exec(status)?.[0] ?? '',
    read('/proc/self/attr/current'),
    read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    read('/proc/sys/kernel/unprivileged_userns_clone'),
    read('/proc/sys/user/max_user_namespaces'),
    String(process.getuid?.() ?? ''),
  ].join('\n');
}

export class ProbeCache {
  private readonly folder: string | null;
  private readonly key: string;

  /** `folder` null: nothing is kept. */
  constructor(folder: string | null, facts: readonly string[]) {
    this.folder = folder;
    this.key = createHash('sha256').update(facts.join('\0')).digest('hex');
  }

  isKnown(): boolean {
    return this.folder !== null && read(join(this.folder, FILE)).split('\n').includes(this.key);
  }

  /** A cache that cannot be written costs the next start a probe, nothing else. */
  remember(): void {
    this.rewrite((keys) => [this.key, ...keys.filter((key) => key !== this.key)].slice(0, 8));
  }

  forget(): void {
    this.rewrite((keys) => keys.filter((key) => key !== this.key));
  }

  private rewrite(change: (keys: string[]) => string[]): void {
    if (this.folder === null) return;
    const path = join(this.folder, FILE);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      const keys = read(path)
        .split('\n')
        .filter((key) => /^[0-9a-f]{64}$/.test(key));
      writeFileSync(temporary, `${change(keys).join('\n')}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(temporary, path);
    } catch {
      try {
        unlinkSync(temporary);
      } catch {
        // It was never made.
      }
    }
  }
}
