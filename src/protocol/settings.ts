// The one frozen value that all layers of config become. Every field is resolved: nothing downstream knows of files or flags.
import type { ApprovalPolicy } from './approval.ts';
import type { ModelInfo, ReasoningEffort, ReasoningSummary, ServiceTier, Verbosity } from './model.ts';
import type { SandboxMode } from './sandbox.ts';

/** Source: Codex `model_providers.<id>`. */
export interface ProviderSettings {
  id: string;
  name: string;
  /** Without a trailing slash. */
  baseUrl: string;
  wireApi: 'responses';
  envKey: string | null;
  envKeyInstructions: string | null;
  /** A literal token in the config. */
  bearerToken: string | null;
  headers: Readonly<Record<string, string>>;
  /** Header name -> environment variable; left out when the variable is unset or empty. */
  envHeaders: Readonly<Record<string, string>>;
  queryParams: Readonly<Record<string, string>>;
  requiresOpenaiAuth: boolean;
  requestMaxRetries: number;
  streamMaxRetries: number;
  streamIdleTimeoutMs: number;
}

/** Source: Codex `shell_environment_policy`. */
export interface ShellEnvironmentPolicy {
  inherit: 'all' | 'core' | 'none';
  ignoreDefaultExcludes: boolean;
  exclude: readonly string[];
  includeOnly: readonly string[];
  set: Readonly<Record<string, string>>;
}

export interface Settings {
  /** `$SKUA_HOME`, else `$CODEX_HOME`, else `~/.skua`; absolute. */
  home: string;
  /** Where the thread works; absolute, real. */
  cwd: string;
  /** Nearest folder up from cwd with a root marker; cwd when there is none. */
  projectRoot: string;
  trust: 'trusted' | 'untrusted' | 'unknown';
  /** null: the catalog's default for the provider. */
  model: string | null;
  reviewModel: string | null;
  provider: ProviderSettings;
  effort: ReasoningEffort | null;
  summary: ReasoningSummary | null;
  verbosity: Verbosity | null;
  serviceTier: ServiceTier | null;
  /** Overrides of what the catalog knows of the model in use. */
  contextWindow: number | null;
  autoCompactTokenLimit: number | null;
  supportsReasoningSummaries: boolean | null;
  toolOutputTokenLimit: number | null;
  /** Entries of `model_catalog_json`, put over the built-in catalog by slug. */
  userModels: readonly Partial<ModelInfo>[];
  approvalPolicy: ApprovalPolicy;
  sandboxMode: SandboxMode;
  writableRoots: readonly string[];
  networkAccess: boolean;
  excludeTmpdirEnvVar: boolean;
  excludeSlashTmp: boolean;
  shellEnvironment: ShellEnvironmentPolicy;
  allowLoginShell: boolean;
  webSearch: 'disabled' | 'cached' | 'live';
  viewImageTool: boolean;
  /** Replaces the built-in system prompt. */
  baseInstructions: string | null;
  developerInstructions: string | null;
  compactPrompt: string | null;
  projectDocMaxBytes: number;
  projectDocFallbackFilenames: readonly string[];
  credentialsStore: 'file' | 'keyring' | 'auto' | 'ephemeral';
  forcedLoginMethod: 'chatgpt' | 'api' | null;
  forcedChatgptWorkspaceId: string | null;
  /** Where requests made with a ChatGPT login go; without a trailing slash. */
  chatgptBaseUrl: string;
  /** Environment variables that hold keys of any configured provider: no command, hook or git may inherit them. */
  secretEnvNames: readonly string[];
  historyPersistence: 'save-all' | 'none';
  hideAgentReasoning: boolean;
  showRawAgentReasoning: boolean;
  /** argv of a program told about finished turns. */
  notify: readonly string[] | null;
  checkForUpdates: boolean;
  backgroundTerminalMaxTimeoutMs: number;
  features: Readonly<Record<string, boolean>>;
  profile: string | null;
}
