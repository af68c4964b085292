// `debug models` and `debug prompt-input`.
import { loadExecSettings } from '../../frontends/exec/load-settings.ts';
import { createCatalog } from '../../models/catalog.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';

type Debug = Extract<Invocation, { command: 'debug-models' | 'debug-prompt-input' }>;

export async function debugCommand(invocation: Debug, output: Output): Promise<number> {
  if (invocation.command === 'debug-prompt-input') {
    output.err("error: 'skua debug prompt-input' is not in this version yet.\n");
    return 2;
  }
  const { settings, warnings } = loadExecSettings(invocation.config, {
    env: process.env,
    cwd: process.cwd(),
  });
  for (const warning of warnings) output.err(`warning: ${warning}\n`);
  const catalog = createCatalog(invocation.bundled ? [] : settings.userModels);
  await output.out(`${JSON.stringify({ models: catalog.list() }, null, 2)}\n`);
  return 0;
}
