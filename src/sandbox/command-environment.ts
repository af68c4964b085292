// The environment of a sandboxed command: no pointers to services that are out of reach, no loader tricks on the launcher.

/** Addresses of sockets that the fence hides; programs do better without them than with dead ones. */
const DEAD_POINTERS = [
  'SSH_AUTH_SOCK',
  'GPG_AGENT_INFO',
  'DBUS_SESSION_BUS_ADDRESS',
  'XDG_RUNTIME_DIR',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'DOCKER_HOST',
  'TMUX',
  'TMUX_PANE',
  'STY',
];

/** What the dynamic loader and the C library act on before a program's first line. */
const LOADER = /^(LD_|GLIBC_TUNABLES$|GCONV_PATH$|LOCPATH$|MALLOC_|NLSPATH$)/;

export interface SplitEnvironment {
  /** For the process that is started. */
  outer: Record<string, string>;
  /** Only for the command inside. */
  inner: Record<string, string>;
}

/** `network` false sets the variable by which Codex's tools and scripts know that there is none. */
export function splitEnvironment(
  env: Readonly<Record<string, string>>,
  options: { mechanism: string; network: boolean; scratch: string | null },
): SplitEnvironment {
  const outer: Record<string, string> = {};
  const inner: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (DEAD_POINTERS.includes(name)) continue;
    if (LOADER.test(name)) inner[name] = value;
    else outer[name] = value;
  }
  outer['SKUA_SANDBOX'] = options.mechanism;
  if (!options.network) outer['CODEX_SANDBOX_NETWORK_DISABLED'] = '1';
  if (options.scratch !== null) outer['TMPDIR'] = options.scratch;
  return { outer, inner };
}
