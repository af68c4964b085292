// The environment that the model's commands get: what the policy lets through, never the keys of a model provider.
import type { ShellEnvironmentPolicy } from '../protocol/settings.ts';

export interface CommandEnvironmentInput {
  threadId: string;
  /** True when commands cannot reach the network. */
  networkDisabled: boolean;
  /** Variable names do not depend on case. */
  isWindows: boolean;
  /** Variables that hold keys: `settings.secretEnvNames`. Left out whatever the policy says, also from its `set`. */
  secretNames: readonly string[];
}

/** Source: Codex 0.118, `inherit = "core"`; the second line is what Windows programs cannot start without. */
const CORE = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER', 'USERNAME', 'TMPDIR', 'TEMP', 'TMP'];
const WINDOWS_CORE = [
  'PATHEXT',
  'COMSPEC',
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
];

const DEFAULT_EXCLUDES = ['*KEY*', '*SECRET*', '*TOKEN*'];

/** Source: Codex 0.118, the environment of every command: no colours, no pagers, one locale. */
const ALWAYS: Readonly<Record<string, string>> = {
  CODEX_CI: '1',
  NO_COLOR: '1',
  TERM: 'dumb',
  COLORTERM: '',
  LANG: 'C.UTF-8',
  LC_CTYPE: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GH_PAGER: 'cat',
};

/** Variables that steer skua itself: a command has no business with them, and some name files of logins. */
const CONTROL = /^(CODEX|SKUA)_/i;

function toPattern(glob: string): RegExp {
  const escaped = glob.replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`);
  const source = escaped.replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is');
}

function matcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map(toPattern);
  return (name) => patterns.some((pattern) => pattern.test(name));
}

function inheritedNames(policy: ShellEnvironmentPolicy, isWindows: boolean): (name: string) => boolean {
  switch (policy.inherit) {
    case 'all':
      return () => true;
    case 'none':
      return () => false;
    case 'core': {
      const core = new Set(isWindows ? [...CORE, ...WINDOWS_CORE] : CORE);
      return (name) => core.has(isWindows ? name.toUpperCase() : name);
    }
  }
}

/**
 * The complete environment of a command. Order: inherit, default excludes, exclude, set, include_only (source: Codex
 * 0.118), then secrets and control variables go, then the fixed values come.
 */
export function commandEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  policy: ShellEnvironmentPolicy,
  input: CommandEnvironmentInput,
): Record<string, string> {
  const isInherited = inheritedNames(policy, input.isWindows);
  const isExcluded = matcher([...(policy.ignoreDefaultExcludes ? [] : DEFAULT_EXCLUDES), ...policy.exclude]);
  const isIncluded = policy.includeOnly.length > 0 ? matcher(policy.includeOnly) : () => true;
  const flat = (name: string): string => (input.isWindows ? name.toUpperCase() : name);
  const secrets = new Set(input.secretNames.map(flat));
  const env = new Map<string, string>();
  for (const [name, value] of Object.entries(parent)) {
    const isOurs = CONTROL.test(name);
    if (value !== undefined && !isOurs && isInherited(name) && !isExcluded(name)) env.set(name, value);
  }
  for (const [name, value] of Object.entries(policy.set)) {
    for (const other of env.keys()) if (flat(other) === flat(name)) env.delete(other);
    env.set(name, value);
  }
  for (const name of env.keys()) if (!isIncluded(name) || secrets.has(flat(name))) env.delete(name);
  const fixed = { ...ALWAYS, CODEX_THREAD_ID: input.threadId };
  for (const [name, value] of Object.entries(fixed)) env.set(name, value);
  if (input.networkDisabled) env.set('CODEX_SANDBOX_NETWORK_DISABLED', '1');
  return Object.fromEntries(env);
}
