// A best-effort reading of what a command does, so that people see "read a.ts" in place of a shell line.
import { basename } from 'node:path';
import { quoteWords, splitShell, type ShellToken } from '../lib/shell-quote.ts';
import type { CommandAction } from '../protocol/item.ts';

/** One action per command of the line that matters; one `unknown` for all when any of them is not understood. */
export function readCommandActions(command: string): CommandAction[] {
  const unknown: CommandAction[] = [{ type: 'unknown', command }];
  if (command.length > 4000) return unknown;
  const tokens = splitShell(command.trim());
  if (tokens === null || tokens.some((token) => token.type === 'operator' && token.text === '&'))
    return unknown;
  const actions: CommandAction[] = [];
  for (const words of pipelinesOf(tokens)) {
    const action = actionOf(words);
    if (action === 'nothing') continue;
    if (action === null) return unknown;
    actions.push(action);
  }
  return actions.length === 0 ? unknown : actions;
}

/** The first command of every pipeline, when the others only shorten what it prints. */
function pipelinesOf(tokens: readonly ShellToken[]): string[][] {
  const commands: string[][] = [[]];
  let isFilter = false;
  for (const token of tokens) {
    if (token.type === 'word') {
      (commands.at(-1) as string[]).push(token.text);
      continue;
    }
    if (isFilter && isShortener(commands.at(-1) as string[])) commands.pop();
    isFilter = token.text === '|';
    commands.push([]);
  }
  if (isFilter && isShortener(commands.at(-1) as string[])) commands.pop();
  return commands.filter((words) => words.length > 0);
}

function isShortener(words: readonly string[]): boolean {
  return ['head', 'tail', 'wc', 'sort', 'uniq', 'nl', 'cat', 'less', 'cut', 'tr'].includes(words[0] ?? '')
    ? operands(words.slice(1), new Set(['-n', '-c', '-d', '-f', '-k'])).length <= 2
    : words[0] === 'sed' && words[1] === '-n';
}

type Reader = (args: readonly string[], command: string) => CommandAction | null | 'nothing';

const READERS: Readonly<Record<string, Reader>> = {
  cd: () => 'nothing',
  true: () => 'nothing',
  pwd: () => 'nothing',
  cat: (args, command) => readOf(operands(args), command),
  nl: (args, command) => readOf(operands(args, new Set(['-b', '-w', '-s'])), command),
  bat: (args, command) => readOf(operands(args), command),
  head: (args, command) => readOf(operands(args, new Set(['-n', '-c'])), command),
  tail: (args, command) =>
    args.includes('-f') ? null : readOf(operands(args, new Set(['-n', '-c'])), command),
  sed: (args, command) => (args[0] === '-n' ? readOf(operands(args.slice(2)), command) : null),
  ls: (args, command) => listOf(operands(args, new Set(['-I', '-w'])), command),
  tree: (args, command) => listOf(operands(args, new Set(['-L', '-I', '-P'])), command),
  find: (args, command) => findOf(args, command),
  fd: (args, command) => searchOf(operands(args, new Set(['-e', '-t', '-d'])), command),
  rg: (args, command) => ripgrepOf(args, command),
  grep: (args, command) => searchOf(operands(args, GREP_OPTIONS), command, args),
  git: (args, command) => gitOf(args, command),
};

const GREP_OPTIONS = new Set(['-e', '-f', '-m', '-A', '-B', '-C', '--include', '--exclude', '--exclude-dir']);
const RG_OPTIONS = new Set(['-e', '-f', '-m', '-A', '-B', '-C', '-g', '-t', '-T', '--glob', '--type', '-j']);

function actionOf(words: readonly string[]): CommandAction | null | 'nothing' {
  const name = basename(words[0] as string);
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  return reader?.(words.slice(1), quoteWords(words)) ?? null;
}

/** Arguments that are no options; options in `valued` take the next word with them. */
function operands(args: readonly string[], valued: ReadonlySet<string> = new Set()): string[] {
  const found: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--') return [...found, ...args.slice(at + 1)];
    if (valued.has(arg)) at++;
    else if (!arg.startsWith('-') || arg === '-') found.push(arg);
  }
  return found;
}

function readOf(files: readonly string[], command: string): CommandAction | null {
  const [path] = files;
  if (files.length !== 1 || path === undefined) return null;
  return { type: 'read', command, name: basename(path), path };
}

function listOf(paths: readonly string[], command: string): CommandAction {
  return { type: 'listFiles', command, path: paths[0] ?? null };
}

function findOf(args: readonly string[], command: string): CommandAction | null {
  if (args.some((arg) => /^-(exec|execdir|ok|okdir|delete|fprint|fls)/.test(arg))) return null;
  const path = args[0] !== undefined && !args[0].startsWith('-') ? args[0] : null;
  const named = args.findIndex((arg) => arg === '-name' || arg === '-iname' || arg === '-path');
  if (named < 0) return { type: 'listFiles', command, path };
  return { type: 'search', command, query: args[named + 1] ?? null, path };
}

function ripgrepOf(args: readonly string[], command: string): CommandAction {
  const rest = operands(args, RG_OPTIONS);
  if (args.includes('--files')) return listOf(rest, command);
  return searchOf(rest, command, args);
}

function searchOf(rest: readonly string[], command: string, args: readonly string[] = []): CommandAction {
  const pattern = args.indexOf('-e');
  if (pattern >= 0)
    return { type: 'search', command, query: args[pattern + 1] ?? null, path: rest[0] ?? null };
  return { type: 'search', command, query: rest[0] ?? null, path: rest[1] ?? null };
}

function gitOf(args: readonly string[], command: string): CommandAction | null {
  const rest = operands(args.slice(1), GREP_OPTIONS);
  if (args[0] === 'grep') return searchOf(rest, command, args);
  return args[0] === 'ls-files' ? listOf(rest, command) : null;
}
