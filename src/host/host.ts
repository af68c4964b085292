// The one door to the engine: builds its adapters from the settings, starts, resumes and forks threads.
import { realpathSync } from 'node:fs';
import { createCredentials } from '../auth/credentials.ts';
import { SYSTEM_PROMPT } from '../engine/system-prompt.ts';
import type { Budget } from '../engine/ports.ts';
import { Thread } from '../engine/thread.ts';
import { findRepository, isInsideRepository, readGitInfo } from '../git/repository.ts';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/clock.ts';
import { createUuid7 } from '../lib/uuid.ts';
import { createCatalog } from '../models/catalog.ts';
import { sandboxPolicyFrom } from '../policy/sandbox-policy.ts';
import type { JsonSchema, ModelInfo } from '../protocol/model.ts';
import type { SandboxReport } from '../protocol/sandbox.ts';
import type { Settings } from '../protocol/settings.ts';
import type { GitInfo, StoredThread, ThreadMeta, ThreadSettings, ThreadSummary } from '../protocol/thread.ts';
import { protectedPathsFor } from '../sandbox/protected-paths.ts';
import { createNullRollout, createRollout, openRollout } from '../storage/rollout-writer.ts';
import type { RolloutWriter } from '../storage/rollout-writer.ts';
import { forkThread, readThread } from '../storage/threads.ts';
import { buildPorts } from './ports.ts';
import { notifyAfterTurns } from './notify.ts';
import type { Provider } from './provider.ts';
import { openProvider } from './provider.ts';
import { LazySandbox } from './lazy-sandbox.ts';
import type { HostOptions } from './host-options.ts';

/** How a thread comes to be. */
export type Origin = { type: 'new' } | { type: 'resume' | 'fork'; thread: ThreadSummary };

export interface ThreadRequest {
  origin: Origin;
  /** Nothing is written to disk. */
  ephemeral: boolean;
  budget: Budget | null;
  outputSchema: JsonSchema | null;
  endSessionsWithTurn: boolean;
  /** Replaces the system prompt and narrows the tools, as a review does. */
  role?: { instructions: string; toolNames: readonly string[]; model: string | null };
}

export interface HostedThread {
  thread: Thread;
  meta: ThreadMeta;
  modelInfo: ModelInfo;
  rolloutPath: string | null;
  /** Things the user should know before the first turn. */
  warnings: string[];
  /** Ends what still runs, and closes the rollout. */
  close(): Promise<void>;
}

interface OpenRecord {
  stored: StoredThread | null;
  meta: ThreadMeta;
  rollout: RolloutWriter;
}

export class Host {
  readonly settings: Settings;
  readonly newId: () => string;
  private readonly options: HostOptions;
  private readonly clock: Clock;
  private readonly provider: Provider;
  private readonly sandbox: LazySandbox;
  private readonly policy;
  private readonly threads = new Set<Thread>();
  private readonly catalog;

  constructor(options: HostOptions) {
    const { settings, env } = options;
    this.options = options;
    this.settings = settings;
    this.clock = options.clock ?? systemClock;
    this.newId = createUuid7({ now: this.clock.now, fillRandom: (bytes) => crypto.getRandomValues(bytes) });
    this.catalog = createCatalog(settings.userModels);
    this.policy = sandboxPolicyFrom(settings, { realpath: realpathSync, protectedPathsFor });
    this.sandbox = new LazySandbox(this.policy, {
      home: settings.home,
      env,
      warn: (message) => this.warn(message),
    });
    this.provider = openProvider({
      provider: settings.provider,
      credentials: createCredentials({ settings, env }),
      env,
      version: options.version,
      originator: options.originator,
      now: this.clock.now,
    });
  }

  static isInsideRepository(cwd: string): boolean {
    return isInsideRepository(cwd);
  }

  /** What the fence is, after a real probe. Fails with a `TurnError` of code `sandbox`. */
  async sandboxReport(): Promise<SandboxReport> {
    return (await this.sandbox.get()).report;
  }

  openThread(request: ThreadRequest): HostedThread {
    const { stored, meta, rollout } = this.openRecord(request);
    const settings = this.threadSettings(request, stored);
    const modelInfo = this.modelInfo(settings.model);
    const instructions = request.role?.instructions ?? this.instructionsFor(stored);
    const { ports, warnings } = buildPorts({
      options: this.options,
      clock: this.clock,
      provider: this.provider,
      sandbox: this.sandbox,
      policy: this.policy,
      modelInfo,
      rollout,
      threadId: meta.id,
      instructions,
      toolNames: request.role?.toolNames ?? null,
      newId: this.newId,
    });
    const thread = new Thread({
      id: meta.id,
      settings,
      ports,
      endSessionsWithTurn: request.endSessionsWithTurn,
      ...(request.budget ? { budget: request.budget } : {}),
      ...(stored ? { resumed: stored } : {}),
    });
    this.threads.add(thread);
    this.notifyUser(thread, ports.commandEnvironment());
    return {
      thread,
      meta,
      modelInfo,
      rolloutPath: rollout.path,
      warnings: [
        ...(stored?.warnings ?? []),
        ...rollout.warnings,
        ...warnings,
        ...this.modelWarnings(modelInfo, stored),
      ],
      close: async () => {
        await thread.close();
        this.threads.delete(thread);
        rollout.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.sandbox.close();
    await this.provider.close();
  }

  private notifyUser(thread: Thread, env: Record<string, string>): void {
    const { notify: argv, cwd } = this.settings;
    if (argv && argv.length > 0)
      notifyAfterTurns(thread, { argv, cwd, env, client: this.options.originator });
  }

  /** Something of the fence that whoever looks at any thread should know. */
  private warn(message: string): void {
    for (const thread of this.threads) {
      try {
        thread.publish({ type: 'warning', message });
      } catch {
        // A record that cannot be written ends the turn at its next event; the fence must not fail for it.
      }
    }
  }

  private newMeta(request: ThreadRequest, stored: StoredThread | null): ThreadMeta {
    const { settings, options } = this;
    return {
      id: this.newId(),
      createdAt: new Date(this.clock.now()).toISOString(),
      cwd: settings.cwd,
      originator: options.originator,
      source: options.source,
      cliVersion: options.version,
      provider: settings.provider.id,
      forkedFrom: stored?.meta.id ?? null,
      git: this.gitInfo(),
      instructions: request.role?.instructions ?? this.instructionsFor(stored),
    };
  }

  private gitInfo(): GitInfo | null {
    const repository = findRepository(this.settings.cwd);
    return repository && readGitInfo(repository);
  }

  /** A thread of ours keeps the prompt it began with, so that the provider's cache holds over updates. */
  private instructionsFor(stored: StoredThread | null): string {
    const own = this.settings.baseInstructions;
    if (own !== null) return own;
    const meta = stored?.meta;
    return meta?.instructions && meta.originator.startsWith('skua') ? meta.instructions : SYSTEM_PROMPT;
  }

  /** A thread that is gone on with is locked before it is read: another process may be at work on it until then. */
  private openRecord(request: ThreadRequest): OpenRecord {
    const { origin, ephemeral } = request;
    const { home } = this.settings;
    const { now } = this.clock;
    if (origin.type === 'resume') {
      const rollout = ephemeral ? createNullRollout() : openRollout({ path: origin.thread.rolloutPath, now });
      try {
        const stored = readThread(origin.thread);
        return { stored, meta: stored.meta, rollout };
      } catch (error) {
        rollout.close();
        throw error;
      }
    }
    const stored = origin.type === 'fork' ? readThread(origin.thread) : null;
    const meta = this.newMeta(request, stored);
    if (ephemeral) return { stored, meta, rollout: createNullRollout() };
    const rollout = stored ? forkThread({ home, stored, meta, now }) : createRollout({ home, meta, now });
    return { stored, meta, rollout };
  }

  private threadSettings(request: ThreadRequest, stored: StoredThread | null): ThreadSettings {
    const { settings } = this;
    const model =
      request.role?.model ??
      settings.model ??
      stored?.settings?.model ??
      this.catalog.defaultModel(settings.provider.id);
    const effort = settings.effort ?? (settings.model === null ? stored?.settings?.effort : undefined);
    return {
      cwd: settings.cwd,
      provider: settings.provider.id,
      model,
      ...(effort ? { effort } : {}),
      ...(settings.summary ? { summary: settings.summary } : {}),
      ...(settings.verbosity ? { verbosity: settings.verbosity } : {}),
      ...(settings.serviceTier ? { serviceTier: settings.serviceTier } : {}),
      ...(request.outputSchema ? { outputSchema: request.outputSchema } : {}),
      approvalPolicy: settings.approvalPolicy,
      sandbox: this.policy,
    };
  }

  /** The catalog's entry with the config's overrides on top. */
  private modelInfo(slug: string): ModelInfo {
    const { settings } = this;
    const info = this.catalog.find(slug);
    const contextWindow = settings.contextWindow ?? info.contextWindow;
    const share = info.autoCompactTokenLimit / info.contextWindow;
    return {
      ...info,
      contextWindow,
      autoCompactTokenLimit: Math.min(
        settings.autoCompactTokenLimit ?? Infinity,
        Math.floor(contextWindow * share),
      ),
      reasoning:
        info.reasoning && settings.supportsReasoningSummaries !== null
          ? { ...info.reasoning, summaries: settings.supportsReasoningSummaries }
          : info.reasoning,
    };
  }

  private modelWarnings(info: ModelInfo, stored: StoredThread | null): string[] {
    const warnings: string[] = [];
    if (!info.known) {
      warnings.push(
        `The model '${info.slug}' is not in the catalog; cautious defaults are used (context window ${info.contextWindow} tokens). Set model_context_window, or describe it in model_catalog_json.`,
      );
    }
    const before = stored?.settings?.model;
    if (before !== undefined && before !== info.slug) {
      warnings.push(`This thread was recorded with the model '${before}' and goes on with '${info.slug}'.`);
    }
    return warnings;
  }
}
