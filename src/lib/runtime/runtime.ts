// Which JavaScript runtime this is, and how skua starts itself again.
import { existsSync } from 'node:fs';

export interface RuntimeInfo {
  name: 'bun' | 'node';
  version: string;
  /** True in the single executable, where the script is part of the program file. */
  compiled: boolean;
}

/** Where a compiled Bun executable sees its own files: POSIX and Windows. */
const EMBEDDED = /^(\/\$bunfs\/|[A-Za-z]:[\\/]~BUN[\\/])/;

const BUN_IGNORES_FOLDER = ['--no-env-file', '--config=/dev/null'];

export function describeRuntime(): RuntimeInfo {
  const bun = process.versions['bun'];
  const script = process.argv[1] ?? '';
  return bun === undefined
    ? { name: 'node', version: process.versions.node, compiled: false }
    : { name: 'bun', version: bun, compiled: EMBEDDED.test(script) };
}

/**
 * argv that starts this very program with `args`: the executable alone when compiled, else runtime and script.
 * Throws when the program was not started from a script file (`-e`, a REPL).
 */
export function selfCommand(args: readonly string[]): string[] {
  const { name, compiled } = describeRuntime();
  if (compiled) return [process.execPath, ...args];
  const script = process.argv[1];
  if (script === undefined || !existsSync(script)) {
    throw new Error(
      `skua cannot start itself: there is no script file behind this process (argv[1] is ${script ?? 'missing'}).`,
    );
  }
  // Flags of the runtime itself (--conditions, --enable-source-maps) belong to the program; inspectors do not.
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
  // The child may start in an untrusted folder, whose .env and bunfig.toml Bun would obey.
  const hardening = name === 'bun' ? BUN_IGNORES_FOLDER.filter((flag) => !flags.includes(flag)) : [];
  return [process.execPath, ...flags, ...hardening, script, ...args];
}
