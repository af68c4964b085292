// Recognises a shell command that does nothing but call `apply_patch`, so that it runs as the tool.
import { splitShell } from '../../lib/shell-quote.ts';

export interface PatchInCommand {
  patch: string;
  /** Folder of a `cd` before the patch, as written. */
  folder: string | null;
}

const NAME = String.raw`(?:apply_patch|applypatch)`;
const OPEN = String.raw`<<-?[ \t]*(?:'(\w+)'|"(\w+)"|(\w+))`;
const CD = /^\s*cd[ \t]+((?:'[^']*'|"[^"$`]*"|[\w./@+~-]|\\.)+)\s*&&\s*/;
const DIRECT = new RegExp(String.raw`^\s*${NAME}[ \t]*${OPEN}[ \t]*\r?\n([^]*)$`);
const PIPED = new RegExp(String.raw`^\s*cat[ \t]*${OPEN}[ \t]*\|[ \t]*${NAME}[ \t]*\r?\n([^]*)$`);
const SUBSTITUTED = new RegExp(
  String.raw`^\s*${NAME}[ \t]+"\$\([ \t]*cat[ \t]*${OPEN}[ \t]*\r?\n([^]*?)\r?\n?[ \t]*\)"\s*$`,
);

/** Null when the command does anything else as well: then a shell has to run it. */
export function patchInCommand(command: string): PatchInCommand | null {
  if (!/appl(?:y_|y)patch/.test(command)) return null;
  const cd = CD.exec(command);
  const rest = cd === null ? command : command.slice(cd[0].length);
  const folder = cd === null ? null : wordOf(cd[1] as string);
  if (cd !== null && folder === null) return null;
  const patch = fromHeredoc(rest) ?? fromArgument(rest);
  return patch === null ? null : { patch, folder };
}

/** The patch of `apply_patch PATCH` as an argument vector, or null. */
export function patchInArguments(argv: readonly string[]): string | null {
  const [name, patch] = argv;
  const isCall = argv.length === 2 && (name === 'apply_patch' || name === 'applypatch');
  return isCall && patch !== undefined ? patch : null;
}

function fromHeredoc(command: string): string | null {
  for (const form of [DIRECT, PIPED, SUBSTITUTED]) {
    const match = form.exec(command);
    if (match === null) continue;
    const word = (match[1] ?? match[2] ?? match[3]) as string;
    const lines = (match[4] as string).trimEnd().split('\n');
    const end = lines.findIndex((line) => line.trim() === word);
    // Text after the end of the here-document is another command.
    if (end === lines.length - 1 && end > 0) return lines.slice(0, end).join('\n');
  }
  return null;
}

function fromArgument(command: string): string | null {
  const tokens = splitShell(command.trim());
  if (tokens === null || tokens.some((token) => token.type === 'operator')) return null;
  const patch = patchInArguments(tokens.map((token) => token.text));
  return patch?.includes('*** Begin Patch') === true ? patch : null;
}

function wordOf(quoted: string): string | null {
  const tokens = splitShell(quoted);
  const folder = tokens?.length === 1 ? tokens[0]?.text : undefined;
  return folder === undefined || folder.startsWith('~') ? null : folder;
}
