// The `--json` projection: thread events to Codex's exec JSONL, one object a line.
// Source: events of Codex 0.118 `exec --json` as observed; members beyond those are additions, never changes.
import type { ThreadEvent } from '../../protocol/event.ts';
import type { CommandStatus, Item } from '../../protocol/item.ts';
import type { TokenUsage } from '../../protocol/usage.ts';
import { NO_USAGE } from '../../protocol/usage.ts';

type Json = Record<string, unknown>;

/** Item types that have no "started" line of their own. */
const COMPLETED_ONLY = new Set<Item['type']>(['agentMessage', 'reasoning', 'error']);

export class JsonlProjection {
  /** `item_N` by our item id, counted from 0 in the order of appearance. */
  private readonly names = new Map<string, string>();
  private readonly hideReasoning: boolean;
  private usage: TokenUsage;

  /** `usage`: what a resumed thread has used before. */
  constructor(options: { hideReasoning: boolean; usage?: TokenUsage }) {
    this.hideReasoning = options.hideReasoning;
    this.usage = options.usage ?? NO_USAGE;
  }

  /** The lines (without line ends) for one event; most events have none. */
  project(event: ThreadEvent): Json[] {
    switch (event.type) {
      case 'turn.started':
        return [{ type: 'turn.started' }];
      case 'usage.updated':
        this.usage = event.thread;
        return [];
      case 'turn.completed':
        return [{ type: 'turn.completed', usage: wireUsage(this.usage), turn_usage: wireUsage(event.usage) }];
      case 'turn.failed':
        return this.failure(event.error.message, event.error.code, event.usage);
      case 'turn.aborted':
        return this.failure('The turn was interrupted.', 'interrupted', event.usage);
      case 'item.started':
        return COMPLETED_ONLY.has(event.item.type) ? [] : this.item('item.started', event.item);
      case 'item.updated':
        return this.item('item.updated', event.item);
      case 'item.completed':
        return this.item('item.completed', event.item);
      case 'model.retrying': {
        const { attempt, maxAttempts, error } = event;
        return [{ type: 'error', message: `Reconnecting... ${attempt}/${maxAttempts} (${error.message})` }];
      }
      case 'warning':
        return this.item('item.completed', {
          type: 'error',
          id: `warning-${event.seq}`,
          message: event.message,
        });
      default:
        return [];
    }
  }

  private failure(message: string, code: string, turn: TokenUsage): Json[] {
    return [
      { type: 'error', message },
      {
        type: 'turn.failed',
        error: { message, code },
        usage: wireUsage(this.usage),
        turn_usage: wireUsage(turn),
      },
    ];
  }

  private item(type: string, item: Item): Json[] {
    const body = this.body(item);
    return body ? [{ type, item: { id: this.nameOf(item.id), ...body } }] : [];
  }

  private nameOf(id: string): string {
    const known = this.names.get(id);
    if (known) return known;
    const name = `item_${this.names.size}`;
    this.names.set(id, name);
    return name;
  }

  private body(item: Item): Json | null {
    switch (item.type) {
      case 'agentMessage':
        return { type: 'agent_message', text: item.text };
      case 'reasoning': {
        const text = item.summary.join('\n\n');
        return this.hideReasoning || text === '' ? null : { type: 'reasoning', text };
      }
      case 'commandExecution':
        return {
          type: 'command_execution',
          command: item.command,
          aggregated_output: item.aggregatedOutput ?? '',
          exit_code: item.exitCode,
          status: wireStatus(item.status),
        };
      case 'fileChange':
        return {
          type: 'file_change',
          changes: item.changes.map((change) => ({ path: change.path, kind: change.kind.type })),
          status: item.status === 'declined' ? 'failed' : wireStatus(item.status),
        };
      case 'mcpToolCall':
        return {
          type: 'mcp_tool_call',
          server: item.server,
          tool: item.tool,
          arguments: item.arguments,
          result: item.result && {
            content: item.result.content,
            structured_content: item.result.structuredContent ?? null,
          },
          error: item.error,
          status: wireStatus(item.status),
        };
      case 'collabAgentToolCall':
        return collabBody(item);
      case 'webSearch':
        return { type: 'web_search', query: item.query, action: wireSearchAction(item) };
      case 'todoList':
        return {
          type: 'todo_list',
          items: item.items.map((step) => ({ text: step.text, completed: step.status === 'completed' })),
        };
      case 'error':
        return { type: 'error', message: item.message };
      case 'userMessage':
      case 'imageView':
      case 'enteredReviewMode':
      case 'exitedReviewMode':
      case 'contextCompaction':
        return null;
    }
  }
}

function wireStatus(status: CommandStatus): string {
  return status === 'inProgress' ? 'in_progress' : status;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function collabBody(item: Extract<Item, { type: 'collabAgentToolCall' }>): Json {
  const states = Object.entries(item.agentsStates).map(([id, state]) => [
    id,
    { status: snakeCase(state.status), message: state.message },
  ]);
  return {
    type: 'collab_tool_call',
    tool: snakeCase(item.tool),
    sender_thread_id: item.senderThreadId,
    receiver_thread_ids: item.receiverThreadIds,
    prompt: item.prompt,
    agents_states: Object.fromEntries(states),
    status: wireStatus(item.status),
  };
}

function wireSearchAction(item: Extract<Item, { type: 'webSearch' }>): Json {
  const action = item.action ?? { type: 'other' as const };
  const { type, ...rest } = action;
  return { type: snakeCase(type), ...rest };
}

export function wireUsage(usage: TokenUsage): Json {
  return {
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    reasoning_output_tokens: usage.reasoningOutputTokens,
  };
}
