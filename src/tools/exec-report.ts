// The text that reports a command to the model, in the forms Codex's tools use.
import type { CommandSession, WaitResult } from './exec-session.ts';

/** Six hex digits that tell chunks apart; the same for the same call. */
export function chunkId(callId: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < callId.length; i++) hash = Math.imul(hash ^ callId.charCodeAt(i), 0x01000193);
  return ((hash >>> 0) & 0xffffff).toString(16).padStart(6, '0');
}

export interface ReportOptions {
  callId: string;
  /** Milliseconds that this call took. */
  wallMs: number;
  result: WaitResult;
  maxTokens: number;
  notice: string | null;
}

/** Takes the fresh output of a session and writes the report of one `exec_command` or `write_stdin` call. */
export function sessionReport(session: CommandSession, options: ReportOptions): string {
  const { callId, wallMs, result, maxTokens, notice } = options;
  const { text, originalTokens } = session.output.take(maxTokens, { final: session.exitCode !== null });
  const lines = [`Chunk ID: ${chunkId(callId)}`, `Wall time: ${(wallMs / 1000).toFixed(4)} seconds`];
  if (result === 'aborted')
    lines.push(
      `Process aborted by the user after ${(wallMs / 1000).toFixed(1)} seconds; it may have had effects`,
    );
  else if (session.exitCode === null) lines.push(`Process running with session ID ${session.id}`);
  else {
    lines.push(`Process exited with code ${session.exitCode}`);
    if (session.endSignal !== null) lines.push(`Ended by signal ${session.endSignal}`);
  }
  if (notice !== null) lines.push(notice);
  lines.push(`Original token count: ${originalTokens}`, 'Output:', text);
  return lines.join('\n');
}
