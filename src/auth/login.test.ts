// Tests of login, status and logout: texts, exit codes, and the file they leave.
import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loginStatus, loginWithApiKey, logout, maskKey, type LoginSettings } from './login.ts';

let root: string;
let settings: LoginSettings;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skua-login-'));
  settings = { home: join(root, '.skua'), credentialsStore: 'file', forcedLoginMethod: null };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = (): string => join(settings.home, 'auth.json');

test('log in, status, log out', () => {
  expect(loginStatus(settings, {})).toEqual({ exitCode: 1, message: 'Not logged in', notes: [] });
  expect(loginWithApiKey(settings, 'sk-test-1234567890abcdef\n')).toMatchObject({
    exitCode: 0,
    message: 'Successfully logged in',
  });
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({
    auth_mode: 'apikey',
    OPENAI_API_KEY: 'sk-test-1234567890abcdef',
  });
  expect(loginStatus(settings, {})).toEqual({
    exitCode: 0,
    message: 'Logged in using an API key - sk-test-***bcdef',
    notes: [],
  });
  expect(logout(settings)).toMatchObject({ exitCode: 0, message: 'Successfully logged out' });
  expect(logout(settings)).toMatchObject({ exitCode: 0, message: 'Not logged in' });
});

test.skipIf(process.platform === 'win32')('the file is private whatever the umask', () => {
  const umask = process.umask(0);
  try {
    loginWithApiKey(settings, 'sk-1');
    expect([statSync(settings.home).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600]);
    writeFileSync(file(), '{"OPENAI_API_KEY":"sk-1"}', { mode: 0o666 });
    loginStatus(settings, {});
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  } finally {
    process.umask(umask);
  }
});

test.skipIf(process.platform === 'win32')(
  'a link in the place of the file is neither read nor written',
  () => {
    const target = join(root, 'target');
    writeFileSync(target, '{"OPENAI_API_KEY":"sk-theirs"}');
    loginWithApiKey(settings, 'sk-1');
    for (const put of [symlinkSync, linkSync]) {
      rmSync(file());
      put(target, file());
      expect(() => loginStatus(settings, {})).toThrow(/refusing to use it/);
      expect(() => loginWithApiKey(settings, 'sk-2')).toThrow(/refusing to use it/);
      expect(readFileSync(target, 'utf8')).toContain('sk-theirs');
    }
  },
);

test('a variable that is used instead is told', () => {
  expect(loginStatus(settings, { OPENAI_API_KEY: 'sk' }).notes.join()).toContain('OPENAI_API_KEY is set');
  expect(loginStatus({ ...settings, forcedLoginMethod: 'chatgpt' }, { OPENAI_API_KEY: 'sk' }).notes).toEqual(
    [],
  );
});

test('a ChatGPT login made by Codex is recognised', () => {
  loginWithApiKey(settings, 'sk-1');
  writeFileSync(file(), JSON.stringify({ auth_mode: 'chatgpt', tokens: { access_token: 'a.b.c' } }));
  expect(loginStatus(settings, {})).toMatchObject({ exitCode: 0, message: 'Logged in using ChatGPT' });
});

describe('refusals', () => {
  test.each(['', ' \n', 'two words', 'sk-\u0000', 'schlüssel'])('%j is no key', (input) => {
    expect(() => loginWithApiKey(settings, input)).toThrow(/API key/);
  });

  test('another method is forced', () => {
    expect(() => loginWithApiKey({ ...settings, forcedLoginMethod: 'chatgpt' }, 'sk-1')).toThrow(/disabled/);
  });

  test('stores that are not there', () => {
    for (const act of [
      (s: LoginSettings) => loginWithApiKey(s, 'sk-1'),
      (s: LoginSettings) => loginStatus(s, {}),
      logout,
    ]) {
      expect(() => act({ ...settings, credentialsStore: 'keyring' })).toThrow(/keyring/);
    }
    expect(() => loginWithApiKey({ ...settings, credentialsStore: 'ephemeral' }, 'sk-1')).toThrow(
      /ephemeral/,
    );
    expect(loginWithApiKey({ ...settings, credentialsStore: 'auto' }, 'sk-1').exitCode).toBe(0);
  });
});

test('masks', () => {
  expect(maskKey('sk-proj-1234567890ABCDE')).toBe('sk-proj-***ABCDE');
  expect(maskKey('sk-123456789')).toBe('***');
});
