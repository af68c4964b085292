// How a turn opens: lost calls closed, missing context supplied, the user's input turned into history.
import type { EventBody } from '../protocol/event.ts';
import type { HistoryEntry, InputContent, MessageEntry } from '../protocol/history.ts';
import type { UserInput } from '../protocol/item.ts';
import { messageText } from './history.ts';
import type { EnginePorts } from './ports.ts';
import type { TurnOwner } from './turn-owner.ts';

const LOST_CALL =
  'interrupted: the program ended before this call finished. It may have had effects; check before repeating it.';

export interface Opening {
  entries: HistoryEntry[];
  items: EventBody[];
}

export function preambleMessages(thread: TurnOwner): MessageEntry[] {
  return thread.ports.context.preamble(thread.settings).map(({ role, text }) => ({
    type: 'message',
    role,
    content: [{ type: 'input_text', text }],
  }));
}

/** Opening messages that the history does not hold yet: all of them at first, later those that have changed. */
export function missingPreamble(thread: TurnOwner): MessageEntry[] {
  const present = new Set<string>();
  for (const entry of thread.history.entries) {
    if (entry.type === 'message' && entry.role !== 'assistant') present.add(messageText(entry.content));
  }
  return preambleMessages(thread).filter((message) => !present.has(messageText(message.content)));
}

/** A process that died left calls without output: the model must learn that, and the request would be invalid. */
export function closeLostCalls(thread: TurnOwner): HistoryEntry[] {
  return thread.history.unansweredCalls().map((call) => ({
    type: call.type === 'function_call' ? 'function_call_output' : 'custom_tool_call_output',
    call_id: call.call_id,
    output: LOST_CALL,
  }));
}

export async function userMessage(
  ports: EnginePorts,
  turnId: string,
  input: readonly UserInput[],
): Promise<Opening> {
  if (input.length === 0) return { entries: [], items: [] };
  const content: InputContent[] = [];
  let images = 0;
  for (const part of input) {
    switch (part.type) {
      case 'text':
        content.push({ type: 'input_text', text: part.text });
        break;
      case 'image':
      case 'localImage': {
        const url = part.type === 'image' ? part.url : await ports.readImage(part.path);
        images++;
        content.push({ type: 'input_text', text: `<image name=[Image #${images}]>` });
        content.push({ type: 'input_image', image_url: url });
        content.push({ type: 'input_text', text: '</image>' });
        break;
      }
      case 'skill':
      case 'mention':
        content.push({ type: 'input_text', text: `[${part.name}](${part.path})` });
        break;
    }
  }
  const item = { type: 'userMessage' as const, id: ports.newId(), content: [...input] };
  return {
    entries: [{ type: 'message', role: 'user', content }],
    items: [
      { type: 'item.started', turnId, item },
      { type: 'item.completed', turnId, item },
    ],
  };
}
