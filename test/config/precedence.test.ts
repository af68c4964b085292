// Which layer wins: every pair of neighbours, both kinds of profiles, flags, and what an administrator demands.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasProfile, type LoadInput } from '../../src/config/load.ts';
import { makeWorld, messageOf, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => world.remove());

/** Sets `model` in one layer; each entry stands above the one before it. */
const LAYERS: [string, (world: World, model: string, input: Partial<LoadInput>) => Partial<LoadInput>][] = [
  ['system', (w, model, input) => (w.write('etc/config.toml', `model = "${model}"`), input)],
  [
    'user',
    (w, model, input) => {
      const profile = 'profile = "p"\n[profiles.p]\nmodel_verbosity = "low"\n';
      w.trust(w.project, `model = "${model}"\n${profile}`);
      return input;
    },
  ],
  ['project', (w, model, input) => (w.write('project/.codex/config.toml', `model = "${model}"`), input)],
  [
    'project of skua',
    (w, model, input) => (w.write('project/.skua/config.toml', `model = "${model}"`), input),
  ],
  [
    'inner project',
    (w, model, input) => {
      w.write('project/a/b/.codex/config.toml', `model = "${model}"`);
      return { ...input, cwd: `${w.project}/a/b` };
    },
  ],
  ['profile file', (w, model, input) => (w.write('user/.skua/p.config.toml', `model = "${model}"`), input)],
  ['-c', (_, model, input) => ({ ...input, overrides: [`model=${model}`] })],
  ['flag', (_, model, input) => ({ ...input, flags: { model } })],
  ['managed', (w, model, input) => (w.write('etc/managed_config.toml', `model = "${model}"`), input)],
];

describe('precedence', () => {
  for (let top = 0; top < LAYERS.length; top++) {
    const [name] = LAYERS[top] as (typeof LAYERS)[number];
    test(`${name} beats everything below it`, () => {
      let input: Partial<LoadInput> = {};
      // The user's layer carries trust and profile, so it is always there.
      const used = LAYERS.filter((layer, index) => index <= top || layer[0] === 'user');
      for (const [layer, set] of used) input = set(world, `from-${layer.replaceAll(' ', '-')}`, input);
      if (name === 'system') world.trust(world.project);
      const { settings } = world.load(input);
      expect(settings.model).toBe(`from-${name.replaceAll(' ', '-')}`);
    });
  }

  test('tables merge key by key, lists are replaced', () => {
    world.write(
      'etc/config.toml',
      '[shell_environment_policy]\nexclude = ["A"]\nset = { X = "1", Y = "1" }\n',
    );
    world.write('user/.skua/config.toml', '[shell_environment_policy]\nexclude = ["B"]\nset = { Y = "2" }\n');
    const { shellEnvironment } = world.load().settings;
    expect(shellEnvironment.exclude).toEqual(['B']);
    expect(shellEnvironment.set).toEqual({ X: '1', Y: '2' });
  });

  test('sources name layer, file and line', () => {
    world.write('user/.skua/config.toml', '# my config\n\n[history]\npersistence = "none"\n');
    const loaded = world.load({ overrides: ['model=x'] });
    expect(loaded.sources()['history.persistence']).toEqual({
      layer: 'user',
      label: `${world.home}/config.toml`,
      line: 4,
    });
    expect(loaded.sourceOf(['model'])?.layer).toBe('override');
    expect(loaded.sourceOf(['web_search'])?.layer).toBe('default');
    expect(loaded.sourceOf(['no', 'such'])).toBeNull();
  });

  test('settings are frozen through and through', () => {
    const { settings } = world.load({ overrides: ['shell_environment_policy.set.A="1"'] });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.shellEnvironment.set)).toBe(true);
    expect(Object.isFrozen(settings.provider)).toBe(true);
  });

  test('a managed value that overrules a flag is told', () => {
    world.write('etc/managed_config.toml', 'model = "theirs"');
    expect(world.load({ flags: { model: 'mine' } }).warnings.join()).toContain('model is set by');
    expect(world.load({ flags: { model: 'theirs' } }).warnings).toEqual([]);
  });
});

test('keys of every provider stay secret, also when the config that names them is not used', () => {
  const provider = (id: string): string => `[model_providers.${id}]\nenv_key = "${id.toUpperCase()}_KEY"\n`;
  world.write(
    'user/.skua/config.toml',
    `${provider('a')}[profiles.p.model_providers.b]\nenv_key = "B_KEY"\n`,
  );
  world.write('user/.skua/q.config.toml', provider('c'));
  expect(world.load().settings.secretEnvNames).toEqual(expect.arrayContaining(['A_KEY', 'B_KEY']));
  const { settings } = world.load({ flags: { ignoreUserConfig: true, profile: 'q' } });
  expect(settings.secretEnvNames).toEqual(
    expect.arrayContaining(['A_KEY', 'B_KEY', 'C_KEY', 'OPENAI_API_KEY']),
  );
  world.write('user/.skua/config.toml', 'broken = [');
  expect(world.load({ flags: { ignoreUserConfig: true } }).settings.secretEnvNames).toContain(
    'CODEX_API_KEY',
  );
});

describe('defaults', () => {
  test('depend on trust, and on whether somebody can answer', () => {
    const of = (input: Partial<LoadInput> = {}): unknown[] => {
      const { sandboxMode, approvalPolicy, trust } = world.load(input).settings;
      return [trust, sandboxMode, approvalPolicy];
    };
    expect(of()).toEqual(['unknown', 'read-only', 'on-request']);
    expect(of({ headless: true })).toEqual(['unknown', 'read-only', 'never']);
    expect(of({ headless: true, overrides: ['approval_policy=untrusted'] })[2]).toBe('never');
    expect(of({ headless: true, flags: { fullAuto: true } })).toEqual([
      'unknown',
      'workspace-write',
      'never',
    ]);
    expect(of({ flags: { bypass: true } })).toEqual(['unknown', 'danger-full-access', 'never']);
    expect(of({ flags: { trust: true } })).toEqual(['trusted', 'workspace-write', 'on-request']);
    world.trust(world.project);
    expect(of()).toEqual(['trusted', 'workspace-write', 'on-request']);
    world.write('user/.skua/config.toml', `[projects."${world.project}"]\ntrust_level = "untrusted"\n`);
    expect(of()).toEqual(['untrusted', 'read-only', 'untrusted']);
  });

  test('a machine without any config gets the built-in values', () => {
    const { settings, warnings } = world.load();
    expect(warnings).toEqual([]);
    expect(settings.provider).toMatchObject({ id: 'openai', baseUrl: 'https://api.openai.com/v1' });
    expect(settings).toMatchObject({
      model: null,
      webSearch: 'cached',
      projectDocMaxBytes: 32_768,
      profile: null,
    });
    expect(settings.features).toMatchObject({ unified_exec: true, undo: false });
  });
});

describe('profiles', () => {
  test('a table is used, with keys that only newer files have', () => {
    world.write('user/.skua/config.toml', '[profiles.p]\nmodel = "m"\nhide_agent_reasoning = true\n');
    const { settings } = world.load({ flags: { profile: 'p' } });
    expect(settings).toMatchObject({ model: 'm', hideAgentReasoning: true, profile: 'p' });
  });

  test('table and file are united, the file wins, and that is told', () => {
    world.write('user/.skua/config.toml', '[profiles.p]\nmodel = "table"\nmodel_verbosity = "low"\n');
    world.write('user/.skua/p.config.toml', 'model = "file"\nweb_search = "live"\n');
    const { settings, warnings } = world.load({ flags: { profile: 'p' } });
    expect(settings).toMatchObject({ model: 'file', verbosity: 'low', webSearch: 'live' });
    expect(warnings.join()).toContain('Both are used');
  });

  test('a missing one is an error that names it', () => {
    world.write('user/.skua/config.toml', '[profiles.fast]\nmodel = "m"\n');
    const message = messageOf(() => world.load({ flags: { profile: 'fats' } }));
    expect(message).toContain('config profile `fats` not found');
    expect(message).toContain('Did you mean "fast"?');
  });

  test('a profile cannot choose profiles or trust', () => {
    world.write(
      'user/.skua/p.config.toml',
      `profile = "q"\n[projects."${world.project}"]\ntrust_level = "trusted"\n`,
    );
    const { settings, warnings } = world.load({ flags: { profile: 'p' } });
    expect(settings).toMatchObject({ profile: 'p', trust: 'unknown' });
    expect(warnings).toHaveLength(2);
  });

  test('hasProfile says yes to exact names only', () => {
    world.write('user/.skua/config.toml', '[profiles.table]\nmodel = "m"\n');
    world.write('user/.skua/file.config.toml', '');
    world.write('user/outside.config.toml', '');
    const has = (name: string): boolean =>
      hasProfile(
        { env: {}, homedir: `${world.root}/user`, platform: 'linux', systemFolders: [world.system] },
        name,
      );
    expect(['table', 'file'].map(has)).toEqual([true, true]);
    const others = [
      'tabl',
      'TABLE2',
      '',
      '../outside',
      'constructor',
      'Explain this\nplease',
      'x'.repeat(5000),
    ];
    expect(others.map(has)).toEqual(others.map(() => false));
  });
});

describe('requirements', () => {
  beforeEach(() => {
    world.write(
      'etc/requirements.toml',
      'allowed_sandbox_modes = ["read-only", "workspace-write"]\nallowed_approval_policies = ["on-request"]\n' +
        'allowed_web_search_modes = ["cached"]\n[features]\nundo = true\n',
    );
  });

  test('a flag outside of them is an error with file and allowed values', () => {
    const message = messageOf(() => world.load({ flags: { sandboxMode: 'danger-full-access' } }));
    expect(message).toContain(`${world.system}/requirements.toml`);
    expect(message).toContain('read-only, workspace-write');
    expect(() => world.load({ overrides: ['web_search=live'] })).toThrow(/not allowed/);
    expect(() => world.load({ flags: { disable: ['undo'] } })).toThrow(/features.undo is fixed to true/);
  });

  test('a file outside of them is clamped with a warning', () => {
    world.write('user/.skua/config.toml', 'sandbox_mode = "danger-full-access"\nweb_search = "live"\n');
    const { settings, warnings } = world.load();
    expect(settings).toMatchObject({ sandboxMode: 'workspace-write', webSearch: 'cached' });
    expect(settings.features['undo']).toBe(true);
    expect(warnings.join('\n')).toMatch(/sandbox_mode.*workspace-write[^]*web_search.*cached/);
  });

  test('hold for headless runs, too', () => {
    expect(world.load({ headless: true }).settings.approvalPolicy).toBe('on-request');
  });

  test('managed config does not lift them', () => {
    world.write('etc/managed_config.toml', 'sandbox_mode = "danger-full-access"');
    expect(world.load().settings.sandboxMode).toBe('workspace-write');
  });

  test('several files: only what all allow', () => {
    world.write('etc2/requirements.toml', 'allowed_sandbox_modes = ["danger-full-access", "read-only"]\n');
    const systemFolders = [world.system, `${world.root}/etc2`];
    expect(() => world.load({ systemFolders, flags: { sandboxMode: 'workspace-write' } })).toThrow(
      /not allowed/,
    );
    expect(world.load({ systemFolders }).settings.sandboxMode).toBe('read-only');
  });

  test('a demand that cannot be enforced stops everything', () => {
    world.write('etc/requirements.toml', 'enforce_residency = "us"\n');
    expect(() => world.load()).toThrow(/cannot enforce/);
    world.write('etc/requirements.toml', 'allowed_sandbox_modes = "read-only"\n');
    expect(() => world.load()).toThrow(/array of strings/);
    world.write('etc/requirements.toml', 'allowed_sandbox_modes = [\n');
    expect(() => world.load()).toThrow(/not valid TOML/);
  });

  test('network rules leave the network off', () => {
    world.write('etc/requirements.toml', '[experimental_network]\nenabled = true\n');
    world.write('user/.skua/config.toml', '[sandbox_workspace_write]\nnetwork_access = true\n');
    const { settings, warnings } = world.load();
    expect(settings.networkAccess).toBe(false);
    expect(warnings.join()).toContain('stays off');
    const overrides = ['sandbox_workspace_write.network_access=true'];
    expect(() => world.load({ overrides })).toThrow(/cannot enforce/);
  });
});
