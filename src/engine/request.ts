// One model request from the thread's settings and history; constant but for the history, so that prefixes stay cached.
import type { HistoryEntry } from '../protocol/history.ts';
import type { ModelRequest } from '../protocol/model.ts';
import type { TurnOwner } from './turn-owner.ts';

export function buildRequest(
  thread: TurnOwner,
  turnId: string,
  input: readonly HistoryEntry[],
): ModelRequest {
  const { ports, settings } = thread;
  const info = ports.modelInfo;
  return {
    model: settings.model,
    instructions: ports.context.instructions,
    input,
    tools: ports.tools.offered,
    hostedTools: ports.tools.hosted,
    parallelToolCalls: info.parallelToolCalls,
    reasoning: info.reasoning
      ? {
          effort: settings.effort ?? info.reasoning.default,
          ...(info.reasoning.summaries ? { summary: settings.summary ?? 'auto' } : {}),
        }
      : null,
    ...(settings.verbosity ? { verbosity: settings.verbosity } : {}),
    ...(settings.serviceTier ? { serviceTier: settings.serviceTier } : {}),
    ...(settings.outputSchema ? { outputSchema: settings.outputSchema } : {}),
    threadId: thread.id,
    turnId,
    sandboxMode: settings.sandbox.mode,
  };
}
