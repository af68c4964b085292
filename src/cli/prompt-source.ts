// Tells whether `-p VALUE` is a profile or the prompt, and which text is the prompt.
import type { PromptSource } from './invocation.ts';

export interface ResolvedPrompt {
  /** The prompt of the command line; `-` asks for stdin; null when there is none. */
  prompt: string | null;
  profile: string | null;
  /** Something a user may not expect, for stderr. */
  note: string | null;
}

/**
 * With another prompt on the command line, `-p VALUE` is a profile. Without one it is a profile if exactly that name
 * exists, else the prompt.
 */
export async function resolvePrompt(
  source: PromptSource,
  hasProfile: (name: string) => boolean | Promise<boolean>,
): Promise<ResolvedPrompt> {
  const value = source.profileOrPrompt;
  const prompt = source.flag ?? source.argument;
  if (value === null) return { prompt, profile: null, note: null };
  if (prompt !== null || (await hasProfile(value))) return { prompt, profile: value, note: null };
  // One word is more likely a misspelt profile than a task: the user should see what was made of it.
  const isWord = /^[\w.-]+$/.test(value);
  const note = isWord ? `no profile is called '${value}', so it is taken as the prompt.` : null;
  return { prompt: value, profile: null, note };
}
