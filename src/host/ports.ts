// Fills the engine's ports with the real adapters of one thread.
import { discoverProjectDocs } from '../config/project-docs.ts';
import { commandEnvironment } from '../config/shell-environment.ts';
import { createContext } from '../engine/context.ts';
import type { EnginePorts, ToolSet } from '../engine/ports.ts';
import type { Clock } from '../lib/clock.ts';
import { spawn } from '../lib/runtime/spawn.ts';
import { realPathOrSame } from '../lib/real-path.ts';
import { judgeCommand, judgePatch } from '../policy/judge.ts';
import type { HostedToolSpec, ModelInfo } from '../protocol/model.ts';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import type { Settings } from '../protocol/settings.ts';
import { openFileAccess } from '../sandbox/files.ts';
import { pathContextFrom } from '../sandbox/path-context.ts';
import { mayWrite } from '../sandbox/path-rules.ts';
import type { RolloutWriter } from '../storage/rollout-writer.ts';
import { builtinTools, resolveTool } from '../tools/index.ts';
import type { HostOptions } from './host-options.ts';
import { readImage } from './images.ts';
import type { LazySandbox } from './lazy-sandbox.ts';
import type { Provider } from './provider.ts';
import { chooseShell } from './shell-choice.ts';
import { createSpillFolder } from './spill.ts';

const DEFAULT_OUTPUT_TOKENS = 10_000;

export interface PortSources {
  options: HostOptions;
  clock: Clock;
  provider: Provider;
  sandbox: LazySandbox;
  policy: SandboxPolicy;
  modelInfo: ModelInfo;
  rollout: RolloutWriter;
  threadId: string;
  instructions: string;
  /** Offers only these of the built-in tools; null: all. */
  toolNames: readonly string[] | null;
  newId: () => string;
}

export function buildPorts(sources: PortSources): { ports: EnginePorts; warnings: string[] } {
  const { options, clock, policy, provider, sandbox, modelInfo, rollout } = sources;
  const { settings, env } = options;
  const shell = chooseShell(env, process.platform);
  const { docs, warnings } = discoverProjectDocs(settings);
  const environment = commandEnvironment(env, settings.shellEnvironment, {
    threadId: sources.threadId,
    networkDisabled: policy.network === 'off' && policy.mode !== 'danger-full-access',
    isWindows: process.platform === 'win32',
    secretNames: provider.secretEnvNames,
  });
  const spill = createSpillFolder(settings.home, sources.threadId, clock.now);
  const pathContext = pathContextFrom(env);
  const approved = new Set<string>();
  const judging = { approvalPolicy: settings.approvalPolicy, sandboxMode: policy.mode };
  const isWritable = (path: string): boolean => mayWrite(path, policy, pathContext);
  const ports: EnginePorts = {
    model: provider.client,
    modelInfo,
    retries: settings.provider,
    tools: toolSet(sources, settings),
    context: createContext({
      instructions: sources.instructions,
      developerInstructions: settings.developerInstructions,
      projectDocs: docs,
      shellName: shell,
      platform: `${process.platform} ${process.arch}`,
      ...localTime(clock.now()),
    }),
    judge: (action) =>
      action.kind === 'command'
        ? judgeCommand({ ...action, ...judging })
        : judgePatch({ paths: action.paths, isWritable, ...judging }),
    policy: () => policy,
    sandbox: () => sandbox.get(),
    files: openFileAccess(() => policy, pathContext, approved),
    grantWrite: (paths) => paths.forEach((path) => approved.add(realPathOrSame(path))),
    spawn,
    commandEnvironment: () => environment,
    shell,
    allowLoginShell: settings.allowLoginShell,
    askApproval: options.askApproval,
    askUser: options.askUser,
    openSpill: () => spill.open(),
    readImage: (path) => Promise.resolve(readImage(path)),
    clock,
    newId: sources.newId,
    random: Math.random,
    record: (event) => rollout.append(event),
    outputTokenLimit: settings.toolOutputTokenLimit ?? DEFAULT_OUTPUT_TOKENS,
    compactPrompt: settings.compactPrompt,
  };
  return { ports, warnings };
}

function toolSet({ modelInfo, toolNames }: PortSources, settings: Settings): ToolSet {
  const all = builtinTools({
    editFormat: modelInfo.editFormat,
    viewImage: settings.viewImageTool && modelInfo.inputImages,
    requestUserInput: true,
  });
  const offered = toolNames ? all.filter((tool) => toolNames.includes(tool.name)) : all;
  return {
    offered,
    hosted: hostedTools(modelInfo, settings),
    resolve: (name) => resolveTool(name, offered),
  };
}

function hostedTools(modelInfo: ModelInfo, settings: Settings): HostedToolSpec[] {
  if (settings.webSearch === 'disabled' || !modelInfo.hostedTools.includes('web_search')) return [];
  return [{ type: 'web_search', external_web_access: settings.webSearch === 'live' }];
}

function localTime(now: number): { date: string; timeZone: string } {
  const date = new Date(now);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return {
    date: `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
