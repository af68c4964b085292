// Types of the command table: the one description from which parsing, help and shell completion are made.

/** What kind of text a value is; decides checks and completion. */
export type ValueKind = 'text' | 'file' | 'folder' | 'count' | 'duration';

export interface ValueSpec {
  /** Shown in help as `<LABEL>`. */
  label: string;
  kind?: ValueKind;
  /** The only values allowed. */
  choices?: readonly string[];
  /** Warnings for single choices, by choice. */
  notices?: Readonly<Record<string, string>>;
  /** Takes every argument up to the next flag, like `-i a.png b.png`. */
  several?: boolean;
  /** Splits one argument into several values. */
  separator?: string;
}

export interface FlagSpec {
  /** The long name without dashes, also the key of the parsed value. */
  name: string;
  short?: string;
  /** Other long names: accepted, not shown. */
  aliases?: readonly string[];
  /** Left out for switches. */
  value?: ValueSpec;
  /** May be given more than once; values add up. */
  repeatable?: boolean;
  /** One sentence without a full stop. */
  help: string;
  /** More for `--help`, in whole sentences. */
  more?: string;
  group?: string;
  hidden?: boolean;
  /** Names of flags or positionals of the same command that cannot go with it. */
  conflicts?: readonly string[];
  /** Name of a flag that must be given too. */
  requires?: string;
  /** Printed as a warning when the flag is used: it still parses, but is old or has no effect. */
  notice?: string;
  /** Using the flag is an error, because ignoring it would do something else than was asked. */
  unavailable?: string;
}

export interface PositionalSpec {
  /** Key of the parsed value. */
  name: string;
  label: string;
  help: string;
  required?: boolean;
  choices?: readonly string[];
  kind?: ValueKind;
  /** Takes this and every later argument as they are, flags included. */
  rest?: boolean;
}

export interface CommandSpec {
  name: string;
  aliases?: readonly string[];
  /** One sentence without a full stop. */
  about: string;
  /** More for `--help`, in whole sentences. */
  more?: string;
  examples?: readonly string[];
  flags?: readonly FlagSpec[];
  positionals?: readonly PositionalSpec[];
  commands?: readonly CommandSpec[];
  /** Makes no sense without one of its commands. */
  needsCommand?: boolean;
  hidden?: boolean;
  /** Known from Codex, but not built yet: what to use meanwhile, or an empty string. */
  planned?: string;
}

/** What a command line gave, by name of flag or positional. Switches have the single value `true`. */
export type Values = ReadonlyMap<string, readonly string[]>;

/** A command line that makes sense. `path` starts below the program: `exec resume` is `['exec', 'resume']`. */
export type Parsed =
  | { type: 'run'; path: readonly string[]; values: Values; warnings: readonly string[] }
  | { type: 'planned'; path: readonly string[]; instead: string }
  /** `asked` is false when a command was missing: help then goes to stderr with exit code 2. */
  | { type: 'help'; path: readonly string[]; long: boolean; asked: boolean }
  | { type: 'version' };

/** A child command by name or alias. */
export function findCommand(parent: CommandSpec, word: string): CommandSpec | undefined {
  return parent.commands?.find((command) => command.name === word || command.aliases?.includes(word));
}

/** The commands from the program down to `path`; stops where a word is unknown. */
export function commandChain(root: CommandSpec, path: readonly string[]): CommandSpec[] {
  const chain = [root];
  for (const word of path) {
    const next = findCommand(chain[chain.length - 1] as CommandSpec, word);
    if (!next) break;
    chain.push(next);
  }
  return chain;
}

/** How a flag is written in messages: `--model <MODEL>`. */
export function flagUsage(flag: FlagSpec): string {
  if (!flag.value) return `--${flag.name}`;
  return `--${flag.name} <${flag.value.label}>${flag.value.several ? '...' : ''}`;
}
