// Says plainly what this version does not do yet.
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';

type Planned = Extract<Invocation, { command: 'planned' }>;

/** A command that Codex has and skua does not have yet. */
export function plannedCommand(planned: Planned, output: Output): number {
  const instead = planned.instead === '' ? '' : ` ${planned.instead}`;
  output.err(`error: 'skua ${planned.path.join(' ')}' is not in this version yet.${instead}\n`);
  return 2;
}

/** `skua [PROMPT]` without a command: the terminal UI. */
export function interactiveCommand(output: Output): number {
  if (process.stdin.isTTY && process.stdout.isTTY) {
    output.err(
      `error: the terminal UI is not in this version yet. Use 'skua exec "PROMPT"' to run a prompt, and 'skua exec resume --last "PROMPT"' to go on.\n`,
    );
  } else {
    output.err(
      `error: 'skua' without a command needs a terminal. In scripts and pipes use 'skua exec "PROMPT"'; see 'skua exec --help'.\n`,
    );
  }
  return 2;
}
