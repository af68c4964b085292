// Events of a small thread, for the tests of rollouts: every kind of line a rollout can hold.
import type { EventBody, ThreadEvent } from '../../src/protocol/event.ts';
import type { HistoryEntry } from '../../src/protocol/history.ts';
import type { ThreadMeta, ThreadSettings } from '../../src/protocol/thread.ts';
import type { TokenUsage } from '../../src/protocol/usage.ts';

export const THREAD_ID = '019a0000-0000-7000-8000-000000000001';
export const TURN_ID = '019a0000-0000-7000-8000-000000000002';
export const NOW = Date.UTC(2026, 0, 15, 10, 30, 0);

export const META: ThreadMeta = {
  id: THREAD_ID,
  createdAt: new Date(NOW).toISOString(),
  cwd: '/home/user/project',
  originator: 'skua_exec',
  source: 'exec',
  cliVersion: '0.1.0',
  provider: 'openai',
  forkedFrom: null,
  git: { commitHash: 'a'.repeat(40), branch: 'main', repositoryUrl: 'https://example.com/x.git' },
  instructions: 'Be brief.',
};

export const SETTINGS: ThreadSettings = {
  cwd: '/home/user/project',
  provider: 'openai',
  model: 'gpt-5.4',
  effort: 'ultra',
  summary: 'detailed',
  verbosity: 'low',
  serviceTier: 'flex',
  approvalPolicy: {
    granular: {
      sandbox_approval: true,
      rules: false,
      mcp_elicitations: true,
      request_permissions: false,
      skill_approval: true,
    },
  },
  sandbox: {
    mode: 'workspace-write',
    workspace: '/home/user/project',
    writableRoots: ['/data'],
    writableTmp: { tmpdir: true, slashTmp: false },
    denyRead: ['/home/user/.ssh'],
    protectedPaths: ['/home/user/project/.git/hooks'],
    network: 'proxy',
  },
  outputSchema: { type: 'object' },
};

export function usage(count: number): TokenUsage {
  return {
    inputTokens: count * 10,
    cachedInputTokens: count * 5,
    outputTokens: count,
    reasoningOutputTokens: 0,
    totalTokens: count * 11,
  };
}

export const asked = (text: string): HistoryEntry => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});

export const answered = (text: string): HistoryEntry => ({
  type: 'message',
  role: 'assistant',
  id: 'msg_1',
  content: [{ type: 'output_text', text }],
  phase: 'final_answer',
});

export const WORK: HistoryEntry[] = [
  {
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'Thinking' }],
    content: null,
    encrypted_content: 'gAAAA',
  },
  {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name: 'exec_command',
    arguments: '{"cmd":"printf \'ä\\n\'" }',
  },
  { type: 'function_call_output', call_id: 'call_1', output: 'ä\u2028\u0000\n' },
  {
    type: 'custom_tool_call',
    call_id: 'call_2',
    name: 'apply_patch',
    input: '*** Begin Patch\n*** End Patch',
  },
  { type: 'custom_tool_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'Done' }] },
  { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
  { type: 'unknown', raw: { type: 'from_the_future', nested: { keeps: ['everything', 1, null] } } },
  { type: 'compaction', encrypted_content: 'gBBBB' },
];

/** The events of one turn, as the engine emits them. */
export function turnEvents(
  text: string,
  answer: string,
  options: { work?: HistoryEntry[]; count?: number } = {},
): ThreadEvent[] {
  const count = options.count ?? 1;
  const bodies: EventBody[] = [
    { type: 'turn.started', turnId: TURN_ID, settings: SETTINGS, contextWindow: 200_000 },
    { type: 'history.appended', turnId: TURN_ID, entries: [asked(text)] },
    {
      type: 'item.completed',
      turnId: TURN_ID,
      item: { type: 'userMessage', id: 'u', content: [{ type: 'text', text }] },
    },
    { type: 'item.delta', turnId: TURN_ID, itemId: 'm', delta: { kind: 'text', text: 'never kept' } },
    { type: 'history.appended', turnId: TURN_ID, entries: options.work ?? [] },
    { type: 'usage.updated', turnId: TURN_ID, last: usage(1), thread: usage(count), contextWindow: 200_000 },
    { type: 'history.appended', turnId: TURN_ID, entries: [answered(answer)] },
    {
      type: 'item.completed',
      turnId: TURN_ID,
      item: { type: 'agentMessage', id: 'm', text: answer, phase: 'final_answer' },
    },
    { type: 'turn.completed', turnId: TURN_ID, usage: usage(1), lastMessage: answer },
  ];
  return bodies.map((body, seq) => ({ ...body, threadId: THREAD_ID, seq }));
}

export function event(body: EventBody): ThreadEvent {
  return { ...body, threadId: THREAD_ID, seq: 0 };
}
