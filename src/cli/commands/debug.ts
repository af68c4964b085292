// `debug models` and `debug prompt-input`.
import { loadExecSettings } from '../../frontends/exec/load-settings.ts';
import { createCatalog } from '../../models/catalog.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { readVersion } from '../version.ts';

type Debug = Extract<Invocation, { command: 'debug-models' | 'debug-prompt-input' }>;

export async function debugCommand(invocation: Debug, output: Output): Promise<number> {
  const { env } = process;
  const cwd = process.cwd();
  const { settings, warnings } = loadExecSettings(invocation.config, { env, cwd });
  for (const warning of warnings) output.err(`warning: ${warning}\n`);
  const print = (value: unknown): Promise<void> => output.out(`${JSON.stringify(value, null, 2)}\n`);
  if (invocation.command === 'debug-models') {
    await print({ models: createCatalog(invocation.bundled ? [] : settings.userModels).list() });
    return 0;
  }
  const { prompt, images } = invocation;
  const { capturePromptInput } = await import('./prompt-input.ts');
  await print(await capturePromptInput({ settings, prompt, images, env, cwd, version: readVersion() }));
  return 0;
}
