// `exec`, `review`, and for now `resume` and `fork`: gathers the prompt and starts a headless run.
import { homedir } from 'node:os';
import type { ExecOptions } from '../../frontends/exec/options.ts';
import { systemClock } from '../../lib/clock.ts';
import { UsageError } from '../../protocol/error.ts';
import type { ExecInvocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { resolvePrompt } from '../prompt-source.ts';
import { openStdin } from '../stdin-source.ts';
import { resolveInput } from '../stdin.ts';
import { readVersion } from '../version.ts';

/** Gives the exit code of the run. */
export async function execCommand(invocation: ExecInvocation, output: Output): Promise<number> {
  const { options, images } = invocation;
  const { mode } = options;
  // Loading the engine takes longer than reading a pipe: both at once.
  const engine = import('../../frontends/exec/run.ts');
  engine.catch(() => undefined);
  const { prompt, profile, note } = await resolvePrompt(invocation.prompt, hasProfile);
  if (note !== null) output.err(`note: ${note}\n`);
  const source = openStdin();
  if (invocation.isInteractiveCommand && prompt === null && source.kind === 'terminal') {
    throw new UsageError(
      `the terminal UI is not in this version yet. Give a prompt: skua exec ${mode.type} ... "PROMPT"`,
      { exitCode: 2 },
    );
  }
  const isPromptOptional = mode.type === 'review' && mode.scope.type !== 'custom';
  if (mode.type === 'review' && !isPromptOptional && prompt === null) {
    throw new UsageError('Specify --uncommitted, --base, --commit, or provide custom review instructions.');
  }
  const text = await resolveInput(
    { prompt, isPromptOptional, mode: invocation.prompt.stdin, hint: hintFor(images) },
    {
      source,
      note: (line) => output.err(`${line}\n`),
      sleep: (ms, signal) => systemClock.sleep(ms, signal),
    },
  );
  const full: ExecOptions = {
    ...options,
    input: { ...text, images },
    config: {
      ...options.config,
      profile: invocation.isInteractiveCommand ? options.config.profile : profile,
    },
  };
  const { runExec } = await engine;
  return runExec(full, {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    version: readVersion(),
  });
}

/** Loads config only for the command lines that leave it open what `-p` means. */
async function hasProfile(name: string): Promise<boolean> {
  const { env, platform } = process;
  const config = await import('../../config/load.ts');
  return config.hasProfile({ env, platform, homedir: env['HOME'] ?? homedir() }, name);
}

/** `-i FILE...` swallows a prompt that follows it. */
function hintFor(images: readonly string[]): string | null {
  const last = images.at(-1);
  if (last === undefined || !/\s/.test(last)) return null;
  return `(-i took '${last}' as an image: put the prompt first, or -- before it.)`;
}
