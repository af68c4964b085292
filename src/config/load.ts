// Reads all layers of config and makes the settings of one run; synchronous, because everything waits for it.
import { realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../protocol/error.ts';
import type { SandboxMode } from '../protocol/sandbox.ts';
import type { ApprovalPolicy } from '../protocol/approval.ts';
import type { Settings } from '../protocol/settings.ts';
import { isLaterFeature } from './features.ts';
import { findHome, systemFolders } from './home.ts';
import { defaultTree } from './keys.ts';
import {
  allSources,
  findSetter,
  readLayer,
  sourceOf,
  tableAt,
  type ConfigSource,
  type Layer,
  type LayerKind,
} from './layers.ts';
import { overrideLayer, requireFeature } from './overrides.ts';
import { profileExists, readProfile } from './profiles.ts';
import { limitProjectLayer } from './project-limits.ts';
import { secretEnvNames } from './providers.ts';
import { readRequirements } from './requirements.ts';
import { resolveSettings } from './resolve.ts';
import { emptyTable, leafPaths, mergeTables, dotted, valueAt, type Table } from './table.ts';
import { findProjectRoot, findTrust, projectConfigFiles, trustedThroughLink, type Trust } from './trust.ts';
import { validateLayer } from './validate.ts';

/** Command-line flags with a meaning of their own; all optional. */
export interface ConfigFlags {
  model?: string | undefined;
  /** `--oss`: a local provider. */
  oss?: boolean | undefined;
  localProvider?: string | undefined;
  profile?: string | undefined;
  sandboxMode?: SandboxMode | undefined;
  approvalPolicy?: ApprovalPolicy | undefined;
  /** `--full-auto`: on-request and workspace-write, where no flag says otherwise. */
  fullAuto?: boolean | undefined;
  /** `--dangerously-bypass-approvals-and-sandbox`. */
  bypass?: boolean | undefined;
  /** `-C`: relative to the cwd of the input. */
  cd?: string | undefined;
  addDirs?: readonly string[] | undefined;
  /** `--search`. */
  search?: boolean | undefined;
  enable?: readonly string[] | undefined;
  disable?: readonly string[] | undefined;
  /** `--strict-config`: unknown keys are errors. */
  strictConfig?: boolean | undefined;
  /** `--trust`: the project is trusted for this run. */
  trust?: boolean | undefined;
  /** `--ignore-user-config`: the home's config.toml is not read; logins are. */
  ignoreUserConfig?: boolean | undefined;
}

export interface LoadInput {
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  homedir: string;
  /** As `process.platform`. */
  platform: string;
  /** Every `-c key=value`, in order. */
  overrides?: readonly string[];
  flags?: ConfigFlags;
  /** Nobody is there to answer questions. */
  headless: boolean;
  /** Folders of the machine's config, weak to strong; the platform's own when left out. */
  systemFolders?: readonly string[];
}

export interface LoadedConfig {
  settings: Settings;
  /** Things the user should know, one sentence or two each. */
  warnings: string[];
  /** All layers together, checked: for parts that have no field in `settings`. */
  effective: Table;
  /** Checked layers, weak to strong. */
  layers: readonly Layer[];
  /** Where one value comes from; `path` as segments. */
  sourceOf(path: readonly string[]): ConfigSource | null;
  /** Where every value comes from, by dotted path. Costs a scan of the files: for people, not for start-up. */
  sources(): Record<string, ConfigSource>;
}

type Check = (layer: Layer | null) => Layer[];

function merge(layers: readonly Layer[]): Table {
  return layers.reduce((tree, layer) => mergeTables(tree, layer.tree), emptyTable());
}

function madeLayer(kind: LayerKind, label: string, folder: string, tree: Table): Layer {
  return { kind, label, file: null, text: null, folder, tree };
}

/** Real absolute path of the working folder. */
function findCwd(input: LoadInput): string {
  const wanted = resolve(input.cwd, input.flags?.cd ?? '.');
  const stat = statSync(wanted, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) {
    const problem = stat ? 'is not a folder' : 'does not exist';
    const flag = input.flags?.cd === undefined ? 'The working folder' : '--cd:';
    throw new UsageError(`${flag} ${wanted} ${problem}. Name an existing folder.`);
  }
  return realpathSync(wanted);
}

function ossProvider(flags: ConfigFlags, view: Table): string {
  const id = flags.localProvider ?? view['oss_provider'];
  if (typeof id === 'string') return id;
  throw new UsageError(
    '--oss: no local provider is chosen. Add --local-provider ollama or lmstudio, or set `oss_provider` in config.toml.',
  );
}

function flagTree(input: LoadInput, view: Table, warnings: string[]): Table {
  const flags = input.flags ?? {};
  const tree = emptyTable();
  const put = (key: string, value: unknown): void => {
    if (value !== undefined) tree[key] = value;
  };
  put('model', flags.model);
  if (flags.oss) put('model_provider', ossProvider(flags, view));
  if (flags.fullAuto) {
    put('sandbox_mode', 'workspace-write');
    if (!input.headless) put('approval_policy', 'on-request');
  }
  put('sandbox_mode', flags.sandboxMode);
  put('approval_policy', flags.approvalPolicy);
  if (flags.bypass) {
    put('sandbox_mode', 'danger-full-access');
    put('approval_policy', 'never');
  }
  if (flags.search) put('web_search', 'live');
  const features: Table = {};
  for (const name of flags.enable ?? []) features[requireFeature(name)] = true;
  for (const name of flags.disable ?? []) features[requireFeature(name)] = false;
  for (const name of (flags.enable ?? []).filter(isLaterFeature)) {
    warnings.push(`--enable ${name}: this flag has no effect in skua.`);
  }
  if (Object.keys(features).length > 0) tree['features'] = features;
  return tree;
}

interface BaseLayers {
  home: string;
  system: Layer[];
  user: Layer[];
  override: Layer[];
  managed: Layer[];
  /** What the user and the administrator say, without any project. */
  view: Table;
  /** Variables that hold keys of providers, also of those in a user's config that is ignored for this run. */
  secretEnvNames: string[];
}

/** Reads as much as can be read: a file that is ignored may be broken. */
function secretsOfIgnored(file: string): string[] {
  try {
    return secretEnvNames(readLayer('user', file)?.tree ?? {});
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
}

function readBase(input: LoadInput, cwd: string, check: Check): BaseLayers {
  const home = findHome(input);
  const folders = input.systemFolders ?? systemFolders(input.platform, input.env);
  const system = folders.flatMap((folder) => check(readLayer('system', join(folder, 'config.toml'))));
  const userFile = join(home, 'config.toml');
  const isUserIgnored = input.flags?.ignoreUserConfig === true;
  const user = isUserIgnored ? [] : check(readLayer('user', userFile));
  const override = check(overrideLayer(input.overrides ?? [], cwd));
  const managed = folders.flatMap((folder) =>
    check(readLayer('managed', join(folder, 'managed_config.toml'))),
  );
  const view = merge([...system, ...user, ...override, ...managed]);
  const ignored = isUserIgnored ? secretsOfIgnored(userFile) : [];
  const secrets = [...new Set([...secretEnvNames(view), ...ignored])];
  return { home, system, user, override, managed, view, secretEnvNames: secrets };
}

interface Project {
  root: string;
  trust: Trust;
  layers: Layer[];
}

function readProject(
  input: LoadInput,
  cwd: string,
  base: BaseLayers,
  check: Check,
  warnings: string[],
): Project {
  const { view, home } = base;
  const markers = (view['project_root_markers'] as string[] | undefined) ?? ['.git'];
  const root = findProjectRoot(cwd, markers);
  const projects = tableAt(view, 'projects');
  const { platform } = input;
  const isGiven = input.flags?.trust === true;
  const trustOf = (folder: string): Trust => findTrust({ cwd: folder, root, projects, platform });
  const trust = isGiven ? 'trusted' : trustOf(cwd);
  const isTrusted = (folder: string): boolean => isGiven || trustOf(folder) === 'trusted';
  const { files, ignored } = projectConfigFiles({ root, cwd, home, isTrusted });
  if (ignored.length > 0 && trust === 'unknown') {
    const link = trustedThroughLink(root, projects);
    const hint = link ? ` Your config trusts ${link}, which is a link: write the real path.` : '';
    warnings.push(
      `${ignored.join(', ')}: not read, because ${root} is not trusted. To trust it, set ` +
        `projects.${dotted([root])}.trust_level = "trusted" in ${join(home, 'config.toml')}.${hint}`,
    );
  }
  const layers = files
    .flatMap((file) => check(readLayer('project', file)))
    .map((layer) => {
      const limited = limitProjectLayer(layer, { root, secretEnvNames: base.secretEnvNames });
      warnings.push(...limited.warnings);
      return limited.layer;
    });
  return { root, trust, layers };
}

/** Says so when a managed value beats what the command line asked for. */
function warnOverruled(asked: readonly Layer[], managed: readonly Layer[], warnings: string[]): void {
  for (const path of asked.flatMap((layer) => leafPaths(layer.tree))) {
    const setter = findSetter(managed, path);
    const isSame =
      setter &&
      asked.every((layer) => {
        const wanted = valueAt(layer.tree, path);
        return wanted === undefined || JSON.stringify(wanted) === JSON.stringify(valueAt(setter.tree, path));
      });
    if (setter && !isSame)
      warnings.push(`${dotted(path)} is set by ${setter.label}; the command line cannot change it.`);
  }
}

/**
 * Reads and checks everything; creates nothing. Throws `UsageError` with file, line and the allowed values for broken
 * files, wrong values, unknown profiles and providers, and for what an administrator forbids.
 */
export function loadSettings(input: LoadInput): LoadedConfig {
  const flags = input.flags ?? {};
  const warnings: string[] = [];
  const options = { strict: flags.strictConfig === true, homedir: input.homedir };
  const check: Check = (layer) => {
    if (layer === null) return [];
    const checked = validateLayer(layer, options);
    warnings.push(...checked.warnings);
    return [checked.layer];
  };
  const cwd = findCwd(input);
  const base = readBase(input, cwd, check);
  const folders = input.systemFolders ?? systemFolders(input.platform, input.env);
  const demanded = readRequirements(folders);
  warnings.push(...demanded.warnings);
  const project = readProject(input, cwd, base, check, warnings);

  const profile = flags.profile ?? (base.view['profile'] as string | undefined) ?? null;
  const chosen = profile === null ? { layers: [], warnings: [] } : readProfile(base.home, base.view, profile);
  warnings.push(...chosen.warnings);
  const profileLayers = chosen.layers.flatMap((layer) => check(layer));

  const weaker = [
    madeLayer('default', 'built-in', '/', defaultTree()),
    ...base.system,
    ...base.user,
    ...project.layers,
    ...profileLayers,
    ...base.override,
  ];
  const flagLayer = check(madeLayer('flag', 'command line', cwd, flagTree(input, merge(weaker), warnings)));
  warnOverruled([...base.override, ...flagLayer], base.managed, warnings);
  const layers = [...weaker, ...flagLayer, ...base.managed];
  const merged = merge(layers);
  const settings = resolveSettings({
    merged,
    layers,
    requirements: demanded.requirements,
    env: input.env,
    home: base.home,
    cwd,
    projectRoot: project.root,
    trust: project.trust,
    profile,
    headless: input.headless,
    secretEnvNames: base.secretEnvNames,
    addDirs: (flags.addDirs ?? []).map((folder) => resolve(cwd, folder)),
    warnings,
  });
  return {
    settings,
    warnings,
    effective: merged,
    layers,
    sourceOf: (path) => sourceOf(layers, path),
    sources: () => allSources(layers, merged),
  };
}

/** Whether a profile of exactly this name exists, in either form. Reads the user's and the machine's config only. */
export function hasProfile(
  input: Pick<LoadInput, 'env' | 'homedir' | 'platform' | 'systemFolders'>,
  name: string,
): boolean {
  const home = findHome(input);
  const folders = input.systemFolders ?? systemFolders(input.platform, input.env);
  const files = [
    ...folders.map((folder) => readLayer('system', join(folder, 'config.toml'))),
    readLayer('user', join(home, 'config.toml')),
    ...folders.map((folder) => readLayer('managed', join(folder, 'managed_config.toml'))),
  ];
  return profileExists(home, merge(files.filter((layer) => layer !== null)), name);
}
