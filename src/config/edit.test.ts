// Tests of edits of the config file: comments, modes, links, concurrent changes.
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsageError } from '../protocol/error.ts';
import { editConfigFile, setFeature, setTrust } from './edit.ts';

let root: string;
let home: string;
let file: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'skua-edit-')));
  home = join(root, '.skua');
  file = join(home, 'config.toml');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (): string => readFileSync(file, 'utf8');
const mode = (path: string): number => statSync(path).mode & 0o777;
const folders = (): { home: string; homedir: string } => ({ home, homedir: root });

function write(text: string): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(file, text);
}

test('makes the home and the file', () => {
  expect(setFeature(folders(), { name: 'undo', enabled: true, profile: null })).toEqual({
    file,
    name: 'undo',
  });
  expect(read()).toBe('[features]\nundo = true\n');
  if (process.platform !== 'win32') expect([mode(home), mode(file)]).toEqual([0o700, 0o600]);
});

test('keeps comments, and the mode of the file', () => {
  write('# mine\nmodel = "x" # good one\n\n[features] # flags\nundo = true # oops\n');
  chmodSync(file, 0o640);
  setFeature(folders(), { name: 'undo', enabled: false, profile: null });
  expect(read()).toBe('# mine\nmodel = "x" # good one\n\n[features] # flags\nundo = false # oops\n');
  if (process.platform !== 'win32') expect(mode(file)).toBe(0o640);
});

test('nothing to change writes nothing', () => {
  write('[features]\nundo = true\n');
  expect(editConfigFile(file, [{ action: 'set', path: ['features', 'undo'], value: true }], root)).toBe(
    false,
  );
});

describe('features in profiles', () => {
  const change = { name: 'codex_hooks', enabled: true, profile: 'p' };

  test('go to the profile file, else to its table', () => {
    write('[profiles.p]\nmodel = "m"\n');
    expect(setFeature(folders(), change)).toEqual({ file, name: 'hooks' });
    expect(read()).toBe('[profiles.p]\nmodel = "m"\n\n[profiles.p.features]\nhooks = true\n');
    writeFileSync(join(home, 'p.config.toml'), '');
    expect(setFeature(folders(), change).file).toBe(join(home, 'p.config.toml'));
  });

  test('an unknown profile or flag changes nothing', () => {
    write('');
    expect(() => setFeature(folders(), change)).toThrow(/`p` not found/);
    expect(() => setFeature(folders(), { ...change, name: 'nope', profile: null })).toThrow(
      /Unknown feature flag: nope/,
    );
    expect(read()).toBe('');
  });
});

test('trust is written for the real path', () => {
  mkdirSync(join(root, 'pro ject'));
  symlinkSync(join(root, 'pro ject'), join(root, 'link'));
  expect(setTrust(folders(), join(root, 'link'), 'trusted')).toBe(file);
  expect(read()).toBe(`[projects.${JSON.stringify(join(root, 'pro ject'))}]\ntrust_level = "trusted"\n`);
});

test('a config that is a link into a folder of dotfiles stays one', () => {
  mkdirSync(home);
  const real = join(root, 'dotfiles.toml');
  writeFileSync(real, '# dotfiles\n');
  symlinkSync(real, file);
  setFeature(folders(), { name: 'undo', enabled: true, profile: null });
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, 'utf8')).toBe('# dotfiles\n\n[features]\nundo = true\n');
});

test('a broken file, or an edit that would break it, changes nothing', () => {
  write('model = [');
  expect(() => setFeature(folders(), { name: 'undo', enabled: true, profile: null })).toThrow(
    /not valid TOML/,
  );
  expect(read()).toBe('model = [');
  write('model = "x"\n');
  const edit = { action: 'set', path: ['sandbox_mode'], value: 'wide-open' } as const;
  expect(() => editConfigFile(file, [edit], root)).toThrow(/`sandbox_mode` must be one of/);
  expect(() => editConfigFile(file, [{ ...edit, path: ['model', 'x'] }], root)).toThrow(/not a table/);
  expect(read()).toBe('model = "x"\n');
});

test.skipIf(process.platform === 'win32')(
  'a file that cannot be replaced safely is left alone, with a reason',
  () => {
    write('model = "x"\n');
    linkSync(file, join(root, 'other-name'));
    const change = { name: 'undo', enabled: true, profile: null };
    expect(() => setFeature(folders(), change)).toThrow(UsageError);
    expect(() => setFeature(folders(), change)).toThrow(/was not changed: .*hard link/);
    expect(read()).toBe('model = "x"\n');
  },
);

test('a change by somebody else in between is kept', () => {
  write('model = "x"\n');
  let writes = 0;
  // The value is read while the new text is made: the moment another program may write.
  const meddling = {
    action: 'set',
    path: ['features'],
    get value() {
      if (writes++ === 0) writeFileSync(file, 'model = "x"\nreview_model = "theirs"\n');
      return { undo: true };
    },
  } as const;
  expect(editConfigFile(file, [meddling], root)).toBe(true);
  expect(read()).toContain('review_model = "theirs"');
  expect(read()).toContain('undo = true');
  let count = 0;
  const always = {
    action: 'set',
    path: ['features'],
    get value() {
      writeFileSync(file, `model = "x${count++}"\n`);
      return { undo: false };
    },
  } as const;
  expect(() => editConfigFile(file, [always], root)).toThrow(/keeps being changed/);
  expect(read()).toMatch(/^model = "x\d+"\n$/);
});
