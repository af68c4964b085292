// Reads an argument vector against the command table, with the rules of clap that scripts rely on.
import { nearestWord } from '../lib/nearest-word.ts';
import { UsageError } from '../protocol/error.ts';
import { GLOBAL_FLAGS } from './flags.ts';
import {
  findCommand,
  flagUsage,
  type CommandSpec,
  type FlagSpec,
  type Parsed,
  type PositionalSpec,
  type ValueSpec,
} from './spec.ts';

interface Level {
  command: CommandSpec;
  /** Names of flags given at this level, to find what is given twice. */
  given: Set<string>;
  /** How many positionals are filled. */
  filled: number;
}

interface State {
  argv: readonly string[];
  at: number;
  program: string;
  levels: Level[];
  values: Map<string, string[]>;
  warnings: string[];
}

/** What a single argument leads to: go on, or stop with a result. */
type Step = Parsed | null;

/**
 * Parses everything after the program's name.
 * Flags of a parent command may stand before the child's name and count for the child too.
 * Throws a `UsageError` with exit code 2 for a command line that makes no sense.
 */
export function parseArgv(root: CommandSpec, argv: readonly string[]): Parsed {
  const state: State = {
    argv,
    at: 0,
    program: root.name,
    levels: [{ command: root, given: new Set(), filled: 0 }],
    values: new Map(),
    warnings: [],
  };
  while (state.at < argv.length) {
    const arg = argv[state.at++] as string;
    const step = arg === '--' ? takeRest(state) : readArgument(state, arg);
    if (step) return step;
  }
  return finish(state);
}

function readArgument(state: State, arg: string): Step {
  const open = nextPositional(state);
  if (isText(arg)) return readWord(state, arg, open);
  return arg.startsWith('--') ? readLong(state, arg) : readShorts(state, arg);
}

/** `-`, `- a list`, and `---` are text; everything else that starts with a dash is a flag. */
function isText(arg: string): boolean {
  return !arg.startsWith('-') || /^-(\s|$)/.test(arg) || arg.startsWith('---');
}

function readWord(state: State, word: string, open: PositionalSpec | undefined): Step {
  const { command } = currentLevel(state);
  if (word === 'help' && command.commands) return readHelp(state);
  const child = findCommand(command, word);
  if (child) {
    state.levels.push({ command: child, given: new Set(), filled: 0 });
    if (child.planned === undefined) return null;
    if (state.argv.slice(state.at).some((arg) => arg === '--help' || arg === '-h')) {
      return { type: 'help', path: pathOf(state), long: true, asked: true };
    }
    return { type: 'planned', path: pathOf(state), instead: child.planned };
  }
  if (!open) {
    const isCommand = command.commands !== undefined;
    const names = (command.commands ?? []).filter((c) => !c.hidden).map((c) => c.name);
    const guess = isCommand ? nearestName(word, names) : null;
    const hint = guess ? ` Did you mean '${guess}'?` : '';
    fail(state, `${isCommand ? 'unknown command' : 'unexpected argument'} '${word}'.${hint}`);
  }
  takePositional(state, open, word);
  return null;
}

function readHelp(state: State): Parsed {
  for (const word of state.argv.slice(state.at)) {
    const child = findCommand(currentLevel(state).command, word);
    if (!child) fail(state, `unknown command '${word}'.`);
    state.levels.push({ command: child, given: new Set(), filled: 0 });
  }
  return { type: 'help', path: pathOf(state), long: true, asked: true };
}

function takePositional(state: State, open: PositionalSpec, value: string): void {
  const level = currentLevel(state);
  if (open.choices && !open.choices.includes(value)) {
    fail(state, `'${value}' is not a ${open.label}. Allowed: ${open.choices.join(', ')}.`);
  }
  if (open.rest) {
    state.values.set(open.name, [value, ...state.argv.slice(state.at)]);
    state.at = state.argv.length;
    return;
  }
  state.values.set(open.name, [value]);
  level.filled++;
}

function takeRest(state: State): Step {
  while (state.at < state.argv.length) {
    const value = state.argv[state.at++] as string;
    const open = nextPositional(state);
    if (!open) fail(state, `unexpected argument '${value}' after '--'.`);
    takePositional(state, open, value);
  }
  return null;
}

function readLong(state: State, arg: string): Step {
  const equals = arg.indexOf('=');
  const name = equals === -1 ? arg.slice(2) : arg.slice(2, equals);
  const inline = equals === -1 ? null : arg.slice(equals + 1);
  if (name === 'help') return { type: 'help', path: pathOf(state), long: true, asked: true };
  if (name === 'version') return { type: 'version' };
  const flag = flagsOf(state).find((one) => one.name === name || one.aliases?.includes(name));
  if (!flag) failUnknownFlag(state, `--${name}`);
  takeFlag(state, flag, inline);
  return null;
}

/** One dash: a row of switches, the last of which may take the remainder or the next argument as its value. */
function readShorts(state: State, arg: string): Step {
  for (let i = 1; i < arg.length; i++) {
    const letter = arg[i] as string;
    if (letter === 'h') return { type: 'help', path: pathOf(state), long: false, asked: true };
    if (letter === 'V') return { type: 'version' };
    const flag = flagsOf(state).find((one) => one.short === letter);
    if (!flag) failUnknownFlag(state, `-${letter}`, arg);
    if (flag.value) {
      const rest = arg.slice(i + 1);
      takeFlag(state, flag, rest === '' ? null : rest.replace(/^=/, ''));
      return null;
    }
    if (arg[i + 1] === '=') fail(state, `-${letter} takes no value, but '${arg.slice(i + 2)}' was given.`);
    takeFlag(state, flag, null);
  }
  return null;
}

function takeFlag(state: State, flag: FlagSpec, inline: string | null): void {
  const level = currentLevel(state);
  if (flag.unavailable !== undefined) fail(state, `--${flag.name}: ${flag.unavailable}`);
  if (level.given.has(flag.name) && !flag.repeatable) {
    fail(state, `--${flag.name} is given twice, but can be used only once.`);
  }
  level.given.add(flag.name);
  if (flag.notice !== undefined) state.warnings.push(`--${flag.name}: ${flag.notice}`);
  if (!flag.value) {
    if (inline !== null) fail(state, `--${flag.name} takes no value, but '${inline}' was given.`);
    state.values.set(flag.name, ['true']);
    return;
  }
  const values = readValues(state, flag, flag.value, inline);
  const before = flag.repeatable ? (state.values.get(flag.name) ?? []) : [];
  state.values.set(flag.name, [...before, ...values]);
}

function readValues(state: State, flag: FlagSpec, spec: ValueSpec, inline: string | null): string[] {
  const raw: string[] = [];
  if (inline !== null) raw.push(inline);
  else {
    while (state.at < state.argv.length && (raw.length === 0 || spec.several)) {
      const next = state.argv[state.at] as string;
      if (!isText(next)) break;
      raw.push(next);
      state.at++;
    }
  }
  const values = spec.separator ? raw.flatMap((one) => one.split(spec.separator as string)) : raw;
  const isPath = spec.kind === 'file' || spec.kind === 'folder';
  if (values.length === 0 || (isPath && values.includes(''))) {
    fail(state, `--${flag.name} needs a value: ${flagUsage(flag)}.${choicesHint(spec)}`);
  }
  for (const value of values) {
    if (spec.choices && !spec.choices.includes(value)) {
      fail(state, `'${value}' is not a value of --${flag.name}.${choicesHint(spec)}`);
    }
    const notice = spec.notices?.[value];
    if (notice !== undefined) state.warnings.push(`--${flag.name} ${value}: ${notice}`);
  }
  return values;
}

function choicesHint(spec: ValueSpec): string {
  return spec.choices ? ` Allowed: ${spec.choices.join(', ')}.` : '';
}

function finish(state: State): Parsed {
  const { command } = currentLevel(state);
  if (command.needsCommand) return { type: 'help', path: pathOf(state), long: false, asked: false };
  for (const positional of command.positionals ?? []) {
    if (positional.required && !state.values.has(positional.name)) {
      fail(state, `<${positional.label}> is missing: ${positional.help}.`);
    }
  }
  checkCombinations(state);
  warnIneffective(state);
  return { type: 'run', path: pathOf(state), values: state.values, warnings: state.warnings };
}

function checkCombinations(state: State): void {
  const flags = flagsOf(state);
  for (const flag of flags) {
    if (!state.values.has(flag.name)) continue;
    const rival = flag.conflicts?.find((name) => state.values.has(name));
    if (rival !== undefined) {
      const other = flags.find((one) => one.name === rival);
      fail(state, `--${flag.name} cannot go with ${other ? `--${rival}` : `a ${rival}`}; leave one out.`);
    }
    if (flag.requires !== undefined && !state.values.has(flag.requires)) {
      fail(state, `--${flag.name} works only together with --${flag.requires}.`);
    }
  }
}

/** A parent's flag that the child does not know is accepted, as in Codex, but not in silence. */
function warnIneffective(state: State): void {
  const known = new Set([...GLOBAL_FLAGS, ...(currentLevel(state).command.flags ?? [])].map((f) => f.name));
  const path = pathOf(state);
  for (const level of state.levels.slice(0, -1)) {
    for (const name of level.given) {
      if (!known.has(name)) state.warnings.push(`--${name} has no effect on '${path.join(' ')}'.`);
    }
  }
}

function currentLevel(state: State): Level {
  return state.levels[state.levels.length - 1] as Level;
}

function pathOf(state: State): string[] {
  return state.levels.slice(1).map((level) => level.command.name);
}

function nextPositional(state: State): PositionalSpec | undefined {
  const level = currentLevel(state);
  return level.command.positionals?.[level.filled];
}

function flagsOf(state: State): readonly FlagSpec[] {
  return [...(currentLevel(state).command.flags ?? []), ...GLOBAL_FLAGS];
}

function failUnknownFlag(state: State, flag: string, whole = flag): never {
  const isLong = flag.startsWith('--');
  const visible = flagsOf(state).filter((one) => !one.hidden);
  const name = flag.replace(/^-+/, '');
  const guess = isLong
    ? nearestName(name, [...visible.map((one) => one.name), 'help', 'version'])
    : (visible.find((one) => one.short?.toLowerCase() === name.toLowerCase())?.short ??
      // A whole word behind one dash is most likely a long flag that lost a dash.
      nearestName(
        whole.slice(1),
        visible.map((one) => one.name),
      ));
  const hint = guess === null ? '' : ` Did you mean '${guess.length === 1 ? '-' : '--'}${guess}'?`;
  const elsewhere = hint === '' && isLong ? whereKnown(state, name) : '';
  fail(state, `unknown flag '${isLong ? flag : whole}'.${hint}${elsewhere}`);
}

/** The name meant by `word`: the one it begins, else the nearest. */
function nearestName(word: string, names: readonly string[]): string | null {
  const begun = word.length >= 2 ? names.find((name) => name.startsWith(word)) : undefined;
  return begun ?? nearestWord(word, names);
}

/** Tells when another command has this very flag. */
function whereKnown(state: State, name: string): string {
  const search = (command: CommandSpec, path: string): string | null => {
    if (command.flags?.some((one) => one.name === name)) return path;
    for (const child of command.commands ?? []) {
      const found = search(child, `${path} ${child.name}`);
      if (found !== null) return found;
    }
    return null;
  };
  const found = search((state.levels[0] as Level).command, state.program);
  return found === null ? '' : ` It is a flag of '${found}'.`;
}

function fail(state: State, message: string): never {
  const help = [state.program, ...pathOf(state), '--help'].join(' ');
  throw new UsageError(`${message}\nSee '${help}'.`, { exitCode: 2 });
}
