// What people see of a history entry: pure, used both while it happens and when a thread is shown again.
import type { HistoryEntry } from '../protocol/history.ts';
import type { Item, WebSearchAction } from '../protocol/item.ts';
import { messageText } from './history.ts';

/** null for entries that have no picture of their own (calls and outputs are shown by their tool). */
export function present(entry: HistoryEntry, id: string): Item | null {
  switch (entry.type) {
    case 'message':
      if (entry.role === 'assistant') {
        return { type: 'agentMessage', id, text: messageText(entry.content), phase: entry.phase ?? null };
      }
      if (entry.role === 'user') {
        return { type: 'userMessage', id, content: [{ type: 'text', text: messageText(entry.content) }] };
      }
      return null;
    case 'reasoning':
      return {
        type: 'reasoning',
        id,
        summary: entry.summary.map((part) => part.text),
        content: (entry.content ?? []).map((part) => part.text),
      };
    case 'web_search_call':
      return { type: 'webSearch', id, query: searchQuery(entry.action), action: searchAction(entry.action) };
    case 'compaction':
    case 'compaction_summary':
      return { type: 'contextCompaction', id };
    case 'function_call':
    case 'custom_tool_call':
    case 'function_call_output':
    case 'custom_tool_call_output':
    case 'unknown':
      return null;
  }
}

type WireAction = Extract<HistoryEntry, { type: 'web_search_call' }>['action'];

function searchQuery(action: WireAction): string {
  return action?.query ?? action?.queries?.join(', ') ?? action?.url ?? '';
}

function searchAction(action: WireAction): WebSearchAction {
  switch (action?.type) {
    case 'search':
      return { type: 'search', query: action.query ?? null, queries: action.queries ?? null };
    case 'open_page':
      return { type: 'openPage', url: action.url ?? null };
    case 'find_in_page':
      return { type: 'findInPage', url: action.url ?? null, pattern: action.pattern ?? null };
    default:
      return { type: 'other' };
  }
}
