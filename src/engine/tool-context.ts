// Builds the context through which one tool call reaches the world.
import type { ApprovalDecision, ApprovalRequest } from '../protocol/approval.ts';
import type { EventBody } from '../protocol/event.ts';
import type { ToolContext } from '../protocol/tool.ts';
import type { CommandRunner } from './execute.ts';
import type { EnginePorts } from './ports.ts';
import type { Sessions } from './sessions.ts';
import { displayCommand } from './shell.ts';

export interface ContextSite {
  ports: EnginePorts;
  commands: CommandRunner;
  sessions: Sessions;
  threadId: string;
  turnId: string;
  cwd: string;
  signal: AbortSignal;
  emit: (body: EventBody) => void;
  /** Ends the turn because the user chose to cancel it. */
  cancelTurn: () => void;
}

export function createToolContext(site: ContextSite, callId: string): ToolContext {
  const { ports, commands, turnId, signal, emit } = site;
  return {
    threadId: site.threadId,
    turnId,
    callId,
    cwd: site.cwd,
    signal,
    outputTokenLimit: ports.outputTokenLimit,
    inputImages: ports.modelInfo.inputImages,
    files: ports.files,
    sessions: site.sessions,
    now: () => ports.clock.monotonic(),
    sleep: (ms, until) => ports.clock.sleep(ms, until),
    exec: (request) =>
      commands.start(request, {
        itemId: callId,
        signal,
        requestApproval: (asked) =>
          requestApproval(site, { kind: 'command', itemId: callId, id: ports.newId(), ...asked }),
      }),
    displayCommand: (request) =>
      displayCommand(request.shell ?? ports.shell, request.command, {
        login: request.login && ports.allowLoginShell,
      }),
    approvePatch: (paths, reason) => approvePatch(site, callId, paths, reason),
    ask: (questions) => ports.askUser(questions, signal),
    emitDelta: (itemId, delta) => emit({ type: 'item.delta', turnId, itemId, delta }),
    startItem: (item) => emit({ type: 'item.started', turnId, item }),
    updateItem: (item) => emit({ type: 'item.updated', turnId, item }),
    completeItem: (item) => emit({ type: 'item.completed', turnId, item }),
    openSpill: () => ports.openSpill(),
  };
}

async function approvePatch(
  site: ContextSite,
  callId: string,
  paths: readonly string[],
  reason: string | null,
): Promise<{ reason: string; declined: boolean } | null> {
  const verdict = site.ports.judge({ kind: 'patch', paths });
  switch (verdict.decision) {
    case 'allow':
      return null;
    case 'forbid':
      return { reason: verdict.reason, declined: false };
    case 'ask': {
      const decision = await requestApproval(site, {
        kind: 'patch',
        id: site.ports.newId(),
        itemId: callId,
        paths: [...paths],
        reason: reason ?? verdict.reason,
      });
      const accepted = decision === 'accept' || decision === 'acceptForThread';
      if (accepted) site.ports.grantWrite(paths);
      return accepted ? null : { reason: 'The user did not approve this change.', declined: true };
    }
  }
}

async function requestApproval(site: ContextSite, request: ApprovalRequest): Promise<ApprovalDecision> {
  site.emit({ type: 'approval.requested', turnId: site.turnId, request });
  const decision = await site.ports.askApproval(request, site.signal);
  site.emit({ type: 'approval.resolved', turnId: site.turnId, requestId: request.id, decision });
  if (decision === 'cancel') site.cancelTurn();
  return decision;
}
