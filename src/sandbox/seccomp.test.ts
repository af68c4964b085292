// The filter, run in a tiny BPF machine over system calls and arguments.
import { describe, expect, test } from 'vitest';
import {
  ALLOW,
  buildFilter,
  EAFNOSUPPORT,
  encodeFilter,
  ENOSYS,
  EPERM,
  type FilterOptions,
  type Instruction,
  KILL,
} from './seccomp.ts';
import { type FilterArch, type SyscallName, syscallNumber, SYSCALLS } from './syscall-numbers.ts';

const ARCH_WORD = { x64: 0xc000003e, arm64: 0xc00000b7 };

function evaluate(program: readonly Instruction[], data: DataView): number {
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 1) {
    const { code, jt, jf, k } = program[at] as Instruction;
    const jump = (isTrue: boolean): void => {
      at += isTrue ? jt : jf;
    };
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x45) jump((accumulator & k) !== 0);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${code.toString(16)}`);
  }
  throw new Error('the program ran off its end');
}

const full: FilterOptions = { arch: 'x64', internet: true, unixSockets: true, systemVIpc: true };

function decide(
  options: FilterOptions,
  number: number,
  args: (number | bigint)[] = [],
  arch?: number,
): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch ?? ARCH_WORD[options.arch], true);
  args.forEach((value, index) => data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, BigInt(value)), true));
  return evaluate(buildFilter(options), data);
}

describe.each(['x64', 'arm64'] as FilterArch[])('filter for %s', (arch) => {
  const options = { ...full, arch };
  const call = (
    name: SyscallName,
    args: (number | bigint)[] = [],
    change: Partial<FilterOptions> = {},
  ): number => decide({ ...options, ...change }, syscallNumber(name, arch) ?? -1, args);

  test('lets ordinary calls through', () => {
    // read, write, openat, execve
    for (const number of arch === 'x64' ? [0, 1, 257, 59] : [63, 64, 56, 221]) {
      expect(decide(options, number)).toBe(ALLOW);
    }
  });

  test('kills calls of another architecture and refuses x32 numbers', () => {
    expect(decide(options, 1, [], 0x40000003)).toBe(KILL);
    if (arch === 'x64') expect(decide(options, 0x40000000 + 1)).toBe(ENOSYS);
  });

  test('refuses kernel surface, whatever the arguments', () => {
    const alwaysDenied: SyscallName[] = [
      'mount',
      'setns',
      'bpf',
      'keyctl',
      'io_uring_setup',
      'userfaultfd',
      'pidfd_getfd',
    ];
    for (const name of alwaysDenied) expect(call(name, [0, 0, 0]), name).toBe(EPERM);
    expect(call('clone3')).toBe(ENOSYS);
  });

  test('lets threads and processes be made, but no namespaces', () => {
    expect(call('clone', [0x3d0f00])).toBe(ALLOW);
    expect(call('clone', [17])).toBe(ALLOW);
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(call('clone', [flag | 17])).toBe(EPERM);
      expect(call('unshare', [flag])).toBe(EPERM);
    }
    expect(call('unshare', [0x80])).toBe(EPERM);
    expect(call('unshare', [0x400])).toBe(ALLOW);
  });

  test('refuses terminal input by the low half of the request', () => {
    expect(call('ioctl', [0, 0x5412])).toBe(EPERM);
    expect(call('ioctl', [0, 0x1_0000_5412n])).toBe(EPERM);
    expect(call('ioctl', [0, 0x541c])).toBe(EPERM);
    expect(call('ioctl', [0, 0x5413])).toBe(ALLOW);
  });

  test('judges sockets by family', () => {
    for (const [family, type, protocol, verdict] of [
      [2, 1, 0, ALLOW],
      [10, 2, 0, ALLOW],
      [1, 1, 0, ALLOW],
      [16, 3, 0, ALLOW],
      [16, 3, 9, EAFNOSUPPORT],
      [40, 1, 0, EAFNOSUPPORT],
      [17, 3, 0, EAFNOSUPPORT],
      [38, 5, 0, EAFNOSUPPORT],
      [0x1_0000_0028n, 1, 0, EAFNOSUPPORT],
    ] as const) {
      expect(call('socket', [family, type, protocol]), String(family)).toBe(verdict);
    }
    for (const family of [1, 2, 10, 16]) {
      expect(call('socket', [family, 1, 0], { internet: false, unixSockets: false })).toBe(EAFNOSUPPORT);
    }
  });

  test('leaves pairs of Unix sockets, but none that can be connected elsewhere', () => {
    const closed = { unixSockets: false };
    expect(call('socketpair', [1, 1], closed)).toBe(ALLOW);
    expect(call('socketpair', [1, 0x80801], closed)).toBe(ALLOW);
    expect(call('socketpair', [1, 5], closed)).toBe(ALLOW);
    expect(call('socketpair', [1, 2], closed)).toBe(EPERM);
    expect(call('socketpair', [1, 0x80802], closed)).toBe(EPERM);
    expect(call('socketpair', [30, 1], closed)).toBe(EAFNOSUPPORT);
    expect(call('socketpair', [1, 2])).toBe(ALLOW);
  });

  test('closes System V IPC where no namespace does', () => {
    expect(call('shmget')).toBe(ALLOW);
    for (const name of ['shmget', 'msgget', 'semget', 'mq_open'] as const) {
      expect(call(name, [], { systemVIpc: false })).toBe(EPERM);
    }
  });

  test('has no jump out of the program and fits the kernel', () => {
    const program = buildFilter({ ...options, systemVIpc: false });
    expect(program.length).toBeLessThan(4096);
    program.forEach(({ jt, jf }, index) => {
      expect(index + 1 + Math.max(jt, jf)).toBeLessThan(program.length + 1);
      expect(Math.max(jt, jf)).toBeLessThan(256);
    });
    expect(encodeFilter(program).length).toBe(program.length * 8);
  });
});

test('no number is given to two calls', () => {
  for (const index of [0, 1]) {
    const numbers = Object.values(SYSCALLS)
      .map((pair) => pair[index])
      .filter((number) => number !== null);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});

test('encodes instructions as the kernel reads them', () => {
  expect([...encodeFilter([{ code: 0x15, jt: 1, jf: 2, k: 0xc000003e }])]).toEqual([
    0x15, 0, 1, 2, 0x3e, 0, 0, 0xc0,
  ]);
});
