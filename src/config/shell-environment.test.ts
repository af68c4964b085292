// Tests of the environment of commands: the policy's order, and that no key ever comes through.
import { expect, test } from 'vitest';
import type { ShellEnvironmentPolicy } from '../protocol/settings.ts';
import { commandEnvironment, type CommandEnvironmentInput } from './shell-environment.ts';

const POLICY: ShellEnvironmentPolicy = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [],
  includeOnly: [],
  set: {},
};
const INPUT: CommandEnvironmentInput = {
  threadId: 'thread-1',
  networkDisabled: false,
  isWindows: false,
  secretNames: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'MINE'],
};
const PARENT = {
  HOME: '/home/me',
  PATH: '/bin',
  EDITOR: 'vi',
  MY_TOKEN: 't',
  Api_Key_Of_Mine: 'k',
  MINE: 'secret',
  OPENAI_API_KEY: 'secret',
  CODEX_API_KEY: 'secret',
  CODEX_HOME: '/home/me/.codex',
  SKUA_HOME: '/home/me/.skua',
  CODEX_INTERNAL_ORIGINATOR_OVERRIDE: 'sdk',
  GONE: undefined,
  TERM: 'xterm',
};

const FIXED = [
  'CODEX_CI',
  'CODEX_THREAD_ID',
  'COLORTERM',
  'GH_PAGER',
  'GIT_PAGER',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'NO_COLOR',
  'PAGER',
  'TERM',
];

/** Names that are there besides the fixed ones. */
function names(
  policy: Partial<ShellEnvironmentPolicy>,
  input: Partial<CommandEnvironmentInput> = {},
): string[] {
  const env = commandEnvironment(PARENT, { ...POLICY, ...policy }, { ...INPUT, ...input });
  expect(Object.keys(env)).toEqual(expect.arrayContaining(FIXED));
  return Object.keys(env)
    .filter((name) => !FIXED.includes(name))
    .sort();
}

test.each<[string, Partial<ShellEnvironmentPolicy>, string[]]>([
  ['all', {}, ['Api_Key_Of_Mine', 'EDITOR', 'HOME', 'MY_TOKEN', 'PATH']],
  ['core', { inherit: 'core' }, ['HOME', 'PATH']],
  ['none', { inherit: 'none' }, []],
  ['default excludes', { ignoreDefaultExcludes: false }, ['EDITOR', 'HOME', 'PATH']],
  ['exclude, whatever the case', { exclude: ['edit*', 'h?me'] }, ['Api_Key_Of_Mine', 'MY_TOKEN', 'PATH']],
  ['set comes after exclude', { inherit: 'none', exclude: ['A'], set: { A: '1' } }, ['A']],
  ['include_only comes after set', { set: { A: '1' }, includeOnly: ['PA*'] }, ['PATH']],
  ['a dot is a dot', { exclude: ['.*'] }, ['Api_Key_Of_Mine', 'EDITOR', 'HOME', 'MY_TOKEN', 'PATH']],
])('%s', (_, policy, expected) => {
  expect(names(policy)).toEqual(expected);
});

test.each<Partial<ShellEnvironmentPolicy>>([
  {},
  { includeOnly: ['*'] },
  { includeOnly: ['OPENAI_API_KEY', 'MINE', 'CODEX_*'] },
  { set: { OPENAI_API_KEY: 'secret', MINE: 'secret' } },
])('no policy lets a key through: %j', (policy) => {
  const env = commandEnvironment(PARENT, { ...POLICY, ...policy }, INPUT);
  expect(JSON.stringify(env)).not.toContain('secret');
  expect(Object.keys(env)).not.toContain('CODEX_HOME');
});

test('fixed values win over the inherited ones', () => {
  const env = commandEnvironment(PARENT, POLICY, { ...INPUT, networkDisabled: true });
  expect(env).toMatchObject({
    TERM: 'dumb',
    CODEX_CI: '1',
    CODEX_THREAD_ID: 'thread-1',
    CODEX_SANDBOX_NETWORK_DISABLED: '1',
    PAGER: 'cat',
    COLORTERM: '',
  });
  expect(commandEnvironment(PARENT, POLICY, INPUT)).not.toHaveProperty('CODEX_SANDBOX_NETWORK_DISABLED');
});

test('on Windows names do not depend on case', () => {
  const parent = { Path: 'C:\\', openai_api_key: 'secret', SystemRoot: 'C:\\Windows' };
  const env = commandEnvironment(parent, { ...POLICY, inherit: 'core' }, { ...INPUT, isWindows: true });
  expect(env).toMatchObject({ Path: 'C:\\', SystemRoot: 'C:\\Windows' });
  const set = commandEnvironment(parent, { ...POLICY, set: { PATH: 'D:\\' } }, { ...INPUT, isWindows: true });
  expect(set).not.toHaveProperty('Path');
  expect(JSON.stringify(set)).not.toContain('secret');
});
