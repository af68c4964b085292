// Chooses the strongest fence that works here, by trying it; says why when there is none. Never runs without one.
import { join } from 'node:path';
import { openLibc } from '../lib/runtime/ffi.ts';
import { selfCommand } from '../lib/runtime/runtime.ts';
import { spawn } from '../lib/runtime/spawn.ts';
import type { Sandbox, SandboxPolicy, SandboxUnavailable } from '../protocol/sandbox.ts';
import { createBubblewrap } from './bubblewrap.ts';
import {
  explainBwrapFailure,
  explainLandlockFailure,
  explainMissingBwrap,
  isWsl1,
  readSystemFacts,
} from './diagnose.ts';
import { findBwrap } from './find-bwrap.ts';
import { createLandlock } from './landlock.ts';
import { landlockVersion } from './landlock-launch.ts';
import { MINIMUM_ABI } from './landlock-rules.ts';
import { createNoSandbox } from './no-sandbox.ts';
import { pathContextFrom, realFolderOrNull } from './path-context.ts';
import { writeRootsOf } from './path-rules.ts';
import { ProbeCache, fileIdentity, machineIdentity } from './probe-cache.ts';
import { probeSandbox } from './probe.ts';
import { explainMissingSeatbelt } from './seatbelt.ts';
import type { FilterArch } from './syscall-numbers.ts';
import { explainMissingWindowsSandbox } from './windows.ts';

export interface SelectOptions {
  /** skua's own environment: PATH, TMPDIR, HOME and XDG_RUNTIME_DIR are read. */
  env: Readonly<Record<string, string | undefined>>;
  /** `<home>/cache`; null: the probe is not remembered across processes. */
  cacheFolder: string | null;
  /** Told when a command changed a protected path and it was put back (tier B). */
  warn?: (message: string) => void;
  /** Leaves mechanisms out, for tests and `doctor`. */
  without?: readonly ('bubblewrap' | 'landlock')[];
  platform?: NodeJS.Platform;
}

export type SelectedSandbox = { sandbox: Sandbox } | { unavailable: SandboxUnavailable[] };

type Attempt = { sandbox: Sandbox } | { unavailable: SandboxUnavailable };

async function tryBubblewrap(
  policy: SandboxPolicy,
  options: SelectOptions,
  arch: FilterArch,
): Promise<Attempt> {
  const context = pathContextFrom(options.env);
  const uid = process.getuid?.() ?? -1;
  const path = options.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  const forbidden = [policy.workspace, ...writeRootsOf(policy, context)];
  const found = findBwrap({ path, forbidden, uid });
  if ('missing' in found) return { unavailable: explainMissingBwrap(found.missing) };
  const { program } = found;
  const network = policy.network;
  const cache = new ProbeCache(options.cacheFolder, [
    'bubblewrap',
    network,
    fileIdentity(program),
    machineIdentity(),
  ]);
  const sandbox = createBubblewrap({
    ...context,
    program,
    uid,
    arch,
    userHome: realFolderOrNull(options.env['HOME']),
    runtimeDir: realFolderOrNull(options.env['XDG_RUNTIME_DIR']),
    network,
    known: cache.isKnown(),
    probe: async (self) => {
      const result = await probeSandbox(self, spawn, network === 'open' ? 'open' : 'off');
      if (result.ok) cache.remember();
      else cache.forget();
      return result.ok ? null : explainBwrapFailure(result.output, readSystemFacts());
    },
  });
  const unavailable = await sandbox.available();
  return unavailable === null ? { sandbox } : { unavailable };
}

async function tryLandlock(policy: SandboxPolicy, options: SelectOptions): Promise<Attempt> {
  const opened = openLibc();
  if ('unavailable' in opened) return { unavailable: explainLandlockFailure(opened.unavailable) };
  const abi = landlockVersion(opened.libc);
  if (abi < MINIMUM_ABI) {
    const what =
      abi === 0
        ? 'the kernel has none, or it is switched off.'
        : `the kernel has version ${abi}, ${MINIMUM_ABI} is needed.`;
    return { unavailable: explainLandlockFailure(what) };
  }
  const network = policy.network;
  const cache = new ProbeCache(options.cacheFolder, [
    'landlock',
    network,
    fileIdentity(process.execPath),
    machineIdentity(),
  ]);
  const sandbox = createLandlock({
    ...pathContextFrom(options.env),
    selfCommand,
    abi,
    userHome: realFolderOrNull(options.env['HOME']),
    network,
    known: cache.isKnown(),
    ...(options.warn === undefined ? {} : { warn: options.warn }),
    probe: async (self) => {
      const result = await probeSandbox(self, spawn, network === 'open' ? 'open' : 'off');
      if (result.ok) cache.remember();
      else cache.forget();
      return result.ok ? null : explainLandlockFailure(result.output.trim());
    },
  });
  const unavailable = await sandbox.available();
  return unavailable === null ? { sandbox } : { unavailable };
}

/** The chosen fence is made for `policy.network`; a policy with another network needs another selection. */
export async function selectSandbox(policy: SandboxPolicy, options: SelectOptions): Promise<SelectedSandbox> {
  if (policy.mode === 'danger-full-access') return { sandbox: createNoSandbox() };
  const platform = options.platform ?? process.platform;
  if (platform === 'darwin') return { unavailable: [explainMissingSeatbelt()] };
  if (platform === 'win32') return { unavailable: [explainMissingWindowsSandbox()] };
  const { arch } = process;
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    const reason = `skua has no sandbox for ${platform} on ${arch}.`;
    return { unavailable: [{ reason, remedy: 'Use Linux on x64 or arm64.' }] };
  }
  const unavailable: SandboxUnavailable[] = [];
  const without = options.without ?? [];
  for (const [name, attempt] of [
    ['bubblewrap', () => tryBubblewrap(policy, options, arch)],
    ['landlock', () => tryLandlock(policy, options)],
  ] as const) {
    if (without.includes(name)) continue;
    const result = await attempt();
    if ('sandbox' in result) return result;
    unavailable.push(result.unavailable);
    if (name === 'bubblewrap' && isWsl1(readSystemFacts().version)) break;
  }
  return { unavailable };
}

/** Where the probe's result is kept below skua's home. */
export function probeCacheFolder(home: string): string {
  return join(home, 'cache');
}
