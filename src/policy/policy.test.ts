// Verdicts over the whole table of approval policies and sandbox modes, and the policy of a thread from its settings.
import { describe, expect, test } from 'vitest';
import type { ApprovalPolicy, GranularApproval } from '../protocol/approval.ts';
import type { SandboxMode } from '../protocol/sandbox.ts';
import { judgeCommand, judgePatch } from './judge.ts';
import { isKnownSafe } from './known-safe.ts';
import { type PolicySettings, sandboxPolicyFrom } from './sandbox-policy.ts';

const granular = (sandbox_approval: boolean): GranularApproval => ({
  granular: {
    sandbox_approval,
    rules: true,
    mcp_elicitations: true,
    request_permissions: false,
    skill_approval: false,
  },
});

describe('commands', () => {
  const judge = (
    approvalPolicy: ApprovalPolicy,
    sandboxMode: SandboxMode,
    escalated: boolean,
    command = 'make',
  ) => judgeCommand({ command, escalated, approvalPolicy, sandboxMode });

  test.each<[ApprovalPolicy, SandboxMode, boolean, string]>([
    ['never', 'workspace-write', false, 'allow sandboxed'],
    ['never', 'read-only', false, 'allow sandboxed'],
    ['never', 'workspace-write', true, 'forbid'],
    ['never', 'danger-full-access', true, 'allow open'],
    ['on-request', 'workspace-write', false, 'allow sandboxed'],
    ['on-request', 'workspace-write', true, 'ask open'],
    ['on-request', 'danger-full-access', true, 'allow open'],
    ['on-failure', 'workspace-write', false, 'allow sandboxed'],
    ['on-failure', 'workspace-write', true, 'ask open'],
    ['untrusted', 'workspace-write', false, 'ask sandboxed'],
    ['untrusted', 'workspace-write', true, 'ask open'],
    ['untrusted', 'danger-full-access', false, 'ask open'],
    [granular(true), 'workspace-write', true, 'ask open'],
    [granular(false), 'workspace-write', true, 'forbid'],
    [granular(false), 'workspace-write', false, 'allow sandboxed'],
  ])('%j in %s, escalated %s: %s', (policy, mode, escalated, expected) => {
    const verdict = judge(policy, mode, escalated);
    const sandboxed =
      verdict.decision === 'allow'
        ? verdict.sandboxed
        : verdict.decision === 'ask'
          ? verdict.sandboxedIfAccepted
          : null;
    const place = sandboxed === null ? '' : sandboxed ? ' sandboxed' : ' open';
    expect(verdict.decision + place).toBe(expected);
  });

  test('refuses escalation under never in the words models know', () => {
    expect(judge('never', 'workspace-write', true)).toEqual({
      decision: 'forbid',
      reason:
        'approval policy is Never; reject command — you cannot ask for escalated permissions if the approval policy is Never',
    });
  });

  test('untrusted lets known readers run, but not outside the sandbox', () => {
    expect(judge('untrusted', 'read-only', false, 'ls -la')).toEqual({ decision: 'allow', sandboxed: true });
    expect(judge('untrusted', 'read-only', true, 'ls -la').decision).toBe('ask');
  });
});

describe('known safe', () => {
  test.each([
    'ls',
    'ls -la src',
    'cat "a b.txt"',
    "grep -rn 'needle' src",
    'git status',
    'git log --oneline -5',
    'git diff HEAD~1'.replace('~', '^'),
    'git branch --show-current',
    'find . -name x.ts',
    'sed -n 1,20p file',
    'rg needle',
    'uniq in',
    'base64 file',
  ])('yes: %s', (command) => expect(isKnownSafe(command)).toBe(true));

  test.each([
    '',
    'rm x',
    'ls; rm x',
    'ls && rm x',
    'ls | sh',
    'ls > x',
    'ls $(rm x)',
    'ls `rm x`',
    'ls $HOME',
    'cat <(rm x)',
    'ls\nrm x',
    'ls\\\nx',
    'FOO=1 ls',
    './ls',
    '/tmp/ls',
    'ls *',
    'l"s"',
    'find . -exec rm',
    'find . -delete',
    'find . -fprint x',
    'rg --pre evil x',
    'rg -z x',
    'git -c core.pager=evil log',
    'git log --output=x',
    'git diff --ext-diff',
    'git branch -D main',
    'git branch new',
    'git push',
    'sed -i s/a/b/ file',
    'sed -n 1e file',
    'sed -n 1p -i file',
    'uniq in out',
    'base64 -o out',
    'tee x',
    'env ls',
    'sudo ls',
    '# ls',
    'cat "a',
    '! ls',
    'ls &',
  ])('no: %j', (command) => expect(isKnownSafe(command)).toBe(false));
});

describe('patches', () => {
  const judge = (approvalPolicy: ApprovalPolicy, sandboxMode: SandboxMode, paths: string[]) =>
    judgePatch({ paths, approvalPolicy, sandboxMode, isWritable: (path) => path.startsWith('/ws/') });

  test('inside the roots go ahead, outside are asked for or refused', () => {
    expect(judge('never', 'workspace-write', ['/ws/a'])).toEqual({ decision: 'allow', sandboxed: true });
    expect(judge('on-request', 'workspace-write', ['/ws/a', '/etc/x'])).toMatchObject({
      decision: 'ask',
      sandboxedIfAccepted: false,
    });
    expect(judge('never', 'workspace-write', ['/etc/x'])).toMatchObject({
      decision: 'forbid',
      reason: expect.stringMatching(/^patch rejected: writing outside of the project/),
    });
    expect(judge('never', 'read-only', ['/etc/x'])).toMatchObject({
      reason: expect.stringContaining('read-only sandbox'),
    });
    expect(judge('untrusted', 'workspace-write', ['/ws/a'])).toMatchObject({
      decision: 'ask',
      sandboxedIfAccepted: true,
    });
    expect(judge('never', 'danger-full-access', ['/etc/x'])).toEqual({ decision: 'allow', sandboxed: false });
  });
});

describe('the policy of a thread', () => {
  const settings: PolicySettings = {
    home: '/home/me/.skua',
    cwd: '/link',
    sandboxMode: 'workspace-write',
    writableRoots: ['/data', 'rel', '/missing'],
    networkAccess: true,
    excludeTmpdirEnvVar: true,
    excludeSlashTmp: false,
  };
  const ports = {
    realpath: (path: string) => {
      if (path === '/missing') throw new Error('ENOENT');
      return path.replace('/link', '/real');
    },
    protectedPathsFor: (roots: readonly string[]) => roots.map((root) => `${root}/.git`),
  };

  test('has real paths, fixed roots and protected names', () => {
    expect(sandboxPolicyFrom(settings, ports)).toEqual({
      mode: 'workspace-write',
      workspace: '/real',
      writableRoots: ['/data', '/real/rel', '/missing'],
      writableTmp: { tmpdir: false, slashTmp: true },
      denyRead: ['/home/me/.skua/auth.json'],
      protectedPaths: ['/real/.git', '/data/.git', '/real/rel/.git', '/missing/.git'],
      network: 'open',
    });
  });

  test('read-only ignores what would widen it', () => {
    expect(sandboxPolicyFrom({ ...settings, sandboxMode: 'read-only' }, ports)).toMatchObject({
      writableRoots: [],
      writableTmp: { tmpdir: false, slashTmp: false },
      network: 'off',
    });
  });
});
