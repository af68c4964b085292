// What people see of a thread: Codex's app-server v2 `ThreadItem` union, kept verbatim (camelCase, same enums).

/** One piece of user input. Source: app-server v2 schema, `UserInput`. */
export type UserInput =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string }
  | { type: 'localImage'; path: string }
  | { type: 'skill'; name: string; path: string }
  | { type: 'mention'; name: string; path: string };

export type CommandStatus = 'inProgress' | 'completed' | 'failed' | 'declined';

/** Best-effort reading of what a command does. Source: app-server v2 schema, `CommandAction`. */
export type CommandAction =
  | { type: 'read'; command: string; name: string; path: string }
  | { type: 'listFiles'; command: string; path: string | null }
  | { type: 'search'; command: string; query: string | null; path: string | null }
  | { type: 'unknown'; command: string };

export type PatchChangeKind =
  | { type: 'add' }
  | { type: 'delete' }
  | { type: 'update'; move_path: string | null };

/** One file of a patch: absolute path, kind, and a unified diff (for add and delete: the whole content). */
export interface FileUpdateChange {
  path: string;
  kind: PatchChangeKind;
  diff: string;
}

export type WebSearchAction =
  | { type: 'search'; query: string | null; queries: string[] | null }
  | { type: 'openPage'; url: string | null }
  | { type: 'findInPage'; url: string | null; pattern: string | null }
  | { type: 'other' };

export type CollabAgentStatus =
  | 'pendingInit'
  | 'running'
  | 'interrupted'
  | 'completed'
  | 'errored'
  | 'shutdown'
  | 'notFound';

export interface UserMessageItem {
  type: 'userMessage';
  id: string;
  content: UserInput[];
}

export interface AgentMessageItem {
  type: 'agentMessage';
  id: string;
  text: string;
  phase: 'commentary' | 'final_answer' | null;
}

export interface ReasoningItem {
  type: 'reasoning';
  id: string;
  summary: string[];
  content: string[];
}

export interface CommandExecutionItem {
  type: 'commandExecution';
  id: string;
  /** The full command as it was started, shell included, quoted for a POSIX shell. */
  command: string;
  cwd: string;
  /** Identifier of the background session, when it has one. */
  processId: string | null;
  source: 'agent' | 'userShell' | 'unifiedExecStartup' | 'unifiedExecInteraction';
  status: CommandStatus;
  commandActions: CommandAction[];
  /** stdout and stderr as they came, capped. */
  aggregatedOutput: string | null;
  exitCode: number | null;
  durationMs: number | null;
}

export interface FileChangeItem {
  type: 'fileChange';
  id: string;
  changes: FileUpdateChange[];
  status: CommandStatus;
}

export interface McpToolCallItem {
  type: 'mcpToolCall';
  id: string;
  server: string;
  tool: string;
  status: 'inProgress' | 'completed' | 'failed';
  arguments: unknown;
  result: { content: unknown[]; structuredContent: unknown } | null;
  error: { message: string } | null;
  durationMs: number | null;
}

export interface CollabAgentToolCallItem {
  type: 'collabAgentToolCall';
  id: string;
  tool: 'spawnAgent' | 'sendInput' | 'resumeAgent' | 'wait' | 'closeAgent';
  status: 'inProgress' | 'completed' | 'failed';
  senderThreadId: string;
  receiverThreadIds: string[];
  prompt: string | null;
  model: string | null;
  reasoningEffort: string | null;
  agentsStates: Record<string, { status: CollabAgentStatus; message: string | null }>;
}

export interface WebSearchItem {
  type: 'webSearch';
  id: string;
  query: string;
  action: WebSearchAction | null;
}

/** Codex shows plans as a notification; here they are an item, so that every face gets them the same way. */
export interface TodoListItem {
  type: 'todoList';
  id: string;
  items: { text: string; status: 'pending' | 'inProgress' | 'completed' }[];
}

export type Item =
  | UserMessageItem
  | AgentMessageItem
  | ReasoningItem
  | CommandExecutionItem
  | FileChangeItem
  | McpToolCallItem
  | CollabAgentToolCallItem
  | WebSearchItem
  | TodoListItem
  | { type: 'imageView'; id: string; path: string }
  | { type: 'enteredReviewMode'; id: string; review: string }
  | { type: 'exitedReviewMode'; id: string; review: string }
  | { type: 'contextCompaction'; id: string }
  | { type: 'error'; id: string; message: string };
