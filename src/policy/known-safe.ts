// The short list of commands that only read, for approval policy `untrusted`; whatever is not plainly on it is not.

/** Read nothing but their arguments and change nothing, whatever their options. Source: Codex 0.118. */
const ALWAYS_SAFE = new Set(
  'cat cd cut echo expr false grep head id ls nl paste pwd rev seq stat tail tr true uname wc which whoami'.split(
    ' ',
  ),
);

/** Options of `find` that start programs, delete or write. */
const FIND_ACTIONS = /^-(exec|execdir|ok|okdir|delete|fprint|fprint0|fprintf|fls)$/;
const GIT_READERS = new Set(['status', 'log', 'diff', 'show', 'branch']);
/** Options of git's readers that write files or start programs of the repository's choice. */
const GIT_ACTIONS = /^(-o|--output|--ext-diff|--textconv|--exec|--upload-pack|-O)(=|$)/;

/** Splits into plain words; null when the line holds anything a shell would act on. */
export function splitPlainWords(command: string): string[] | null {
  const line = command.trim();
  if (line === '' || !/^[A-Za-z0-9 \t_./,:=@%+^'"-]*$/.test(line)) return null;
  const words: string[] = [];
  for (const match of line.matchAll(/[^\s'"]+|'[^']*'|"[^"]*"|\S/g)) {
    const [word] = match;
    const before = line[(match.index ?? 0) - 1];
    const after = line[(match.index ?? 0) + word.length];
    const isQuoted = /^(['"]).*\1$/.test(word) && word.length > 1;
    // Quotes inside a word, or an unclosed one: a parser's work, not this list's.
    if (/['"]/.test(word) && !isQuoted) return null;
    if (
      isQuoted &&
      ((before !== undefined && !/\s/.test(before)) || (after !== undefined && !/\s/.test(after)))
    ) {
      return null;
    }
    words.push(isQuoted ? word.slice(1, -1) : word);
  }
  return words;
}

function isSafeGit(args: readonly string[]): boolean {
  const [verb = '', ...rest] = args;
  // Options before the verb (-c, -C, --git-dir) choose another repository or configuration.
  if (!GIT_READERS.has(verb) || rest.some((word) => GIT_ACTIONS.test(word))) return false;
  return (
    verb !== 'branch' ||
    rest.every((word) => ['-a', '-r', '-v', '-vv', '--list', '--show-current', '--all'].includes(word))
  );
}

function isSafeBase64(args: readonly string[]): boolean {
  return args.every((word) => !/^(-o|--output)/.test(word));
}

function isSafeSed(args: readonly string[]): boolean {
  const [flag, script, ...files] = args;
  return flag === '-n' && /^\d+(,\d+)?p$/.test(script ?? '') && files.every((word) => !word.startsWith('-'));
}

/** True only for one plain command that is known to read and nothing else. */
export function isKnownSafe(command: string): boolean {
  const words = splitPlainWords(command);
  if (words === null) return false;
  const [program = '', ...args] = words;
  if (ALWAYS_SAFE.has(program)) return true;
  switch (program) {
    case 'find':
      return !args.some((word) => FIND_ACTIONS.test(word));
    case 'rg':
      return !args.some((word) => /^(--pre|--hostname-bin|--search-zip|-[a-zA-Z]*z)/.test(word));
    case 'git':
      return isSafeGit(args);
    case 'sed':
      return isSafeSed(args);
    // A second operand is the file it writes.
    case 'uniq':
      return args.filter((word) => !word.startsWith('-')).length <= 1;
    case 'base64':
      return isSafeBase64(args);
    default:
      return false;
  }
}
