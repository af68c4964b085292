// What a host is made of: settings, surroundings, and how to ask whoever looks.
import type { Clock } from '../lib/clock.ts';
import type { AskApproval, AskUser } from '../protocol/approval.ts';
import type { Settings } from '../protocol/settings.ts';
import type { ThreadMeta } from '../protocol/thread.ts';

export interface HostOptions {
  settings: Settings;
  env: Readonly<Record<string, string | undefined>>;
  version: string;
  /** Who drives the host, for providers and rollouts, e.g. `skua_exec`. */
  originator: string;
  source: ThreadMeta['source'];
  askApproval: AskApproval;
  askUser: AskUser;
  clock?: Clock;
}
