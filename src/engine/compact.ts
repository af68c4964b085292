// Compaction: the history is replaced by the instructions, the user's own words and a summary, strictly smaller or not at all.
import { approximateTokens, bytesForTokens } from '../lib/tokens.ts';
import { TurnError } from '../protocol/error.ts';
import type { EventBody } from '../protocol/event.ts';
import type { HistoryEntry, MessageEntry } from '../protocol/history.ts';
import { isToolOutput } from '../protocol/history.ts';
import type { ModelRequest } from '../protocol/model.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import { entryTokens, messageText } from './history.ts';
import type { EnginePorts } from './ports.ts';
import { sample } from './sample.ts';

/** The user's own words that survive verbatim. */
const KEPT_USER_TOKENS = 20_000;
/** How often a summary request that does not fit is tried again with older tool outputs left out. */
const MAX_SHRINKS = 4;
const OMITTED = '[output left out to make room for the summary]';

export const SUMMARY_OPENING = '<conversation_summary>';

export const COMPACT_PROMPT = `The conversation is about to be replaced by a summary that you write now; the work goes on from it without anything else of what was said. Do not call tools. Write for a colleague who takes over, and cover, with exact names, paths and commands:
1. What the user wants, with every constraint and preference stated so far.
2. What was done: files changed and how, commands that matter and their results, decisions and why.
3. Where things stand: what works, what fails with which error, what was tried in vain.
4. What is left to do, in order, starting with the very next step.
5. Facts found out about the code base that would take effort to find again.
Leave out pleasantries, file contents that can be read again, and the project's instruction files: those are supplied anew.`;

export interface Compaction {
  ports: EnginePorts;
  turnId: string;
  entries: readonly HistoryEntry[];
  tokens: number;
  /** The messages that open a conversation, as they would be sent today. */
  preamble: readonly MessageEntry[];
  /** The current plan, kept word for word; null when there is none. */
  plan: string | null;
  signal: AbortSignal;
  requestFor(entries: readonly HistoryEntry[]): ModelRequest;
  countUsage(usage: TokenUsage): EventBody;
}

/** Yields the events of the compaction. Returns false when the result would not have been smaller. */
export async function* runCompaction(job: Compaction): AsyncGenerator<EventBody, boolean> {
  const id = job.ports.newId();
  const { turnId } = job;
  yield { type: 'item.started', turnId, item: { type: 'contextCompaction', id } };
  try {
    const summary = yield* summarise(job);
    const entries = rebuild(job, summary);
    const after = entries.reduce((sum, entry) => sum + entryTokens(entry), 0);
    if (summary.trim() === '' || after >= job.tokens) {
      yield {
        type: 'warning',
        turnId,
        message: `Compaction was given up: its result (${after} tokens) would not have been smaller than the conversation (${job.tokens} tokens).`,
      };
      return false;
    }
    yield { type: 'history.replaced', turnId, entries, summary };
    return true;
  } finally {
    yield { type: 'item.completed', turnId, item: { type: 'contextCompaction', id } };
  }
}

async function* summarise(job: Compaction): AsyncGenerator<EventBody, string> {
  const instruction: MessageEntry = {
    type: 'message',
    role: 'user',
    content: [{ type: 'input_text', text: job.ports.compactPrompt ?? COMPACT_PROMPT }],
  };
  let entries = job.entries;
  for (let shrinks = 0; ; shrinks++) {
    try {
      let text = '';
      const request = { ...job.requestFor([...entries, instruction]), toolChoice: 'none' as const };
      for await (const event of sample(request, job.ports, () => false, job.signal)) {
        if (event.type === 'commit') {
          for (const entry of event.entries) if (entry.type === 'message') text += messageText(entry.content);
        } else if (event.type === 'done' && event.usage) {
          yield job.countUsage(event.usage);
        } else if (event.type === 'show' && event.body.type === 'model.retrying') {
          yield event.body;
        }
      }
      return text;
    } catch (error) {
      const tooLong = error instanceof TurnError && error.code === 'context_length';
      if (!tooLong || shrinks >= MAX_SHRINKS || !job.entries.some(isToolOutput)) throw error;
      entries = omitOldOutputs(entries, 1 - 0.5 ** (shrinks + 1));
    }
  }
}

/** Leaves out tool outputs, oldest first, until `share` of their tokens is gone. */
function omitOldOutputs(entries: readonly HistoryEntry[], share: number): readonly HistoryEntry[] {
  let room = entries.filter(isToolOutput).reduce((sum, entry) => sum + entryTokens(entry), 0) * share;
  return entries.map((entry) => {
    if (!isToolOutput(entry) || room <= 0) return entry;
    room -= entryTokens(entry);
    return { ...entry, output: OMITTED };
  });
}

function rebuild(job: Compaction, summary: string): HistoryEntry[] {
  const plan = job.plan === null ? '' : `\n\nThe plan as it stood:\n${job.plan}`;
  const text = `${SUMMARY_OPENING}\nThe conversation so far was replaced by this summary of it:\n\n${summary.trim()}${plan}\n</conversation_summary>`;
  return [
    ...job.preamble,
    ...keepUserMessages(job),
    { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  ];
}

/** The newest messages of the user, oldest first, within the limit; the one that crosses it is cut, the newest rarely. */
function keepUserMessages({ entries, preamble, ports }: Compaction): MessageEntry[] {
  const opening = new Set(preamble.map((message) => messageText(message.content)));
  const kept: MessageEntry[] = [];
  const roomForNewest = ports.modelInfo.contextWindow / 2;
  let room = KEPT_USER_TOKENS;
  for (let i = entries.length - 1; i >= 0 && room > 0; i--) {
    const entry = entries[i] as HistoryEntry;
    if (entry.type !== 'message' || entry.role !== 'user') continue;
    const text = messageText(entry.content);
    if (text === '' || opening.has(text) || isInjected(text)) continue;
    const tokens = approximateTokens(text);
    const isNewest = kept.length === 0;
    const fitting =
      tokens <= room || (isNewest && tokens <= roomForNewest)
        ? text
        : `${text.slice(0, bytesForTokens(room))} [cut]`;
    kept.unshift({ type: 'message', role: 'user', content: [{ type: 'input_text', text: fitting }] });
    room -= tokens;
  }
  return kept;
}

/** Messages in the user's role that the harness wrote: environment, instructions, earlier summaries, markers. */
function isInjected(text: string): boolean {
  return /^(<environment_context>|# AGENTS\.md instructions|<user_instructions>|<conversation_summary>|<turn_aborted>)/.test(
    text,
  );
}
