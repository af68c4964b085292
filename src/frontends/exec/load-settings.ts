// Turns what the command line says about config into the settings of a headless run.
import { homedir } from 'node:os';
import { loadSettings, type LoadedConfig } from '../../config/load.ts';
import type { ConfigInput } from './options.ts';

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/** `headless`: nobody can approve anything, so the approval policy becomes `never` whatever else is said. */
export function loadExecSettings(config: ConfigInput, { env, cwd }: Surroundings): LoadedConfig {
  const enabled = config.features.filter((feature) => feature.enabled).map((feature) => feature.name);
  const disabled = config.features.filter((feature) => !feature.enabled).map((feature) => feature.name);
  return loadSettings({
    env,
    cwd,
    homedir: env['HOME'] || homedir(),
    platform: process.platform,
    overrides: config.overrides,
    headless: true,
    flags: {
      model: config.model ?? undefined,
      oss: config.oss,
      localProvider: config.localProvider ?? undefined,
      profile: config.profile ?? undefined,
      sandboxMode: config.sandbox ?? undefined,
      bypass: config.bypassSandbox,
      cd: config.cd ?? undefined,
      addDirs: config.addDirs,
      search: config.webSearch,
      enable: enabled,
      disable: disabled,
      strictConfig: config.strict,
      trust: config.trust,
      ignoreUserConfig: config.ignoreUserConfig,
    },
  });
}
