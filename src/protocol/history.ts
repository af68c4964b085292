// What the model reads: append-only entries in the shape of OpenAI Responses input items, which is also their shape in rollouts.
// Source: OpenAI Responses API, `InputItem`/`OutputItem`. Unknown members and unknown entry types are kept as they came.

export type InputContent =
  | { type: 'input_text'; text: string }
  | { type: 'input_image'; image_url: string; detail?: 'auto' | 'low' | 'high' | 'original' }
  | { type: 'output_text'; text: string }
  | { type: 'refusal'; refusal: string };

export interface MessageEntry {
  type: 'message';
  role: 'user' | 'assistant' | 'developer' | 'system';
  content: InputContent[];
  id?: string;
  phase?: 'commentary' | 'final_answer';
}

export interface ReasoningEntry {
  type: 'reasoning';
  id?: string;
  summary: { type: 'summary_text'; text: string }[];
  content?: { type: 'reasoning_text' | 'text'; text: string }[] | null;
  encrypted_content?: string | null;
}

/** A call of a JSON tool; `arguments` is the exact string the model wrote. */
export interface FunctionCallEntry {
  type: 'function_call';
  id?: string;
  call_id: string;
  name: string;
  namespace?: string;
  arguments: string;
}

/** A call of a freeform tool; `input` is the exact text the model wrote. */
export interface CustomToolCallEntry {
  type: 'custom_tool_call';
  id?: string;
  call_id: string;
  name: string;
  input: string;
}

export type ToolCallEntry = FunctionCallEntry | CustomToolCallEntry;

export type ToolOutputContent = string | InputContent[];

export interface ToolOutputEntry {
  type: 'function_call_output' | 'custom_tool_call_output';
  call_id: string;
  output: ToolOutputContent;
}

/** A search that the provider ran itself; shown, replayed, never answered by us. */
export interface WebSearchCallEntry {
  type: 'web_search_call';
  id?: string;
  status?: string;
  action?: { type: string; query?: string; queries?: string[]; url?: string; pattern?: string };
}

/** An opaque summary made by the provider's own compaction. */
export interface CompactionEntry {
  type: 'compaction' | 'compaction_summary';
  encrypted_content: string;
}

/** Any other item the provider sends: kept and replayed, not understood. */
export interface UnknownEntry {
  type: 'unknown';
  /** The item as it came. */
  raw: Record<string, unknown>;
}

export type HistoryEntry =
  | MessageEntry
  | ReasoningEntry
  | ToolCallEntry
  | ToolOutputEntry
  | WebSearchCallEntry
  | CompactionEntry
  | UnknownEntry;

export function isToolCall(entry: HistoryEntry): entry is ToolCallEntry {
  return entry.type === 'function_call' || entry.type === 'custom_tool_call';
}

export function isToolOutput(entry: HistoryEntry): entry is ToolOutputEntry {
  return entry.type === 'function_call_output' || entry.type === 'custom_tool_call_output';
}

/** The exact text the model wrote as the input of a call. */
export function toolInputOf(call: ToolCallEntry): string {
  return call.type === 'function_call' ? call.arguments : call.input;
}
