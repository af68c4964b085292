// `completion SHELL`: prints the completion script.
import { ROOT } from '../commands.ts';
import { renderCompletion } from '../completion.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';

type Completion = Extract<Invocation, { command: 'completion' }>;

export async function completionCommand({ shell }: Completion, output: Output): Promise<number> {
  await output.out(renderCompletion(ROOT, shell));
  return 0;
}
