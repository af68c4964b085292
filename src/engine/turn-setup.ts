// Makes the `Turn` that the loop works with out of a thread.
import { TurnError } from '../protocol/error.ts';
import { asTurnError } from './turn-failure.ts';
import type { EventBody } from '../protocol/event.ts';
import type { UserInput } from '../protocol/item.ts';
import { Compactor } from './compactor.ts';
import { Dispatcher } from './dispatch.ts';
import type { Opening } from './opening.ts';
import { closeLostCalls, missingPreamble, userMessage } from './opening.ts';
import { buildRequest } from './request.ts';
import { createToolContext } from './tool-context.ts';
import type { TurnOwner } from './turn-owner.ts';
import type { Turn } from './turn.ts';

export function createTurn(
  thread: TurnOwner,
  turnId: string,
  input: readonly UserInput[],
  controller: AbortController,
): Turn {
  const { ports, history } = thread;
  const { signal } = controller;
  const compactor = new Compactor(thread, turnId, signal);
  return {
    id: turnId,
    ports,
    history,
    signal,
    start: () => ({
      type: 'turn.started',
      turnId,
      settings: thread.settings,
      contextWindow: ports.modelInfo.contextWindow,
    }),
    async openingEntries() {
      const user = await userMessage(ports, turnId, input);
      return {
        entries: [...closeLostCalls(thread), ...missingPreamble(thread), ...user.entries],
        items: user.items,
      };
    },
    async takeSteering() {
      const taken: Opening = { entries: [], items: [] };
      for (const message of thread.takeSteering()) {
        const { entries, items } = await userMessage(ports, turnId, message);
        taken.entries.push(...entries);
        taken.items.push(...items);
      }
      return taken;
    },
    buildRequest: () => buildRequest(thread, turnId, history.entries),
    newDispatcher: () => newDispatcher(thread, turnId, controller),
    countUsage: (usage) => ({ ...thread.countUsage(usage), turnId }),
    spendRequest: () => spendRequest(thread),
    needsCompaction: () => compactor.isNeeded(),
    compact: (trigger) => compactor.run(trigger),
  };
}

function newDispatcher(thread: TurnOwner, turnId: string, controller: AbortController): Dispatcher {
  const { ports, commands, sessions } = thread;
  const { signal } = controller;
  const { cwd } = thread.settings;
  // Tools and background sessions emit from callbacks, where nobody could catch what a full disk throws.
  const emit = (body: EventBody): void => {
    try {
      thread.publish(body);
    } catch (error) {
      controller.abort(asTurnError(error));
    }
  };
  const cancelTurn = (): void => controller.abort('interrupted');
  const site = { ports, commands, sessions, threadId: thread.id, turnId, cwd, signal, emit, cancelTurn };
  return new Dispatcher({
    tools: ports.tools,
    cwd,
    turnId,
    signal,
    emit,
    contextFor: (callId) => createToolContext(site, callId),
  });
}

function spendRequest(thread: TurnOwner): void {
  const { budget, ports } = thread;
  if (budget) {
    const used = thread.usage.totalTokens - thread.usageAtStart.totalTokens;
    if (budget.maxRequests !== null && thread.requests >= budget.maxRequests) {
      throw new TurnError(
        'budget',
        `The limit of ${budget.maxRequests} model requests for this run was reached.`,
      );
    }
    if (budget.maxTokens !== null && used >= budget.maxTokens) {
      throw new TurnError(
        'budget',
        `The limit of ${budget.maxTokens} tokens for this run was reached (${used} used).`,
      );
    }
    if (budget.deadline !== null && ports.clock.monotonic() >= budget.deadline) {
      throw new TurnError('budget', 'The time limit of this run was reached.');
    }
  }
  thread.requests++;
}
