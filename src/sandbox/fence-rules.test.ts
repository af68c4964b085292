// The pure rules of the fence: paths, protected names, mount order, pins, the bubblewrap line, environments, diagnosis.
import { describe, expect, test } from 'vitest';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import { bubblewrapArguments, type BubblewrapPlan } from './bubblewrap-arguments.ts';
import { splitEnvironment } from './command-environment.ts';
import { explainBwrapFailure, isWsl1, type SystemFacts } from './diagnose.ts';
import { findPins, isExposed, type Mount, orderMounts } from './fence-plan.ts';
import { parseSpec } from './landlock-spec.ts';
import { chooseRules, encodePathRule, encodeRuleset } from './landlock-rules.ts';
import { isInside, mayRead, mayWrite, writeRootsOf } from './path-rules.ts';
import { protectedPathsFor } from './protected-paths.ts';
import { parseSocketPaths } from './unix-sockets.ts';

const policy: SandboxPolicy = {
  mode: 'workspace-write',
  workspace: '/srv/app',
  writableRoots: ['/srv/app/.codex/sub', '/data'],
  writableTmp: { tmpdir: true, slashTmp: true },
  denyRead: ['/srv/app/secret'],
  protectedPaths: protectedPathsFor(['/srv/app', '/data'], '/home/me/.skua'),
  network: 'off',
};
const context = { tmpdir: '/var/scratch' };

describe('path rules', () => {
  test('a prefix of a name is not a folder', () => {
    expect(isInside('/srv/app', '/srv/app')).toBe(true);
    expect(isInside('/srv/app/x', '/srv/app')).toBe(true);
    expect(isInside('/srv/app-evil', '/srv/app')).toBe(false);
    expect(isInside('/srv', '/')).toBe(true);
  });

  test('case folds where the system folds it', () => {
    expect(isInside('/srv/APP/.Git', '/srv/app/.git', 'darwin')).toBe(true);
    expect(isInside('C:\\Work\\.GIT\\x', 'c:\\work\\.git', 'win32')).toBe(true);
    expect(isInside('/srv/APP', '/srv/app', 'linux')).toBe(false);
  });

  test.each([
    ['/srv/app/file', true],
    ['/srv/app', true],
    ['/srv/app-evil/file', false],
    ['/data/x', true],
    ['/tmp/x', true],
    ['/var/scratch/x', true],
    ['/etc/passwd', false],
    ['/srv/app/.git/config', false],
    ['/srv/app/.mcp.json', false],
    ['/srv/app/CLAUDE.md', true],
    ['/srv/app/sub/.git/config', true],
    ['/srv/app/.codex/x', false],
    ['/srv/app/.codex/sub/x', true],
    ['/srv/app/secret/x', false],
  ])('%s may be written: %s', (path, expected) => {
    expect(mayWrite(path, policy, context)).toBe(expected);
  });

  test('modes decide over everything else', () => {
    expect(mayWrite('/srv/app/file', { ...policy, mode: 'read-only' }, context)).toBe(false);
    expect(mayWrite('/etc/passwd', { ...policy, mode: 'danger-full-access' }, context)).toBe(true);
    expect(mayRead('/srv/app/secret/x', policy)).toBe(false);
    expect(writeRootsOf({ ...policy, writableTmp: { tmpdir: false, slashTmp: false } }, context)).toEqual([
      '/srv/app',
      '/srv/app/.codex/sub',
      '/data',
    ]);
  });

  test('protected names stand under every root, and never cover a root that was named', () => {
    expect(policy.protectedPaths).toContain('/data/.git');
    expect(protectedPathsFor(['/a', '/a/.claude'], '/h')).not.toContain('/a/.claude');
    expect(protectedPathsFor(['/home/me'], '/home/me/.config/skua')).toContain('/home/me/.config/skua');
    expect(protectedPathsFor(['/a'], '/home/me/.skua')).not.toContain('/home/me/.skua');
  });
});

describe('mounts', () => {
  const mounts: Mount[] = [
    { path: '/ws/.git/hooks', kind: 'read-only' },
    { path: '/ws', kind: 'writable' },
    { path: '/run', kind: 'private' },
    { path: '/ws/.git', kind: 'writable' },
    { path: '/ws/a/b/c', kind: 'read-only' },
    { path: '/ws/locked', kind: 'read-only' },
    { path: '/ws/locked/open', kind: 'writable' },
  ];

  test('are ordered so that the deepest one wins', () => {
    const paths = orderMounts(mounts).map(({ path }) => path);
    expect(paths.indexOf('/ws')).toBeLessThan(paths.indexOf('/ws/.git'));
    expect(paths.indexOf('/ws/.git')).toBeLessThan(paths.indexOf('/ws/.git/hooks'));
    expect(paths.indexOf('/ws/locked')).toBeLessThan(paths.indexOf('/ws/locked/open'));
  });

  test('parents between a root and a protected path are pinned', () => {
    expect(findPins(mounts).toSorted()).toEqual(['/ws/a', '/ws/a/b']);
  });

  test('only paths that could be changed need a mount', () => {
    expect(isExposed('/ws/x', mounts)).toBe(true);
    expect(isExposed('/ws/locked/x', mounts)).toBe(false);
    expect(isExposed('/ws/locked/open/x', mounts)).toBe(true);
    expect(isExposed('/etc', mounts)).toBe(false);
  });
});

describe('the bubblewrap line', () => {
  const plan: BubblewrapPlan = {
    program: '/usr/bin/bwrap',
    identity: 'mapped',
    network: false,
    terminal: false,
    bash: '/bin/bash',
    mounts: [
      { path: '/ws', kind: 'writable' },
      { path: '/ws/.codex', kind: 'empty' },
      { path: '/ws/s', kind: 'hidden-file' },
    ],
    links: [],
    seccompFd: 3,
    setenv: { LD_PRELOAD: 'x' },
    cwd: '/ws/sub',
    command: ['cmd', '--', 'arg'],
  };
  const line = (change: Partial<BubblewrapPlan> = {}) =>
    bubblewrapArguments({ ...plan, ...change }).join(' ');

  test('has every namespace, no capabilities and a read-only machine', () => {
    for (const flag of ['user', 'pid', 'net', 'ipc', 'uts']) expect(line()).toContain(`--unshare-${flag}`);
    expect(line()).toContain('--cap-drop ALL');
    expect(line()).toContain('--die-with-parent --new-session');
    expect(line()).toContain('--ro-bind / / --dev /dev --proc /proc --ro-bind /proc/sys /proc/sys');
    expect(line()).toContain('--bind /ws /ws --perms 0555 --tmpfs /ws/.codex --ro-bind /dev/null /ws/s');
    expect(line()).toMatch(/--setenv LD_PRELOAD x --seccomp 3 --chdir \/ws\/sub -- cmd -- arg$/);
  });

  test('a writable root directory covers neither /proc nor /dev nor /sys', () => {
    const all = line({ mounts: [{ path: '/', kind: 'writable' }] });
    expect(all).toContain(
      '--bind / / --ro-bind /sys /sys --dev /dev --proc /proc --ro-bind /proc/sys /proc/sys',
    );
    expect(all.split('--bind / /')).toHaveLength(2);
    const wide: SandboxPolicy = { ...policy, workspace: '/', writableRoots: ['/proc/sys', '/dev'] };
    expect(writeRootsOf(wide, context)).toEqual(['/', '/tmp', '/var/scratch']);
    expect(mayWrite('/proc/sys/kernel/core_pattern', wide, context)).toBe(false);
    const { rules } = chooseRules({ writable: ['/', '/dev/null'], denyRead: [] });
    const granted = rules.map(({ path }) => path);
    expect(granted).toContain('/dev/null');
    for (const path of ['/', '/proc', '/sys', '/dev']) expect(granted).not.toContain(path);
  });

  test('changes with network, terminal and caller', () => {
    expect(line({ network: true })).not.toContain('--unshare-net');
    expect(line({ terminal: true })).not.toContain('--new-session');
    expect(line({ terminal: true })).toContain('-- /bin/bash -c set -m');
    expect(line({ terminal: true, bash: null })).toMatch(/-- cmd -- arg$/);
    expect(line({ identity: 'mapped-root' })).toContain(
      '--unshare-user --uid 65534 --gid 65534 --cap-drop ALL',
    );
    expect(line({ identity: 'root' })).toContain('--cap-drop ALL --cap-add CAP_DAC_OVERRIDE');
  });
});

test('environment: loader variables skip the launcher, dead addresses go', () => {
  const env = {
    PATH: '/bin',
    LD_PRELOAD: '/evil.so',
    GLIBC_TUNABLES: 'x',
    SSH_AUTH_SOCK: '/s',
    TMPDIR: '/t',
  };
  expect(splitEnvironment(env, { mechanism: 'm', network: false, scratch: '/dev/shm' })).toEqual({
    outer: { PATH: '/bin', SKUA_SANDBOX: 'm', CODEX_SANDBOX_NETWORK_DISABLED: '1', TMPDIR: '/dev/shm' },
    inner: { LD_PRELOAD: '/evil.so', GLIBC_TUNABLES: 'x' },
  });
  const open = splitEnvironment(env, { mechanism: 'm', network: true, scratch: null });
  expect(open.outer).toEqual({ PATH: '/bin', SKUA_SANDBOX: 'm', TMPDIR: '/t' });
});

test('socket paths are read from the kernel listing', () => {
  const listing = `Num       RefCount Protocol Flags    Type St Inode Path
0000000008bbf51f: 00000003 00000000 00000000 0001 03   492
0000000008bbf520: 00000002 00000000 00010000 0001 01 12345 /tmp/with space/s
0000000008bbf521: 00000002 00000000 00010000 0001 01     7 @abstract
0000000008bbf522: 00000002 00000000 00010000 0002 01 99999 /run/x
`;
  expect(parseSocketPaths(listing)).toEqual(['/tmp/with space/s', '/run/x']);
});

describe('diagnosis', () => {
  const facts: SystemFacts = {
    version: 'Linux version 6.8',
    apparmorRestricts: false,
    userNamespacesOff: false,
    isContained: false,
  };
  test.each([
    [
      'bwrap: setting up uid map: Permission denied',
      { apparmorRestricts: true },
      /AppArmor/,
      /bwrap-userns-restrict/,
    ],
    [
      'bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted',
      { apparmorRestricts: true },
      /AppArmor/,
      /parser/,
    ],
    ['bwrap: No permissions to create new namespace', { isContained: true }, /container/, /seccomp/],
    ['bwrap: No permissions to create new namespace', { userNamespacesOff: true }, /switched off/, /userns/],
    ['bwrap: Unknown option --perms', {}, /too old/, /0\.5/],
    [
      'bwrap: Creating new namespace failed',
      { version: 'Linux version 4.4.0-19041-Microsoft' },
      /WSL 1/,
      /wsl --set/,
    ],
  ])('%s', (output, change, reason, remedy) => {
    const result = explainBwrapFailure(output, { ...facts, ...change });
    expect(result.reason).toMatch(reason);
    expect(result.remedy).toMatch(remedy);
  });

  test('WSL 2 is not WSL 1', () => {
    expect(isWsl1('Linux version 5.15.90.1-microsoft-standard-WSL2')).toBe(false);
  });
});

test('Landlock structures have the layout of the kernel', () => {
  expect([...encodePathRule(0x4002, 7)]).toEqual([2, 0x40, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
  expect(encodeRuleset(2, 3).length).toBe(8);
  expect(encodeRuleset(2, 5).length).toBe(16);
  expect([...encodeRuleset(2, 7)].slice(16)).toEqual([3, 0, 0, 0, 0, 0, 0, 0]);
});

test('the launcher takes no half description', () => {
  const spec = { writable: ['/a'], denyRead: [], network: false, env: {} };
  expect(parseSpec(JSON.stringify(spec))).toEqual(spec);
  for (const broken of [
    { ...spec, writable: undefined },
    { ...spec, writable: ['a'] },
    { ...spec, network: 0 },
  ]) {
    expect(() => parseSpec(JSON.stringify(broken))).toThrow(/not complete/);
  }
});
