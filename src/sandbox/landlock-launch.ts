// The launcher of tier B: restricts this process with Landlock and seccomp, then becomes the command. Fails closed.
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Libc, openLibc } from '../lib/runtime/ffi.ts';
import { chooseRules, encodePathRule, encodeRuleset, MINIMUM_ABI } from './landlock-rules.ts';
import { LAUNCH_WORD, type LandlockSpec, parseSpec } from './landlock-spec.ts';
import { buildFilter, encodeFilter } from './seccomp.ts';
import type { FilterArch } from './syscall-numbers.ts';

/** As shells say "found, but could not be run". */
const EXIT_CANNOT_RUN = 126;

// The same numbers on x64 and arm64.
const LANDLOCK_CREATE_RULESET = 444;
const LANDLOCK_ADD_RULE = 445;
const LANDLOCK_RESTRICT_SELF = 446;
const CLOSE_RANGE = 436;
const CAPSET: Record<FilterArch, number> = { x64: 126, arm64: 91 };

const LANDLOCK_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const CLOSE_RANGE_CLOEXEC = 4;
const F_SETFD = 2;
const O_PATH = 0o10000000;
const CAPABILITY_VERSION_3 = 0x20080522;
const CAP_DAC_OVERRIDE = 1;
const LAST_SIGNAL = 64;

class LaunchError extends Error {}

/** Landlock's version in this kernel; 0 when it has none or it is switched off. */
export function landlockVersion(libc: Libc): number {
  return Math.max(0, libc.syscall(LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_VERSION));
}

function check(libc: Libc, result: number, what: string): number {
  if (result < 0) throw new LaunchError(`${what} failed (errno ${libc.errno()})`);
  return result;
}

function readAll(fd: number): string {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const count = readSync(fd, bytes, done, size - done, done);
    if (count === 0) throw new LaunchError('the description of the fence is cut off');
    done += count;
  }
  return bytes.toString('utf8');
}

function restrictFiles(libc: Libc, spec: LandlockSpec): void {
  const abi = landlockVersion(libc);
  if (abi < MINIMUM_ABI)
    throw new LaunchError(`Landlock version ${abi} is too old, ${MINIMUM_ABI} is needed`);
  const { handled, rules } = chooseRules(spec);
  const attributes = encodeRuleset(handled, abi);
  const ruleset = check(
    libc,
    libc.syscall(LANDLOCK_CREATE_RULESET, libc.addressOf(attributes), attributes.length, 0),
    'landlock_create_ruleset',
  );
  for (const { path, rights } of rules) {
    let fd: number;
    try {
      fd = openSync(path, O_PATH);
    } catch {
      continue; // Gone or out of reach: without a rule it stays forbidden.
    }
    const rule = encodePathRule(rights, fd);
    const result = libc.syscall(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, libc.addressOf(rule), 0);
    check(libc, result, `landlock_add_rule for ${path}`);
    closeSync(fd);
  }
  check(libc, libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), 'landlock_restrict_self');
}

/** Root keeps the right to open other people's files, which Landlock then judges, and loses every other privilege. */
function dropCapabilities(libc: Libc, arch: FilterArch): void {
  if (process.geteuid?.() !== 0) return;
  const header = new Uint32Array([CAPABILITY_VERSION_3, 0]);
  const kept = 1 << CAP_DAC_OVERRIDE;
  // Effective, permitted, inheritable for the lower and the upper 32 capabilities.
  for (const mask of [kept, 0]) {
    const data = new Uint32Array([mask, mask, 0, 0, 0, 0]);
    const addresses = [header, data].map((words) => libc.addressOf(new Uint8Array(words.buffer)));
    if (libc.syscall(CAPSET[arch], ...addresses) === 0) return;
  }
  throw new LaunchError(`dropping root's capabilities failed (errno ${libc.errno()})`);
}

function restrictCalls(libc: Libc, arch: FilterArch, network: boolean): void {
  // No namespaces here: whatever is not forbidden reaches the host's own network, sockets and memory segments.
  const filter = encodeFilter(
    buildFilter({ arch, internet: network, unixSockets: false, systemVIpc: false }),
  );
  const program = new Uint8Array(16);
  const view = new DataView(program.buffer);
  view.setUint16(0, filter.length / 8, true);
  view.setBigUint64(8, BigInt(libc.addressOf(filter)), true);
  const result = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, libc.addressOf(program));
  // `filter` is mentioned after the call, so that the collector leaves it in place until then.
  check(libc, filter.length > 0 ? result : -1, 'loading the seccomp filter');
}

function prepareDescriptors(libc: Libc): void {
  check(libc, libc.syscall(CLOSE_RANGE, 3, 0xffffffff, CLOSE_RANGE_CLOEXEC), 'close_range');
  for (const fd of [0, 1, 2]) libc.fcntl(fd, F_SETFD, 0);
}

function findProgram(name: string, path: string): string {
  const candidates = name.includes('/') ? [name] : path.split(':').map((folder) => join(folder || '.', name));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // The next one.
    }
  }
  throw new LaunchError(`the program ${name} was not found`);
}

function launch(args: readonly string[]): never {
  const [fd, separator, ...argv] = args;
  const [name] = argv;
  if (separator !== '--' || name === undefined || !/^\d+$/.test(fd ?? '')) {
    throw new LaunchError(`usage: ${LAUNCH_WORD} FD -- PROGRAM [ARGUMENTS]`);
  }
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') throw new LaunchError(`no seccomp filter for ${arch}`);
  const opened = openLibc();
  if ('unavailable' in opened) throw new LaunchError(opened.unavailable);
  const { libc } = opened;
  const spec = parseSpec(readAll(Number(fd)));
  const program = findProgram(name, spec.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin');
  check(libc, libc.prctl(PR_SET_NO_NEW_PRIVS, 1), 'no_new_privs');
  restrictFiles(libc, spec);
  dropCapabilities(libc, arch);
  prepareDescriptors(libc);
  for (let signal = 1; signal <= LAST_SIGNAL; signal += 1) libc.resetSignal(signal);
  restrictCalls(libc, arch, spec.network);
  libc.execve(
    program,
    argv,
    Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
  );
  throw new LaunchError(`${program} could not be started (errno ${libc.errno()})`);
}

/** `args`: what follows `__landlock-launch`. Never returns: becomes the command, or ends with 126 and one line why. */
export function runLandlockLauncher(args: readonly string[]): never {
  try {
    launch(args);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    writeSync(
      2,
      `skua: the command was not started, because the Landlock fence could not be set up: ${reason}\n`,
    );
    process.exit(EXIT_CANNOT_RUN);
  }
}
