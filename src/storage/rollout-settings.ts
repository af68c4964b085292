// Thread head and turn settings in Codex's JSON form (session_meta, turn_context), both ways.
//
// Codex ignores members it does not know, so what its form cannot say stands in the member `skua`.
import { isJsonObject, stringMember, type JsonObject } from '../lib/json-lines.ts';
import type { ApprovalPolicy } from '../protocol/approval.ts';
import type { ReasoningEffort, ReasoningSummary } from '../protocol/model.ts';
import type { SandboxMode, SandboxPolicy } from '../protocol/sandbox.ts';
import type { GitInfo, ThreadMeta, ThreadSettings } from '../protocol/thread.ts';

/** Efforts that Codex 0.118 can read; it drops the whole line at another one. */
const CODEX_EFFORTS: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];
const EFFORTS: readonly ReasoningEffort[] = [...CODEX_EFFORTS, 'max', 'ultra'];
const SUMMARIES: readonly ReasoningSummary[] = ['auto', 'concise', 'detailed', 'none'];
const MODES: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const POLICIES: readonly Extract<ApprovalPolicy, string>[] = [
  'untrusted',
  'on-failure',
  'on-request',
  'never',
];
/** Sub-agents that Codex names by a plain word. */
const CODEX_SUBAGENTS: readonly string[] = ['review', 'compact', 'memory_consolidation'];

/** Payload of a `session_meta` line. The long instructions come last but git, so that heads can be read cheaply. */
export function sessionMetaPayload(meta: ThreadMeta): JsonObject {
  return {
    id: meta.id,
    ...(meta.forkedFrom === null ? {} : { forked_from_id: meta.forkedFrom }),
    timestamp: meta.createdAt,
    cwd: meta.cwd,
    originator: meta.originator,
    cli_version: meta.cliVersion,
    source: sourceToCodex(meta.source),
    model_provider: meta.provider,
    ...(meta.instructions === null ? {} : { base_instructions: { text: meta.instructions } }),
    ...(meta.git === null ? {} : { git: gitToCodex(meta.git) }),
  };
}

/** Reads a `session_meta` payload; null when it does not name a thread. */
export function readSessionMeta(payload: JsonObject): ThreadMeta | null {
  const id = stringMember(payload, 'id') ?? stringMember(payload, 'session_id');
  if (id === null) return null;
  const instructions = payload['base_instructions'] ?? payload['instructions'];
  return {
    id,
    createdAt: stringMember(payload, 'timestamp') ?? '',
    cwd: stringMember(payload, 'cwd') ?? '',
    originator: stringMember(payload, 'originator') ?? '',
    source: sourceFromCodex(payload['source']),
    cliVersion: stringMember(payload, 'cli_version') ?? '',
    provider: stringMember(payload, 'model_provider') ?? '',
    forkedFrom: stringMember(payload, 'forked_from_id'),
    git: isJsonObject(payload['git']) ? gitFromCodex(payload['git']) : null,
    instructions: isJsonObject(instructions)
      ? stringMember(instructions, 'text')
      : typeof instructions === 'string'
        ? instructions
        : null,
  };
}

function gitToCodex(git: GitInfo): JsonObject {
  return {
    ...(git.commitHash === null ? {} : { commit_hash: git.commitHash }),
    ...(git.branch === null ? {} : { branch: git.branch }),
    ...(git.repositoryUrl === null ? {} : { repository_url: git.repositoryUrl }),
  };
}

function gitFromCodex(git: JsonObject): GitInfo {
  return {
    commitHash: stringMember(git, 'commit_hash'),
    branch: stringMember(git, 'branch'),
    repositoryUrl: stringMember(git, 'repository_url'),
  };
}

function sourceToCodex(source: ThreadMeta['source']): unknown {
  if (typeof source === 'string') return source;
  return {
    subagent: CODEX_SUBAGENTS.includes(source.subagent) ? source.subagent : { other: source.subagent },
  };
}

function sourceFromCodex(source: unknown): ThreadMeta['source'] {
  if (source === 'exec' || source === 'vscode' || source === 'mcp') return source;
  if (!isJsonObject(source) || !('subagent' in source)) return 'cli';
  const subagent = source['subagent'];
  if (typeof subagent === 'string') return { subagent };
  if (!isJsonObject(subagent)) return { subagent: 'other' };
  return { subagent: stringMember(subagent, 'other') ?? Object.keys(subagent)[0] ?? 'other' };
}

/** Payload of a `turn_context` line. */
export function turnContextPayload(turnId: string, settings: ThreadSettings): JsonObject {
  const { effort, outputSchema, summary } = settings;
  return {
    turn_id: turnId,
    cwd: settings.cwd,
    approval_policy: settings.approvalPolicy,
    sandbox_policy: sandboxToCodex(settings.sandbox),
    model: settings.model,
    ...(effort === undefined ? {} : { effort: CODEX_EFFORTS.includes(effort) ? effort : 'xhigh' }),
    summary: summary ?? 'auto',
    ...(outputSchema === undefined ? {} : { final_output_json_schema: outputSchema }),
    skua: {
      provider: settings.provider,
      ...(effort === undefined ? {} : { effort }),
      ...(summary === undefined ? {} : { summary }),
      ...(settings.verbosity === undefined ? {} : { verbosity: settings.verbosity }),
      ...(settings.serviceTier === undefined ? {} : { serviceTier: settings.serviceTier }),
      sandbox: settings.sandbox,
    },
  };
}

function sandboxToCodex(policy: SandboxPolicy): JsonObject {
  if (policy.mode !== 'workspace-write') return { type: policy.mode };
  return {
    type: policy.mode,
    writable_roots: policy.writableRoots,
    network_access: policy.network === 'open',
    exclude_tmpdir_env_var: !policy.writableTmp.tmpdir,
    exclude_slash_tmp: !policy.writableTmp.slashTmp,
  };
}

/**
 * Reads a `turn_context` payload of ours or of Codex; what it does not say, or says in words unknown here, is left out.
 * A policy written by Codex names neither protected nor unreadable paths: callers must take those from the config.
 */
export function readTurnContext(payload: JsonObject): Partial<ThreadSettings> {
  const settings: Partial<ThreadSettings> = {};
  const cwd = stringMember(payload, 'cwd');
  const model = stringMember(payload, 'model');
  if (cwd !== null) settings.cwd = cwd;
  if (model !== null) settings.model = model;
  const own = isJsonObject(payload['skua']) ? payload['skua'] : null;
  const approval = approvalFromCodex(payload['approval_policy']);
  if (approval !== null) settings.approvalPolicy = approval;
  const sandbox = sandboxFromCodex(payload['sandbox_policy'], cwd, own?.['sandbox']);
  if (sandbox !== null) settings.sandbox = sandbox;
  const effort = (own ?? payload)['effort'];
  if (isOneOf(effort, EFFORTS)) settings.effort = effort;
  const summary = (own ?? payload)['summary'];
  if (isOneOf(summary, SUMMARIES)) settings.summary = summary;
  const schema = payload['final_output_json_schema'];
  if (isJsonObject(schema)) settings.outputSchema = schema;
  if (own === null) return settings;
  const provider = stringMember(own, 'provider');
  if (provider !== null) settings.provider = provider;
  const { verbosity, serviceTier } = own;
  if (verbosity === 'low' || verbosity === 'medium' || verbosity === 'high') settings.verbosity = verbosity;
  if (serviceTier === 'fast' || serviceTier === 'flex') settings.serviceTier = serviceTier;
  return settings;
}

function isOneOf<T extends string>(value: unknown, allowed: readonly T[]): value is T {
  return typeof value === 'string' && (allowed as readonly string[]).includes(value);
}

function approvalFromCodex(value: unknown): ApprovalPolicy | null {
  if (isOneOf(value, POLICIES)) return value;
  if (!isJsonObject(value) || !isJsonObject(value['granular'])) return null;
  const granular = value['granular'];
  const flag = (name: string): boolean => granular[name] === true;
  return {
    granular: {
      sandbox_approval: flag('sandbox_approval'),
      rules: flag('rules'),
      mcp_elicitations: flag('mcp_elicitations'),
      request_permissions: flag('request_permissions'),
      skill_approval: flag('skill_approval'),
    },
  };
}

function sandboxFromCodex(value: unknown, cwd: string | null, own: unknown): SandboxPolicy | null {
  if (!isJsonObject(value)) return null;
  const mode = value['type'];
  if (!isOneOf(mode, MODES)) return null;
  const exact = isJsonObject(own) ? own : {};
  // A file may have been edited: the narrower of two statements counts, so only a matching own policy is taken.
  if (exact['mode'] === mode && isWholePolicy(exact)) return exact;
  const workspaceWrite = mode === 'workspace-write';
  return {
    mode,
    workspace: cwd ?? '',
    writableRoots: workspaceWrite ? strings(value['writable_roots']) : [],
    writableTmp: {
      tmpdir: workspaceWrite && value['exclude_tmpdir_env_var'] !== true,
      slashTmp: workspaceWrite && value['exclude_slash_tmp'] !== true,
    },
    denyRead: [],
    protectedPaths: [],
    network: mode === 'danger-full-access' || value['network_access'] === true ? 'open' : 'off',
  };
}

function isWholePolicy(value: object): value is SandboxPolicy {
  const policy = value as Partial<Record<keyof SandboxPolicy, unknown>>;
  const lists = [policy.writableRoots, policy.denyRead, policy.protectedPaths];
  return (
    typeof policy.workspace === 'string' &&
    lists.every((list) => Array.isArray(list) && list.every((path) => typeof path === 'string')) &&
    isJsonObject(policy.writableTmp) &&
    typeof policy.writableTmp['tmpdir'] === 'boolean' &&
    typeof policy.writableTmp['slashTmp'] === 'boolean' &&
    (policy.network === 'off' || policy.network === 'proxy' || policy.network === 'open')
  );
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
