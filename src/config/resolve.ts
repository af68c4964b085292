// Turns the merged config into the one frozen `Settings` value.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ApprovalPolicy } from '../protocol/approval.ts';
import { UsageError } from '../protocol/error.ts';
import type { ServiceTier } from '../protocol/model.ts';
import type { SandboxMode } from '../protocol/sandbox.ts';
import type { Settings } from '../protocol/settings.ts';
import { featureName, featureTable } from './features.ts';
import { realPathOrSame } from '../lib/real-path.ts';
import { findSetter, readTextFile, tableAt, type Layer, type LayerKind } from './layers.ts';
import { readModelCatalog } from './model-catalog.ts';
import { OSS_MODELS, resolveProvider, secretEnvNames } from './providers.ts';
import { constrain, type Requirements } from './requirements.ts';
import { isTable, valueAt, type Table } from './table.ts';
import type { Trust } from './trust.ts';
import { APPROVAL_POLICIES } from './validate.ts';

export interface ResolveInput {
  merged: Table;
  /** Checked layers, weak to strong. */
  layers: readonly Layer[];
  requirements: Requirements;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  cwd: string;
  projectRoot: string;
  trust: Trust;
  profile: string | null;
  headless: boolean;
  /** Variables known to hold keys before profile and flags. */
  secretEnvNames: readonly string[];
  /** Folders of `--add-dir`, absolute. */
  addDirs: readonly string[];
  warnings: string[];
}

/** Typed reading of a tree that `validateLayer` has checked. */
function reader(tree: Table) {
  const at = (path: string): unknown => valueAt(tree, path.split('.'));
  return {
    text: (path: string): string | null => (at(path) as string | undefined) ?? null,
    number: (path: string): number | null => (at(path) as number | undefined) ?? null,
    flag: (path: string): boolean | null => (at(path) as boolean | undefined) ?? null,
    list: (path: string): readonly string[] => (at(path) as string[] | undefined) ?? [],
    at,
  };
}

function layerOf(input: ResolveInput, ...path: string[]): LayerKind {
  return findSetter(input.layers, path)?.kind ?? 'default';
}

/** Real when it exists; else the real path of the nearest existing folder with the rest appended. */
function realOrIntended(path: string): string {
  if (existsSync(path)) return realPathOrSame(path);
  const parent = dirname(path);
  return parent === path ? path : join(realOrIntended(parent), basename(path));
}

function resolveSandboxMode(input: ResolveInput): SandboxMode {
  const fallback: SandboxMode = input.trust === 'trusted' ? 'workspace-write' : 'read-only';
  const wanted = (input.merged['sandbox_mode'] as SandboxMode | undefined) ?? fallback;
  return constrain<SandboxMode>({
    key: 'sandbox_mode',
    value: wanted,
    allowed: input.requirements.sandboxModes,
    always: ['read-only'],
    layer: layerOf(input, 'sandbox_mode'),
    fallbacks: wanted === 'danger-full-access' ? ['workspace-write', 'read-only'] : ['read-only'],
    warnings: input.warnings,
  });
}

function resolveApprovalPolicy(input: ResolveInput): ApprovalPolicy {
  const layer = layerOf(input, 'approval_policy');
  const configured = input.merged['approval_policy'] as ApprovalPolicy | undefined;
  const allowed = input.requirements.approvalPolicies;
  // Nobody is there to answer: asking would only ever mean no.
  const isForced = input.headless && layer !== 'flag';
  const usual: ApprovalPolicy = input.trust === 'untrusted' ? 'untrusted' : 'on-request';
  const wanted = isForced ? 'never' : (configured ?? usual);
  const isName = typeof wanted === 'string';
  const picked = constrain<string>({
    key: 'approval_policy',
    value: isName ? wanted : 'granular',
    allowed,
    always: [],
    layer: isForced ? 'default' : layer,
    fallbacks: APPROVAL_POLICIES,
    warnings: input.warnings,
  });
  if (!isName && picked === 'granular') return wanted;
  return picked as ApprovalPolicy;
}

function resolveFeatures(input: ResolveInput): Record<string, boolean> {
  const features = Object.fromEntries(featureTable.map((feature) => [feature.name, feature.default]));
  const set = (name: string, value: unknown): void => {
    const known = featureName(name);
    if (known !== null && typeof value === 'boolean') features[known] = value;
  };
  set('unified_exec', input.merged['experimental_use_unified_exec_tool']);
  set('apply_patch_freeform', input.merged['experimental_use_freeform_apply_patch']);
  // Layer by layer, because an old and a new name of one flag may stand in different layers.
  for (const layer of input.layers) {
    for (const [name, value] of Object.entries(tableAt(layer.tree, 'features'))) set(name, value);
  }
  for (const [name, { value, file }] of Object.entries(input.requirements.features)) {
    const known = featureName(name);
    if (known === null || features[known] === value) continue;
    const layer = layerOf(input, 'features', name);
    const text = `features.${name} is fixed to ${value} by ${file}`;
    if (layer === 'flag' || layer === 'override') throw new UsageError(`${text}. Leave the flag out.`);
    input.warnings.push(`${text}.`);
    features[known] = value;
  }
  return features;
}

function resolveWebSearch(input: ResolveInput): Settings['webSearch'] {
  const layer = layerOf(input, 'web_search');
  const old = valueAt(input.merged, ['tools', 'web_search']);
  const features = tableAt(input.merged, 'features');
  let wanted = (input.merged['web_search'] as Settings['webSearch'] | undefined) ?? 'cached';
  // The older switches speak only where the newer key is silent.
  if (layer === 'default') {
    if (features['web_search_request'] === true || features['web_search'] === true || old === true)
      wanted = 'live';
    else if (old === false) wanted = 'disabled';
  }
  return constrain<Settings['webSearch']>({
    key: 'web_search',
    value: wanted,
    allowed: input.requirements.webSearchModes,
    always: ['disabled'],
    layer,
    fallbacks: wanted === 'live' ? ['cached', 'disabled'] : ['disabled'],
    warnings: input.warnings,
  });
}

function resolveNetwork(input: ResolveInput): boolean {
  const wanted = valueAt(input.merged, ['sandbox_workspace_write', 'network_access']) === true;
  const file = input.requirements.networkRuledBy;
  if (!wanted || file === null) return wanted;
  const text = `${file} rules network access, which this version cannot enforce`;
  const layer = layerOf(input, 'sandbox_workspace_write', 'network_access');
  if (layer === 'flag' || layer === 'override') {
    throw new UsageError(`${text}: sandbox_workspace_write.network_access is not allowed. Leave it out.`);
  }
  input.warnings.push(`${text}: network access of commands stays off.`);
  return false;
}

function readPrompt(key: string, file: string | null): string | null {
  if (file === null) return null;
  const text = readTextFile(file)?.trim();
  if (text === undefined)
    throw new UsageError(`${key}: ${file} does not exist. Correct the path or unset it.`);
  if (text === '')
    throw new UsageError(`${key}: ${file} is empty. Write the instructions into it or unset the key.`);
  return text;
}

function resolveWritableRoots(input: ResolveInput, mode: SandboxMode): string[] {
  const listed = (valueAt(input.merged, ['sandbox_workspace_write', 'writable_roots']) ?? []) as string[];
  for (const folder of input.addDirs) {
    if (!existsSync(folder)) input.warnings.push(`--add-dir ${folder}: this folder does not exist.`);
  }
  if (mode === 'read-only' && input.addDirs.length > 0) {
    input.warnings.push('--add-dir has no effect in the read-only sandbox. Add --sandbox workspace-write.');
  }
  return [...new Set([...listed, ...input.addDirs].map(realOrIntended))];
}

type Instructions = Pick<Settings, 'baseInstructions' | 'developerInstructions' | 'compactPrompt'>;

function resolveInstructions(input: ResolveInput): Instructions {
  const { text } = reader(input.merged);
  const file =
    readPrompt('model_instructions_file', text('model_instructions_file')) ??
    readPrompt('experimental_instructions_file', text('experimental_instructions_file'));
  return {
    baseInstructions: file ?? text('instructions'),
    developerInstructions: text('developer_instructions'),
    compactPrompt:
      text('compact_prompt') ??
      readPrompt('experimental_compact_prompt_file', text('experimental_compact_prompt_file')),
  };
}

type ModelSettings = Pick<
  Settings,
  | 'model'
  | 'reviewModel'
  | 'provider'
  | 'effort'
  | 'summary'
  | 'verbosity'
  | 'serviceTier'
  | 'contextWindow'
  | 'autoCompactTokenLimit'
  | 'supportsReasoningSummaries'
  | 'toolOutputTokenLimit'
  | 'userModels'
>;

const STRENGTH: readonly LayerKind[] = [
  'default',
  'system',
  'user',
  'project',
  'profile',
  'override',
  'flag',
  'managed',
];

/** `-m demo` also chooses the demo provider, unless a stronger layer names another; a project never chooses one. */
function providerId(input: ResolveInput): string {
  const id = input.merged['model_provider'] as string;
  const [model, provider] = [layerOf(input, 'model'), layerOf(input, 'model_provider')];
  const isDemo = input.merged['model'] === 'demo' && model !== 'project';
  return isDemo && STRENGTH.indexOf(model) >= STRENGTH.indexOf(provider) ? 'demo' : id;
}

function resolveServiceTier(name: string | null): ServiceTier | null {
  if (name === 'priority') return 'fast';
  return name === 'fast' || name === 'flex' ? name : null;
}

function resolveModel(input: ResolveInput): ModelSettings {
  const { text, number, flag } = reader(input.merged);
  const id = providerId(input);
  const catalog = text('model_catalog_json');
  return {
    model: text('model') ?? OSS_MODELS[id] ?? (id === 'demo' ? 'demo' : null),
    reviewModel: text('review_model'),
    provider: resolveProvider(id, input.merged, input.env),
    effort: text('model_reasoning_effort') as Settings['effort'],
    summary: text('model_reasoning_summary') as Settings['summary'],
    verbosity: text('model_verbosity') as Settings['verbosity'],
    serviceTier: resolveServiceTier(text('service_tier')),
    contextWindow: number('model_context_window'),
    autoCompactTokenLimit: number('model_auto_compact_token_limit'),
    supportsReasoningSummaries: flag('model_supports_reasoning_summaries'),
    toolOutputTokenLimit: number('tool_output_token_limit'),
    userModels: catalog === null ? [] : readModelCatalog(catalog),
  };
}

function resolveShellEnvironment(merged: Table): Settings['shellEnvironment'] {
  const { text, flag, list, at } = reader(tableAt(merged, 'shell_environment_policy'));
  const set = at('set');
  return {
    inherit: (text('inherit') ?? 'all') as Settings['shellEnvironment']['inherit'],
    ignoreDefaultExcludes: flag('ignore_default_excludes') ?? true,
    exclude: list('exclude'),
    includeOnly: list('include_only'),
    set: isTable(set) ? { ...(set as Record<string, string>) } : {},
  };
}

type Login = Pick<
  Settings,
  'credentialsStore' | 'forcedLoginMethod' | 'forcedChatgptWorkspaceId' | 'chatgptBaseUrl' | 'secretEnvNames'
>;

function resolveLogin(input: ResolveInput): Login {
  const { merged } = input;
  const { text } = reader(merged);
  return {
    credentialsStore: (text('cli_auth_credentials_store') ?? 'file') as Settings['credentialsStore'],
    forcedLoginMethod: text('forced_login_method') as Settings['forcedLoginMethod'],
    forcedChatgptWorkspaceId: text('forced_chatgpt_workspace_id'),
    chatgptBaseUrl: (text('chatgpt_base_url') ?? '').replace(/\/+$/, ''),
    secretEnvNames: [...new Set([...input.secretEnvNames, ...secretEnvNames(merged)])],
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** Throws `UsageError` for what an administrator forbids and for files and providers that are not there. */
export function resolveSettings(input: ResolveInput): Settings {
  const { merged, home, cwd, projectRoot, trust, profile } = input;
  const { text, number, flag, list, at } = reader(merged);
  const sandboxMode = resolveSandboxMode(input);
  const notify = list('notify');
  return deepFreeze({
    home,
    cwd,
    projectRoot,
    trust,
    profile,
    ...resolveModel(input),
    ...resolveInstructions(input),
    ...resolveLogin(input),
    approvalPolicy: resolveApprovalPolicy(input),
    sandboxMode,
    writableRoots: resolveWritableRoots(input, sandboxMode),
    networkAccess: resolveNetwork(input),
    excludeTmpdirEnvVar: flag('sandbox_workspace_write.exclude_tmpdir_env_var') ?? false,
    excludeSlashTmp: flag('sandbox_workspace_write.exclude_slash_tmp') ?? false,
    shellEnvironment: resolveShellEnvironment(merged),
    allowLoginShell: flag('allow_login_shell') ?? true,
    webSearch: resolveWebSearch(input),
    viewImageTool: (at('tools_view_image') as boolean | undefined) ?? flag('tools.view_image') ?? true,
    projectDocMaxBytes: number('project_doc_max_bytes') ?? 0,
    projectDocFallbackFilenames: list('project_doc_fallback_filenames'),
    historyPersistence: (text('history.persistence') ?? 'save-all') as Settings['historyPersistence'],
    hideAgentReasoning: flag('hide_agent_reasoning') ?? false,
    showRawAgentReasoning: flag('show_raw_agent_reasoning') ?? false,
    notify: notify.length > 0 ? notify : null,
    checkForUpdates: flag('check_for_update_on_startup') ?? true,
    backgroundTerminalMaxTimeoutMs: number('background_terminal_max_timeout') ?? 300_000,
    features: resolveFeatures(input),
  });
}
