// Makes a history valid that a damaged rollout gave: every call id once, every output after its call.
import type { HistoryEntry } from '../protocol/history.ts';

interface CallState {
  call: HistoryEntry;
  output: HistoryEntry | null;
  /** Id under which the pair stands in the repaired history. */
  id: string;
  /** Where the call stands in the repaired history. */
  position: number;
}

export interface RepairedHistory {
  history: HistoryEntry[];
  warnings: string[];
}

/**
 * Drops repeated calls and outputs, and outputs without a call; moves outputs that stand before their call;
 * gives a different call with a used id an id of its own. Calls without outputs stay: whoever goes on must close them.
 */
export function repairHistory(entries: readonly HistoryEntry[]): RepairedHistory {
  const history: HistoryEntry[] = [];
  const calls = new Map<string, CallState>();
  const early = new Map<string, HistoryEntry>();
  const counts = { repeated: 0, renamed: 0 };

  for (const entry of entries) {
    const link = linkOf(entry);
    if (link === null) {
      history.push(entry);
    } else if (link.role === 'call') {
      const known = calls.get(link.id);
      if (known !== undefined && isSame(known.call, entry)) {
        counts.repeated++;
        continue;
      }
      const id = known === undefined ? link.id : freeId(link.id, calls);
      if (known !== undefined) counts.renamed++;
      // The original id now means the newest call: the output that follows belongs to it.
      const state: CallState = { call: entry, output: null, id, position: history.length };
      calls.set(link.id, state);
      if (id !== link.id) calls.set(id, state);
      history.push(withId(entry, id));
    } else {
      const state = calls.get(link.id);
      if (state === undefined) early.set(link.id, entry);
      else if (state.output !== null) counts.repeated++;
      else {
        state.output = entry;
        history.push(withId(entry, state.id));
      }
    }
  }
  const lost = placeEarlyOutputs(history, calls, early);
  return { history, warnings: describe(counts.repeated, counts.renamed, lost) };
}

/** Puts outputs that came before their call right behind it; returns how many have no call at all. */
function placeEarlyOutputs(
  history: HistoryEntry[],
  calls: ReadonlyMap<string, CallState>,
  early: ReadonlyMap<string, HistoryEntry>,
): number {
  const placed: { position: number; entry: HistoryEntry }[] = [];
  let lost = 0;
  for (const [id, entry] of early) {
    const state = calls.get(id);
    if (state === undefined || state.output !== null) lost++;
    else placed.push({ position: state.position, entry: withId(entry, state.id) });
  }
  // From the back, so that the positions in front stay true.
  placed.sort((a, b) => b.position - a.position);
  for (const { position, entry } of placed) history.splice(position + 1, 0, entry);
  return lost;
}

interface CallLink {
  role: 'call' | 'output';
  id: string;
}

function linkOf(entry: HistoryEntry): CallLink | null {
  switch (entry.type) {
    case 'function_call':
    case 'custom_tool_call':
      return { role: 'call', id: entry.call_id };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'output', id: entry.call_id };
    case 'unknown': {
      const { type, call_id: id } = entry.raw;
      if (typeof id !== 'string' || typeof type !== 'string') return null;
      if (type.endsWith('_call')) return { role: 'call', id };
      return type.endsWith('_output') ? { role: 'output', id } : null;
    }
    default:
      return null;
  }
}

function withId(entry: HistoryEntry, id: string): HistoryEntry {
  if (linkOf(entry)?.id === id) return entry;
  if (entry.type === 'unknown') return { type: 'unknown', raw: { ...entry.raw, call_id: id } };
  return 'call_id' in entry ? { ...entry, call_id: id } : entry;
}

function freeId(id: string, calls: ReadonlyMap<string, CallState>): string {
  for (let count = 2; ; count++) {
    const candidate = `${id}-${count}`;
    if (!calls.has(candidate)) return candidate;
  }
}

function isSame(a: HistoryEntry, b: HistoryEntry): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function describe(repeated: number, renamed: number, lost: number): string[] {
  const warnings: string[] = [];
  if (repeated > 0) warnings.push(`${repeated} repeated tool calls or outputs were left out.`);
  if (renamed > 0)
    warnings.push(`${renamed} tool calls used the id of an earlier one and got an id of their own.`);
  if (lost > 0) warnings.push(`${lost} tool outputs without a call were left out.`);
  return warnings;
}
