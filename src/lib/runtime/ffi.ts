// The few C library calls that no runtime offers, through bun:ffi on Bun and through koffi on Node when it is there.
import { createRequire } from 'node:module';

/** Calls return what the C function returns; -1 means failure with the reason in `errno()`. */
export interface Libc {
  /** `syscall(2)`: raw system call; every argument is passed as a 64-bit integer. */
  syscall(number: number, ...args: (number | bigint)[]): number;
  prctl(
    option: number,
    a?: number | bigint,
    b?: number | bigint,
    c?: number | bigint,
    d?: number | bigint,
  ): number;
  fcntl(fd: number, command: number, argument: number): number;
  /** Back to the default action for a signal. */
  resetSignal(signal: number): void;
  /** Replaces the process; returns only when it failed. Strings must not contain NUL. */
  execve(path: string, argv: readonly string[], env: readonly string[]): number;
  /** A pipe whose ends are not inherited by children. */
  pipe(): { read: number; write: number } | null;
  /** Address of the bytes. The caller keeps `data` alive for as long as C may read it. */
  addressOf(data: Uint8Array): number | bigint;
  /** Reason of the latest failure of a call above; ask at once. */
  errno(): number;
}

export type LibcResult = { libc: Libc } | { unavailable: string };

const O_CLOEXEC = 0o2000000;
/** The names of the C library on Linux: glibc, then musl. */
const LIBRARIES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

type Native = (...args: unknown[]) => unknown;

interface BunFfi {
  dlopen(
    name: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, Native> };
  ptr(data: ArrayBufferView): number;
  read: { i32(address: number): number };
}

interface Koffi {
  load(name: string): { func(prototype: string): Native };
  address(value: unknown): bigint;
  errno(): number;
}

/** Opens the C library. Linux only: nothing else needs it. */
export function openLibc(): LibcResult {
  if (process.platform !== 'linux') return { unavailable: `no C library calls on ${process.platform}` };
  const bunFfi = process.getBuiltinModule('bun:ffi') as BunFfi | undefined;
  if (bunFfi !== undefined) return openWithBun(bunFfi);
  try {
    return openWithKoffi(createRequire(import.meta.url)('koffi') as Koffi);
  } catch {
    return {
      unavailable: `Node ${process.versions.node} cannot call the C library (the optional package "koffi" is not installed)`,
    };
  }
}

function openFirst<T>(open: (name: string) => T): { library: T } | { unavailable: string } {
  let last: unknown;
  for (const name of LIBRARIES) {
    try {
      return { library: open(name) };
    } catch (error) {
      last = error;
    }
  }
  return {
    unavailable: `the C library could not be opened: ${last instanceof Error ? last.message : String(last)}`,
  };
}

function openWithBun(ffi: BunFfi): LibcResult {
  const opened = openFirst((name) =>
    ffi.dlopen(name, {
      syscall: { args: Array<string>(7).fill('i64'), returns: 'i64' },
      prctl: { args: ['i32', 'i64', 'i64', 'i64', 'i64'], returns: 'i32' },
      fcntl: { args: ['i32', 'i32', 'i64'], returns: 'i32' },
      signal: { args: ['i32', 'i64'], returns: 'i64' },
      execve: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
      pipe2: { args: ['ptr', 'i32'], returns: 'i32' },
      __errno_location: { args: [], returns: 'ptr' },
    }),
  );
  if ('unavailable' in opened) return opened;
  const call = opened.library.symbols as Record<string, (...args: unknown[]) => number>;
  const errnoAddress = call['__errno_location']?.() as number;
  const vector = (words: readonly string[]) => {
    const strings = words.map((word) => Buffer.from(`${word}\0`));
    return { strings, table: new BigUint64Array([...strings.map((bytes) => BigInt(ffi.ptr(bytes))), 0n]) };
  };
  return {
    libc: {
      syscall: (number, ...args) => Number(call['syscall']?.(number, ...pad(args, 6))),
      prctl: (option, ...args) => Number(call['prctl']?.(option, ...pad(args, 4))),
      fcntl: (fd, command, argument) => Number(call['fcntl']?.(fd, command, argument)),
      resetSignal: (signal) => void call['signal']?.(signal, 0),
      execve: (path, argv, env) => {
        const [program, args, environment] = [Buffer.from(`${path}\0`), vector(argv), vector(env)];
        const result = Number(
          call['execve']?.(ffi.ptr(program), ffi.ptr(args.table), ffi.ptr(environment.table)),
        );
        // Mentioned after the call, so that the collector cannot take the strings away before it.
        return args.strings.length + environment.strings.length >= 0 ? result : -1;
      },
      pipe: () => {
        const ends = new Int32Array(2);
        if (Number(call['pipe2']?.(ffi.ptr(ends), O_CLOEXEC)) !== 0) return null;
        return { read: ends[0] as number, write: ends[1] as number };
      },
      addressOf: (data) => ffi.ptr(data),
      errno: () => ffi.read.i32(errnoAddress),
    },
  };
}

function openWithKoffi(koffi: Koffi): LibcResult {
  const opened = openFirst((name) => koffi.load(name));
  if ('unavailable' in opened) return opened;
  const bind = (prototype: string): ((...args: unknown[]) => number) => {
    const native = opened.library.func(prototype);
    return (...args) => Number(native(...args));
  };
  const syscall = bind('int64 syscall(int64, int64, int64, int64, int64, int64, int64)');
  const prctl = bind('int prctl(int, int64, int64, int64, int64)');
  const fcntl = bind('int fcntl(int, int, int64)');
  const signal = bind('int64 signal(int, int64)');
  const execve = bind('int execve(const char *path, const char **argv, const char **env)');
  const pipe2 = bind('int pipe2(int32 *ends, int flags)');
  return {
    libc: {
      syscall: (number, ...args) => syscall(number, ...pad(args, 6)),
      prctl: (option, ...args) => prctl(option, ...pad(args, 4)),
      fcntl,
      resetSignal: (number) => void signal(number, 0),
      execve: (path, argv, env) => execve(path, [...argv, null], [...env, null]),
      pipe: () => {
        const ends = new Int32Array(2);
        return pipe2(ends, O_CLOEXEC) === 0 ? { read: ends[0] as number, write: ends[1] as number } : null;
      },
      addressOf: (data) => koffi.address(data),
      errno: () => koffi.errno(),
    },
  };
}

function pad(args: readonly (number | bigint | undefined)[], length: number): (number | bigint)[] {
  return Array.from({ length }, (_, index) => args[index] ?? 0);
}
