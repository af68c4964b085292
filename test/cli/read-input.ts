// Fixture program: resolves its input like `exec` does and prints what came of it as JSON.
import { resolveInput } from '../../src/cli/stdin.ts';
import { openStdin } from '../../src/cli/stdin-source.ts';
import type { StdinMode } from '../../src/cli/invocation.ts';
import { systemClock } from '../../src/lib/clock.ts';

const [mode = 'auto', prompt] = process.argv.slice(2);
const notes: string[] = [];
const source = openStdin();
resolveInput(
  { prompt: prompt ?? null, mode: mode as StdinMode, isPromptOptional: false, hint: null },
  {
    source,
    note: (line) => notes.push(line),
    // Three seconds are long for a test: here they are fifty times shorter.
    sleep: (ms, signal) => systemClock.sleep(ms / 50, signal),
  },
).then(
  (input) => console.log(JSON.stringify({ kind: source.kind, ...input, notes })),
  (error: unknown) => {
    console.log(JSON.stringify({ kind: source.kind, error: (error as Error).message }));
    process.exitCode = 1;
  },
);
