// The seccomp filter of sandboxed commands: a classic BPF program, generated for this processor and network policy.
import { type FilterArch, type SyscallName, syscallNumber } from './syscall-numbers.ts';

export interface FilterOptions {
  arch: FilterArch;
  /** Sockets of the internet families. */
  internet: boolean;
  /** Unix sockets. When false only connected pairs are left, which lead nowhere but to the process itself. */
  unixSockets: boolean;
  /** System V and POSIX message queues, shared memory, semaphores: only behind an IPC namespace. */
  systemVIpc: boolean;
}

/** One BPF instruction, `struct sock_filter`. */
export interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

const LOAD = 0x20; // LD | W | ABS
const EQUAL = 0x15; // JMP | JEQ | K
const AT_LEAST = 0x35; // JMP | JGE | K
const HAS_BITS = 0x45; // JMP | JSET | K
const AND = 0x54; // ALU | AND | K
const RETURN = 0x06; // RET | K

export const ALLOW = 0x7fff0000;
export const KILL = 0x80000000;
const ERRNO = 0x00050000;
export const EPERM = ERRNO | 1;
export const ENOSYS = ERRNO | 38;
export const EAFNOSUPPORT = ERRNO | 97;

// Offsets in `struct seccomp_data`. Arguments are 64 bits wide; the kernel looks at the low half of those used here.
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

const AUDIT_ARCH: Record<FilterArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
const X32_BIT = 0x40000000;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e020000;
/** Only `unshare` takes it; in `clone` these bits are the exit signal. */
const CLONE_NEWTIME = 0x80;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOCK_TYPE_MASK = 0xf;
const SOCK_DGRAM = 2;

const DENIED: readonly SyscallName[] = [
  'mount',
  'umount2',
  'pivot_root',
  'chroot',
  'move_mount',
  'open_tree',
  'open_tree_attr',
  'fsopen',
  'fsconfig',
  'fsmount',
  'fspick',
  'mount_setattr',
  'setns',
  'bpf',
  'perf_event_open',
  'keyctl',
  'add_key',
  'request_key',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'userfaultfd',
  'kexec_load',
  'kexec_file_load',
  'init_module',
  'finit_module',
  'delete_module',
  'open_by_handle_at',
  'pidfd_getfd',
  'process_vm_writev',
  'swapon',
  'swapoff',
  'reboot',
  'acct',
  'quotactl',
  'quotactl_fd',
  'iopl',
  'ioperm',
  'syslog',
  'fanotify_init',
  'vhangup',
  'settimeofday',
  'clock_settime',
  'clock_adjtime',
];

const DENIED_IPC: readonly SyscallName[] = [
  'shmget',
  'shmat',
  'shmctl',
  'msgget',
  'msgsnd',
  'msgrcv',
  'msgctl',
  'semget',
  'semop',
  'semtimedop',
  'semctl',
  'mq_open',
];

const load = (offset: number): Instruction => ({ code: LOAD, jt: 0, jf: 0, k: offset });
const answer = (verdict: number): Instruction => ({ code: RETURN, jt: 0, jf: 0, k: verdict });
/** Goes on with the next instruction when the test holds, else leaves out `skip` instructions. */
const unless = (code: number, k: number, skip: number): Instruction => ({ code, jt: 0, jf: skip, k });

function refuseIf(code: number, k: number, verdict: number): Instruction[] {
  return [unless(code, k, 1), answer(verdict)];
}

function socketRules(options: FilterOptions): Instruction[] {
  const families = [
    ...(options.internet ? [AF_INET, AF_INET6] : []),
    ...(options.unixSockets ? [AF_UNIX] : []),
  ];
  return [
    load(argument(0)),
    ...families.flatMap((family) => refuseIf(EQUAL, family, ALLOW)),
    // Routing information only: getifaddrs and friends need it, the other netlink protocols are kernel surface.
    ...(options.internet
      ? [unless(EQUAL, AF_NETLINK, 3), load(argument(2)), ...refuseIf(EQUAL, NETLINK_ROUTE, ALLOW)]
      : []),
    answer(EAFNOSUPPORT),
  ];
}

function socketpairRules(options: FilterOptions): Instruction[] {
  if (options.unixSockets)
    return [load(argument(0)), ...refuseIf(EQUAL, AF_UNIX, ALLOW), answer(EAFNOSUPPORT)];
  return [
    load(argument(0)),
    unless(EQUAL, AF_UNIX, 5),
    load(argument(1)),
    { code: AND, jt: 0, jf: 0, k: SOCK_TYPE_MASK },
    // A datagram pair can be connected again, to any socket file that is in sight.
    ...refuseIf(EQUAL, SOCK_DGRAM, EPERM),
    answer(ALLOW),
    answer(EAFNOSUPPORT),
  ];
}

/** The whole program. Every block of a system call ends in an answer, so blocks can stand in any order. */
export function buildFilter(options: FilterOptions): Instruction[] {
  const program: Instruction[] = [
    load(ARCHITECTURE),
    { code: EQUAL, jt: 1, jf: 0, k: AUDIT_ARCH[options.arch] },
    answer(KILL),
    load(NUMBER),
  ];
  if (options.arch === 'x64') program.push(...refuseIf(AT_LEAST, X32_BIT, ENOSYS));
  const add = (name: SyscallName, block: Instruction[]): void => {
    const number = syscallNumber(name, options.arch);
    if (number !== null) program.push(unless(EQUAL, number, block.length), ...block);
  };
  add('ioctl', [
    load(argument(1)),
    ...refuseIf(EQUAL, TIOCSTI, EPERM),
    ...refuseIf(EQUAL, TIOCLINUX, EPERM),
    answer(ALLOW),
  ]);
  // Its flags are behind a pointer, where BPF cannot look; the C library falls back to clone.
  add('clone3', [answer(ENOSYS)]);
  add('clone', [load(argument(0)), ...refuseIf(HAS_BITS, NEW_NAMESPACES, EPERM), answer(ALLOW)]);
  add('unshare', [
    load(argument(0)),
    ...refuseIf(HAS_BITS, NEW_NAMESPACES | CLONE_NEWTIME, EPERM),
    answer(ALLOW),
  ]);
  add('socket', socketRules(options));
  add('socketpair', socketpairRules(options));
  for (const name of DENIED) add(name, [answer(EPERM)]);
  if (!options.systemVIpc) for (const name of DENIED_IPC) add(name, [answer(EPERM)]);
  program.push(answer(ALLOW));
  return program;
}

/** `struct sock_filter[]` in memory: 8 bytes each, little endian on both processors. */
export function encodeFilter(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k >>> 0, true);
  });
  return bytes;
}
