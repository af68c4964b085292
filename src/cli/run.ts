// From an argument vector to the command that carries it out; commands are loaded only when they run.
import { ROOT } from './commands.ts';
import { toInvocation, type Invocation } from './invocation.ts';
import { processOutput, type Output } from './output.ts';
import { parseArgv } from './parse.ts';
import { readVersion } from './version.ts';

/**
 * Runs the command that `argv` (after the program's name) asks for and gives its exit code.
 * Throws a `UsageError` for mistakes of the caller; anything else thrown is a bug.
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const output = processOutput();
  const { invocation, warnings } = toInvocation(parseArgv(ROOT, argv));
  for (const warning of warnings) output.err(`warning: ${warning}\n`);
  return runInvocation(invocation, output);
}

async function runInvocation(invocation: Invocation, output: Output): Promise<number> {
  switch (invocation.command) {
    case 'exec':
      return (await import('./commands/exec.ts')).execCommand(invocation, output);
    case 'help':
      return (await import('./commands/help.ts')).helpCommand(invocation, output);
    case 'version':
      await output.out(`${ROOT.name} ${readVersion()}\n`);
      return 0;
    case 'planned':
      return (await import('./commands/planned.ts')).plannedCommand(invocation, output);
    case 'tui':
      return (await import('./commands/planned.ts')).interactiveCommand(output);
    case 'completion':
      return (await import('./commands/completion.ts')).completionCommand(invocation, output);
    case 'update':
      return (await import('./commands/update.ts')).updateCommand(output);
    case 'login':
    case 'login-status':
    case 'logout':
      return (await import('./commands/login.ts')).loginCommand(invocation, output);
    case 'features-list':
    case 'features-set':
      return (await import('./commands/features.ts')).featuresCommand(invocation, output);
    case 'debug-models':
    case 'debug-prompt-input':
      return (await import('./commands/debug.ts')).debugCommand(invocation, output);
    case 'doctor':
      return (await import('./commands/doctor.ts')).doctorCommand(invocation, output);
  }
}
