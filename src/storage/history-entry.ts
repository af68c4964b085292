// Reads one item of the provider's API, as a rollout keeps it, into a history entry.
import { isJsonObject, stringMember, type JsonObject } from '../lib/json-lines.ts';
import type { HistoryEntry, MessageEntry } from '../protocol/history.ts';

/** Items that Codex keeps for itself and never sends to a model. */
const NEVER_SENT: ReadonlySet<string> = new Set(['ghost_snapshot', 'compaction_trigger', 'other']);
/** Newer versions of Codex note their own bookkeeping in the item and take it out before sending. */
const BOOKKEEPING = 'internal_chat_message_metadata_passthrough';

/** `skip`: nothing to send; `damaged`: members that every such item has are missing. */
export type EntryReading = { kind: 'entry'; entry: HistoryEntry } | { kind: 'skip' } | { kind: 'damaged' };

/** Takes over `payload` as it is; entry types unknown here become `unknown` entries. */
export function readEntry(payload: JsonObject): EntryReading {
  const type = stringMember(payload, 'type');
  if (type === null) return { kind: 'damaged' };
  if (NEVER_SENT.has(type)) return { kind: 'skip' };
  if (BOOKKEEPING in payload) delete payload[BOOKKEEPING];
  if (!isSound(type, payload)) return { kind: 'damaged' };
  const entry = KNOWN.has(type)
    ? (payload as unknown as HistoryEntry)
    : ({ type: 'unknown', raw: payload } as const);
  return { kind: 'entry', entry };
}

const KNOWN: ReadonlySet<string> = new Set([
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
  'function_call_output',
  'custom_tool_call_output',
  'web_search_call',
  'compaction',
  'compaction_summary',
]);

function isSound(type: string, payload: JsonObject): boolean {
  const isText = (name: string): boolean => typeof payload[name] === 'string';
  switch (type) {
    case 'message':
      return isText('role') && Array.isArray(payload['content']);
    case 'reasoning':
      return Array.isArray(payload['summary']);
    case 'function_call':
      return isText('call_id') && isText('name') && isText('arguments');
    case 'custom_tool_call':
      return isText('call_id') && isText('name') && isText('input');
    case 'function_call_output':
    case 'custom_tool_call_output':
      return isText('call_id') && (isText('output') || Array.isArray(payload['output']));
    case 'compaction':
    case 'compaction_summary':
      return isText('encrypted_content');
    default:
      return true;
  }
}

const CONTEXT_MARKS: readonly string[] = [
  '# AGENTS.md instructions',
  '<environment_context>',
  '<user_instructions>',
  '<permissions instructions>',
  '<turn_aborted>',
  '<skill>',
  '<subagent_notification>',
  '<user_shell_command>',
];

/** The text of a message that a person wrote; null for other entries and for context that the program put in. */
export function userTextOf(entry: HistoryEntry): string | null {
  if (entry.type !== 'message' || entry.role !== 'user') return null;
  const text = textOf(entry);
  const start = text.trimStart();
  return CONTEXT_MARKS.some((mark) => start.startsWith(mark)) ? null : text;
}

function textOf(entry: MessageEntry): string {
  return entry.content
    .map((part: unknown) => (isJsonObject(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .filter((text) => text !== '')
    .join('\n');
}
