// Entry point: argv -> command -> exit code.
import { runProgram } from './cli/dispatch.ts';
import { stripControls } from './lib/terminal-text.ts';
import { TurnError, UsageError } from './protocol/error.ts';

runProgram(process.argv0, process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isKnown = error instanceof UsageError || error instanceof TurnError;
    const report = error instanceof Error && error.stack ? error.stack : String(error);
    const bug = `${report}\nThis is a bug in skua. Please report it with these lines and the output of 'skua doctor'.\n`;
    process.stderr.write(isKnown ? `error: ${stripControls(error.message)}\n` : bug);
    process.exitCode = error instanceof UsageError ? error.exitCode : 1;
  },
);
