// The standard streams as commands use them; a reader that left early is no error.
import { createOutput, type Output as Stream } from '../lib/output.ts';
import { stripControls } from '../lib/terminal-text.ts';

export interface Output {
  /** Text for stdout; resolves when it is handed over. */
  out(text: string): Promise<void>;
  /** Text for stderr, without control sequences: it may quote arguments, files and servers. */
  err(text: string): void;
}

/** The real stdout and stderr of this process, opened on first use. */
export function processOutput(): Output {
  let stdout: Stream | null = null;
  let stderr: Stream | null = null;
  return {
    async out(text) {
      stdout ??= createOutput(process.stdout);
      stdout.write(text);
      await stdout.flush();
    },
    err(text) {
      stderr ??= createOutput(process.stderr);
      stderr.write(stripControls(text));
    },
  };
}
