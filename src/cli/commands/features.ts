// `features list`, `features enable` and `features disable`.
import { homedir } from 'node:os';
import { setFeature } from '../../config/edit.ts';
import { featureTable } from '../../config/features.ts';
import { findHome } from '../../config/home.ts';
import { loadExecSettings } from '../../frontends/exec/load-settings.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';

type Features = Extract<Invocation, { command: 'features-list' | 'features-set' }>;

export async function featuresCommand(invocation: Features, output: Output): Promise<number> {
  const { env } = process;
  const { config } = invocation;
  const home = env['HOME'] ?? homedir();
  if (invocation.command === 'features-set') {
    const folders = { home: findHome({ env, homedir: home }), homedir: home };
    const { feature, enabled } = invocation;
    const { file, name } = setFeature(folders, { name: feature, enabled, profile: config.profile });
    await output.out(`${enabled ? 'Enabled' : 'Disabled'} feature \`${name}\` in ${file}.\n`);
    return 0;
  }
  const { settings, warnings } = loadExecSettings(config, { env, cwd: process.cwd() });
  for (const warning of warnings) output.err(`warning: ${warning}\n`);
  const width = Math.max(...featureTable.map((feature) => feature.name.length));
  const lines = featureTable.map(({ name, stage, default: isDefault }) => {
    const state = settings.features[name] ?? isDefault;
    return `${name.padEnd(width)}  ${stage.padEnd(17)}  ${state}\n`;
  });
  await output.out(lines.join(''));
  return 0;
}
