// The table of feature flags: name, stage, default, and older names that still work.
import { laterFeatures } from './features-later.ts';

export type FeatureStage = 'stable' | 'experimental' | 'under development' | 'deprecated' | 'removed';

export interface Feature {
  name: string;
  stage: FeatureStage;
  default: boolean;
}

function features(stage: FeatureStage, isOn: 'on' | 'off', names: string): Feature[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => ({ name, stage, default: isOn === 'on' }));
}

/** Source: `features list` of Codex 0.118, with names that 0.169 added or made stable. Sorted by name. */
export const featureTable: readonly Feature[] = [
  ...features(
    'stable',
    'on',
    `apps enable_request_compression fast_mode hooks multi_agent personality plugins shell_snapshot shell_tool
     skill_mcp_dependency_install tool_call_mcp_elicitation tool_suggest unified_exec`,
  ),
  ...features('stable', 'off', 'undo use_legacy_landlock'),
  ...features('experimental', 'off', 'guardian_approval js_repl network_proxy prevent_idle_sleep'),
  ...features(
    'under development',
    'off',
    `apply_patch_freeform artifact child_agents_md code_mode code_mode_only codex_git_commit
     default_mode_request_user_input enable_fanout exec_permission_approvals image_detail_original image_generation
     js_repl_tools_only memories multi_agent_v2 powershell_utf8 realtime_conversation request_permissions_tool
     runtime_metrics shell_zsh_fork skill_env_var_dependency_prompt tool_search`,
  ),
  ...features('deprecated', 'off', 'web_search_cached web_search_request'),
  ...features('removed', 'on', 'collaboration_modes sqlite steer tui_app_server'),
  ...features(
    'removed',
    'off',
    `elevated_windows_sandbox experimental_windows_sandbox remote_models request_rule responses_websockets
     responses_websockets_v2 search_tool use_linux_sandbox_bwrap voice_transcription`,
  ),
].sort((a, b) => (a.name < b.name ? -1 : 1));

/** Older names of flags. */
export const featureAliases: Readonly<Record<string, string>> = {
  codex_hooks: 'hooks',
  collab: 'multi_agent',
  connectors: 'apps',
  enable_experimental_windows_sandbox: 'experimental_windows_sandbox',
  experimental_use_freeform_apply_patch: 'apply_patch_freeform',
  experimental_use_unified_exec_tool: 'unified_exec',
  include_apply_patch_tool: 'apply_patch_freeform',
  memory_tool: 'memories',
  request_permissions: 'request_permissions_tool',
  web_search: 'web_search_request',
};

/** The current name of a flag, or null when there is no such flag. */
export function featureName(name: string): string | null {
  const current = Object.hasOwn(featureAliases, name) ? featureAliases[name] : name;
  return featureTable.some((feature) => feature.name === current) ? (current ?? null) : null;
}

/** True for a flag of Codex 0.169 that has no meaning here: taken without complaint, never in force. */
export function isLaterFeature(name: string): boolean {
  return laterFeatures.has(name);
}

/** Every name that `--enable` and `--disable` take. */
export function featureNames(): string[] {
  return [...featureTable.map((feature) => feature.name), ...Object.keys(featureAliases), ...laterFeatures];
}
