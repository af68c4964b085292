// A thread with a scripted model, fake tools and a fake clock: model steps in, the whole event log out.
import { Thread } from '../../src/engine/thread.ts';
import type { ThreadOptions, TurnResult } from '../../src/engine/thread.ts';
import type { EnginePorts } from '../../src/engine/ports.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { ThreadEvent } from '../../src/protocol/event.ts';
import { ToolInputError } from '../../src/protocol/error.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { ModelEvent, ModelInfo, ModelRequest } from '../../src/protocol/model.ts';
import type { SandboxPolicy } from '../../src/protocol/sandbox.ts';
import type { ThreadSettings } from '../../src/protocol/thread.ts';
import type { Tool, ToolContext, ToolOutcome } from '../../src/protocol/tool.ts';
import type { TokenUsage } from '../../src/protocol/usage.ts';

/** One reply: events in order; an Error is thrown at its place; a function runs (and may wait) at its place. */
export type Step = (ModelEvent | Error | ((signal: AbortSignal) => void | Promise<void>))[];

export const POLICY: SandboxPolicy = {
  mode: 'workspace-write',
  workspace: '/work',
  writableRoots: [],
  writableTmp: { tmpdir: true, slashTmp: true },
  denyRead: [],
  protectedPaths: [],
  network: 'off',
};

export const MODEL: ModelInfo = {
  slug: 'scripted',
  displayName: 'scripted',
  description: '',
  contextWindow: 100_000,
  autoCompactTokenLimit: 90_000,
  maxOutputTokens: null,
  editFormat: 'apply_patch_freeform',
  parallelToolCalls: true,
  inputImages: true,
  reasoning: null,
  verbosity: null,
  hostedTools: [],
  serviceTiers: [],
  price: null,
  listed: true,
  known: true,
};

export const SETTINGS: ThreadSettings = {
  cwd: '/work',
  provider: 'test',
  model: 'scripted',
  approvalPolicy: 'never',
  sandbox: POLICY,
};

export interface FakeClock extends Clock {
  slept: number[];
  advance(ms: number): void;
}

/** Sleeps end at once and are written down; `hold` keeps those longer than a minute open until `advance`. */
export function fakeClock(): FakeClock {
  let time = 1_700_000_000_000;
  const slept: number[] = [];
  const waiting = new Set<{ at: number; wake: () => void }>();
  return {
    slept,
    now: () => time,
    monotonic: () => time,
    advance(ms) {
      time += ms;
      for (const sleeper of waiting) if (sleeper.at <= time) sleeper.wake();
    },
    sleep(ms, signal) {
      if (ms < 60_000) {
        slept.push(ms);
        time += ms;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const sleeper = { at: time + ms, wake: () => (waiting.delete(sleeper), resolve()) };
        waiting.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake);
      });
    },
  };
}

export function fakeTool(
  name: string,
  run: (input: string, ctx: ToolContext) => Promise<ToolOutcome> | ToolOutcome,
  options: { parallel?: boolean } = {},
): Tool {
  return {
    name,
    description: name,
    input: { type: 'json', schema: {} },
    parallel: options.parallel ?? false,
    prepare(input, at) {
      if (input === 'bad') throw new ToolInputError('failed to parse function arguments: bad');
      return {
        item: { type: 'fileChange', id: at.callId, changes: [], status: 'inProgress' },
        async run(ctx) {
          const outcome = await run(input, ctx);
          const status = outcome.success ? 'completed' : 'failed';
          return { item: { type: 'fileChange', id: at.callId, changes: [], status }, ...outcome };
        },
      };
    },
  };
}

export interface Rig {
  thread: Thread;
  events: ThreadEvent[];
  requests: ModelRequest[];
  /** The history as each request saw it. */
  inputs: HistoryEntry[][];
  clock: FakeClock;
  run(text?: string): Promise<TurnResult>;
  /** Event types in order, with the item type where there is one. */
  log(): string[];
}

export function rig(
  steps: Step[],
  options: Omit<Partial<ThreadOptions>, 'ports'> & { tools?: Tool[]; ports?: Partial<EnginePorts> } = {},
): Rig {
  const requests: ModelRequest[] = [];
  const inputs: HistoryEntry[][] = [];
  const clock = fakeClock();
  let ids = 0;
  const tools = options.tools ?? [];
  const ports: EnginePorts = {
    async *model(request, signal) {
      requests.push(request);
      inputs.push([...request.input]);
      const step = steps.shift();
      if (!step) throw new Error('the script has no step left');
      for (const part of step) {
        if (part instanceof Error) throw part;
        if (typeof part === 'function') await part(signal);
        else yield part;
      }
    },
    modelInfo: MODEL,
    retries: { requestMaxRetries: 4, streamMaxRetries: 5 },
    tools: {
      offered: tools,
      hosted: [],
      resolve: (name) => tools.find((candidate) => candidate.name === name) ?? null,
    },
    context: {
      instructions: 'be good',
      preamble: () => [{ role: 'user', text: '<environment_context>here</environment_context>' }],
    },
    judge: () => ({ decision: 'allow', sandboxed: true }),
    policy: () => POLICY,
    sandbox: () => Promise.reject(new Error('no sandbox in this test')),
    files: unavailable('files'),
    grantWrite: () => {},
    spawn: () => {
      throw new Error('no processes in this test');
    },
    commandEnvironment: () => ({}),
    shell: '/bin/bash',
    allowLoginShell: true,
    askApproval: () => Promise.resolve('decline'),
    askUser: () => Promise.resolve(null),
    openSpill: () => {
      throw new Error('no spill in this test');
    },
    readImage: () => Promise.resolve('data:image/png;base64,AAAA'),
    clock,
    newId: () => `id${ids++}`,
    random: () => 0.5,
    record: () => {},
    outputTokenLimit: 10_000,
    compactPrompt: null,
    ...options.ports,
  };
  const thread = new Thread({ id: 'thread-1', settings: SETTINGS, ...options, ports });
  const events: ThreadEvent[] = [];
  thread.subscribe((event) => events.push(event));
  return {
    thread,
    events,
    requests,
    inputs,
    clock,
    run: (text = 'hello') => thread.run([{ type: 'text', text }]),
    log: () => events.map((event) => ('item' in event ? `${event.type} ${event.item.type}` : event.type)),
  };
}

function unavailable(name: string): EnginePorts['files'] {
  return new Proxy({} as EnginePorts['files'], {
    get: () => () => Promise.reject(new Error(`no ${name} in this test`)),
  });
}

export const usage = (input: number, output = 10): TokenUsage => ({
  inputTokens: input,
  cachedInputTokens: 0,
  outputTokens: output,
  reasoningOutputTokens: 0,
  totalTokens: input + output,
});

export const done = (input = 100): ModelEvent => ({
  type: 'completed',
  responseId: 'r',
  usage: usage(input),
});

export const text = (id: string, content: string): ModelEvent[] => [
  { type: 'textDelta', itemId: id, text: content },
  {
    type: 'entry',
    itemId: id,
    entry: { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: content }] },
  },
];

export const call = (id: string, name: string, input = '{}'): ModelEvent => ({
  type: 'entry',
  itemId: `fc_${id}`,
  entry: { type: 'function_call', call_id: id, name, arguments: input },
});
