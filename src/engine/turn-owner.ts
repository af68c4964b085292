// What a turn needs of its thread, as an interface, so that neither file depends on the other.
import type { EventBody } from '../protocol/event.ts';
import type { UserInput } from '../protocol/item.ts';
import type { ThreadSettings } from '../protocol/thread.ts';
import type { TokenUsage } from '../protocol/usage.ts';
import type { CommandRunner } from './execute.ts';
import type { History } from './history.ts';
import type { Budget, EnginePorts } from './ports.ts';
import type { Sessions } from './sessions.ts';

export interface TurnOwner {
  readonly id: string;
  readonly ports: EnginePorts;
  readonly history: History;
  readonly sessions: Sessions;
  readonly commands: CommandRunner;
  readonly budget: Budget | null;
  readonly settings: ThreadSettings;
  readonly usage: TokenUsage;
  readonly usageAtStart: TokenUsage;
  readonly plan: string | null;
  requests: number;
  publish(body: EventBody): void;
  takeSteering(): UserInput[][];
  countUsage(usage: TokenUsage): Extract<EventBody, { type: 'usage.updated' }>;
}
