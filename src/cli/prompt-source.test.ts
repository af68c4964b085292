// `-p VALUE`: profile or prompt.
import { expect, test } from 'vitest';
import { ROOT } from './commands.ts';
import { toInvocation } from './invocation.ts';
import { parseArgv } from './parse.ts';
import { resolvePrompt, type ResolvedPrompt } from './prompt-source.ts';

async function resolve(...argv: string[]): Promise<ResolvedPrompt> {
  const { invocation } = toInvocation(parseArgv(ROOT, ['exec', ...argv]));
  if (invocation.command !== 'exec') throw new Error(invocation.command);
  return resolvePrompt(invocation.prompt, (name) => name === 'fast');
}

test.each([
  'Convert this Python to TypeScript',
  'Write a conventional commit message for these changes',
  'Analyze error patterns and infer root causes',
  'Convert to ESM imports',
])('-p %j alone is the prompt', async (text) => {
  expect(await resolve('-p', text)).toEqual({ prompt: text, profile: null, note: null });
  expect(await resolve(text)).toEqual({ prompt: text, profile: null, note: null });
});

test('a profile of that name wins when there is no other prompt', async () => {
  expect(await resolve('-p', 'fast')).toEqual({ prompt: null, profile: 'fast', note: null });
  expect(await resolve('-pfast', '-')).toEqual({ prompt: '-', profile: 'fast', note: null });
});

test('beside a prompt the value is a profile, known or not', async () => {
  expect(await resolve('-p', 'slow', 'do it')).toEqual({ prompt: 'do it', profile: 'slow', note: null });
  expect(await resolve('-p', 'slow', '--prompt', 'do it')).toMatchObject({
    prompt: 'do it',
    profile: 'slow',
  });
  expect(await resolve('resume', '--last', '-p', 'slow', 'do it')).toMatchObject({
    prompt: 'do it',
    profile: 'slow',
  });
});

test('a single word that is no profile is the prompt, and the user is told', async () => {
  const { prompt, note } = await resolve('-p', 'fats');
  expect(prompt).toBe('fats');
  expect(note).toContain("no profile is called 'fats'");
});
