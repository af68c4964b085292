// `help`, `-h`, `--help`, and the help that a missing sub-command gets.
import { ROOT } from '../commands.ts';
import { renderHelp } from '../help.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';

type Help = Extract<Invocation, { command: 'help' }>;

/** Exit code 0 when help was asked for; else help goes to stderr with exit code 2, as in Codex. */
export async function helpCommand(help: Help, output: Output): Promise<number> {
  const columns = process.stdout.columns ?? 100;
  const text = renderHelp(ROOT, help.path, { long: help.long, columns });
  if (!help.asked) {
    output.err(text);
    return 2;
  }
  await output.out(text);
  return 0;
}
