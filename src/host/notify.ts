// Tells the user's own program (config key `notify`) that a turn is over: an observer, nothing depends on it.
import { spawn } from 'node:child_process';
import type { Thread } from '../engine/thread.ts';
import type { UserInput } from '../protocol/item.ts';

export interface NotifyOptions {
  /** The program and its arguments; the report is added as the last one. */
  argv: readonly string[];
  cwd: string;
  /** Without credentials: the program is not trusted with them. */
  env: Readonly<Record<string, string>>;
  client: string;
}

/** Source of the report's shape: Codex 0.118, `notify`. */
export function notifyAfterTurns(thread: Thread, options: NotifyOptions): void {
  let asked: string[] = [];
  thread.subscribe((event) => {
    if (event.type === 'turn.started') asked = [];
    if (event.type === 'item.completed' && event.item.type === 'userMessage')
      asked.push(textOf(event.item.content));
    if (event.type !== 'turn.completed') return;
    const report = {
      type: 'agent-turn-complete',
      'thread-id': thread.id,
      'turn-id': event.turnId,
      cwd: options.cwd,
      client: options.client,
      'input-messages': asked,
      'last-assistant-message': event.lastMessage,
    };
    const [program, ...args] = options.argv;
    if (program === undefined) return;
    const { cwd, env } = options;
    const child = spawn(program, [...args, JSON.stringify(report)], {
      cwd,
      env,
      stdio: 'ignore',
      detached: true,
    });
    child.on('error', (error) => {
      process.stderr.write(`warning: notify: ${program} could not be started: ${error.message}\n`);
    });
    child.unref();
  });
}

function textOf(content: readonly UserInput[]): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}
