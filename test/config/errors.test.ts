// What a mistake in a file, a flag or a variable looks like to the person who made it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeWorld, messageOf, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

function complaint(text: string): string {
  world.write('user/.skua/config.toml', text);
  return messageOf(() => world.load());
}

describe('files', () => {
  test('broken TOML: file, line, column, and nothing of its content', () => {
    const text = 'model = "x"\nopenai_key = sk-secret-123"\n';
    const message = complaint(text);
    expect(message).toContain(`${world.home}/config.toml:2:`);
    expect(message).toContain('not valid TOML');
    expect(message).not.toContain('sk-secret');
    expect(readFileSync(join(world.home, 'config.toml'), 'utf8')).toBe(text);
  });

  test.each([
    ['sandbox_mode = "workspace"', ':1:', '`sandbox_mode`', '"workspace"', '"workspace-write"'],
    ['\n\nmodel_reasoning_effort = "huge"', ':3:', '"huge"', '"xhigh"'],
    ['# c\nmodel = 5', ':2:', '`model`', 'the number 5', 'a string'],
    ['[history]\n\npersistence = true', ':3:', '`history.persistence`', 'the boolean true', '"save-all"'],
    ['history = { persistence = "some" }', ':1:', '`history.persistence`', '"some"'],
    ['a.b = 1\n[tools]\nview_image = "yes"', ':3:', '`tools.view_image`', 'true or false'],
    ['project_doc_max_bytes = -1', ':1:', 'at least 0', 'the number -1'],
    ['project_doc_max_bytes = 1.5', ':1:', 'a whole number'],
    ['notify = "x"', ':1:', '`notify`', 'an array of strings'],
    ['notify = [\n  "x",\n  1,\n]', ':1:', 'an array of strings', 'an array'],
    ['history = 1', ':1:', '`history`', 'a table'],
    ['approval_policy = { granular = { rules = true } }', ':1:', 'granular'],
    ['[profiles.p]\nsandbox_mode = "x"', ':2:', '`profiles.p.sandbox_mode`'],
    ['[model_providers.m]\nhttp_headers = { a = 1 }', ':2:', 'a table of strings'],
  ])('%s', (text, ...parts) => {
    const message = complaint(text);
    for (const part of parts) expect(message).toContain(part);
    expect(message).toContain(join(world.home, 'config.toml'));
  });

  test('a string in the wrong place is not repeated: it may be a key', () => {
    expect(complaint('project_doc_max_bytes = "sk-secret"')).not.toContain('sk-secret');
  });

  test('all mistakes of a file come at once', () => {
    const message = complaint('model = 1\nsandbox_mode = 2\n');
    expect(message.split('\n')).toHaveLength(2);
  });

  test('unknown keys warn with the nearest one; --strict-config refuses them', () => {
    world.write(
      'user/.skua/config.toml',
      'sandbox_mod = "read-only"\n[tui]\nnew_thing = 1\n[xyzzy]\na = 1\n',
    );
    const { warnings } = world.load();
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('config.toml:1: unknown key `sandbox_mod`. Did you mean `sandbox_mode`?');
    expect(warnings[1]).toContain('config.toml:4: unknown key `xyzzy`.');
    expect(() => world.load({ flags: { strictConfig: true } })).toThrow(/unknown key `sandbox_mod`/);
  });

  test('a wrong value of a key without effect is only a warning', () => {
    world.write('user/.skua/config.toml', 'personality = "rude"\n[features]\nnew_flag = true\n');
    expect(world.load().warnings).toHaveLength(2);
  });

  test('a file that is not UTF-8', () => {
    writeFileSync(join(world.home, 'config.toml'), Buffer.from([0x6d, 0xff, 0xfe]));
    expect(messageOf(() => world.load())).toContain('not valid UTF-8');
  });

  test('a byte order mark and CRLF are no mistakes', () => {
    world.write('user/.skua/config.toml', '\uFEFFmodel = "m"\r\nweb_search = "live"\r\n');
    expect(world.load().settings).toMatchObject({ model: 'm', webSearch: 'live' });
  });

  test('keys of objects are keys like any other', () => {
    world.write(
      'user/.skua/config.toml',
      '[shell_environment_policy.set]\n__proto__ = "x"\n[constructor]\na = 1\n',
    );
    const { settings, warnings } = world.load({ overrides: ['__proto__.polluted=true'] });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(settings.shellEnvironment.set)).toEqual(['__proto__']);
    expect(warnings.join()).toContain('constructor');
  });
});

describe('home', () => {
  const load = (env: Record<string, string>): string => world.load({ env }).settings.home;

  test('SKUA_HOME, else CODEX_HOME, else ~/.skua', () => {
    const codex = join(world.root, 'codex');
    world.write('codex/config.toml', '');
    expect(load({})).toBe(world.home);
    expect(load({ CODEX_HOME: codex })).toBe(codex);
    expect(load({ CODEX_HOME: codex, SKUA_HOME: join(world.root, 'new') })).toBe(join(world.root, 'new'));
    expect(load({ CODEX_HOME: '', SKUA_HOME: '' })).toBe(world.home);
  });

  test('missing, relative and not a folder', () => {
    expect(() => load({ CODEX_HOME: join(world.root, 'none') })).toThrow(/CODEX_HOME.*does not exist/);
    expect(() => load({ CODEX_HOME: './.codex' })).toThrow(/CODEX_HOME.*relative/);
    expect(() => load({ SKUA_HOME: '.skua' })).toThrow(/SKUA_HOME.*relative/);
    expect(() => load({ SKUA_HOME: world.write('file', '') })).toThrow(/not a folder/);
  });
});

describe('command line', () => {
  const model = (...overrides: string[]): unknown => world.load({ overrides }).settings.model;

  test('-c takes TOML, else the text', () => {
    expect(model('model="a b"')).toBe('a b');
    expect(model('model=gpt-5.4')).toBe('gpt-5.4');
    expect(model("model='x'")).toBe('x');
    expect(model('model=a=b')).toBe('a=b');
    expect(model('model = spaced ')).toBe('spaced');
    expect(model('model=a', 'model=b')).toBe('b');
    const injected = world.load({ overrides: ['model="x"\nweb_search="live"'] }).settings;
    expect(injected.webSearch).toBe('cached');
    const roots = world.load({ overrides: ['sandbox_workspace_write.writable_roots=["/", "sub"]'] }).settings;
    expect(roots.writableRoots).toEqual(['/', join(world.project, 'sub')]);
    expect(
      world.load({ overrides: [`projects."${world.project}".trust_level=trusted`] }).settings.trust,
    ).toBe('trusted');
  });

  test('-c mistakes', () => {
    expect(messageOf(() => model('model'))).toContain('a value is missing');
    expect(messageOf(() => model('=x'))).toContain('part of the key is empty');
    expect(messageOf(() => model('a..b=x'))).toContain('part of the key is empty');
    expect(messageOf(() => model('projects."/x=1'))).toContain('not closed');
    expect(messageOf(() => model('sandbox_mode=foo'))).toMatch(/^-c: `sandbox_mode` must be one of/);
    expect(world.load({ overrides: ['modle=x'] }).warnings.join()).toContain('Did you mean `model`?');
  });

  test('features', () => {
    const features = (enable: string[], disable: string[] = []): Readonly<Record<string, boolean>> =>
      world.load({ flags: { enable, disable }, overrides: ['features.apps=false'] }).settings.features;
    expect(features(['undo'], ['unified_exec'])).toMatchObject({
      undo: true,
      unified_exec: false,
      apps: false,
    });
    expect(features(['codex_hooks'])).toMatchObject({ hooks: true });
    expect(features(['goals'])).not.toHaveProperty('goals');
    expect(world.load({ flags: { enable: ['goals'] } }).warnings.join()).toContain('no effect');
    expect(messageOf(() => features(['undoo']))).toBe('Unknown feature flag: undoo. Did you mean undo?');
    expect(messageOf(() => features([], ['qqqqqqq']))).toContain('Unknown feature flag: qqqqqqq.');
  });

  test('-C and --add-dir', () => {
    world.write('project/sub/x', '');
    const { settings, warnings } = world.load({ flags: { cd: 'sub', addDirs: ['..', 'none'] } });
    expect(settings.cwd).toBe(join(world.project, 'sub'));
    expect(settings.writableRoots).toEqual([world.project, join(world.project, 'sub/none')]);
    expect(warnings.join()).toMatch(/none: this folder does not exist.*read-only/);
    expect(() => world.load({ flags: { cd: 'none' } })).toThrow(/--cd: .*none does not exist/);
    expect(() => world.load({ flags: { cd: 'sub/x' } })).toThrow(/is not a folder/);
  });

  test('--oss wants a provider', () => {
    expect(() => world.load({ flags: { oss: true } })).toThrow(/--local-provider/);
    const { settings } = world.load({ flags: { oss: true, localProvider: 'ollama' } });
    expect(settings).toMatchObject({
      model: 'gpt-oss:20b',
      provider: { baseUrl: 'http://localhost:11434/v1' },
    });
  });
});
