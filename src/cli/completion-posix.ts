// Completion for bash and zsh: a walk over the typed words finds the command, a case finds the candidates.
import { spellings, transitions, type CompletionNode, type CompletionTree } from './completion-tree.ts';
import type { FlagSpec } from './spec.ts';

/** Script for bash >= 3.2; needs no bash-completion package. */
export function renderBash(tree: CompletionTree): string {
  const { program } = tree;
  return `# bash completion for ${program}
_${program}() {
  local cur prev path word i words_list
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev=""
  if [ "$COMP_CWORD" -gt 0 ]; then prev="\${COMP_WORDS[COMP_CWORD-1]}"; fi
  if [ "$cur" = "=" ]; then cur=""; fi
  if [ "$prev" = "=" ] && [ "$COMP_CWORD" -gt 1 ]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  path=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$path:$word" in
${walk(tree, '      ')}
    esac
  done
  case "$path:$prev" in
${tree.nodes.flatMap((node) => bashValues(node)).join('\n')}
  esac
  case "$path" in
${tree.nodes.map((node) => `    "${node.path}") words_list="${candidates(node).join(' ')}" ;;`).join('\n')}
    *) words_list="" ;;
  esac
  COMPREPLY=($(compgen -W "$words_list" -- "$cur"))
}
complete -o bashdefault -o default -F _${program} ${program}
`;
}

/** Script for zsh >= 5; works in fpath as _skua and when sourced. */
export function renderZsh(tree: CompletionTree): string {
  const { program } = tree;
  return `#compdef ${program}
_${program}() {
  local cpath word i
  local -a candidates
  cpath=""
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    case "$cpath:$word" in
${walk(tree, '      ').replaceAll('path=', 'cpath=')}
    esac
  done
  case "$cpath:\${words[CURRENT-1]}" in
${tree.nodes.flatMap((node) => zshValues(node)).join('\n')}
  esac
  case "$cpath" in
${tree.nodes.map((node) => zshCase(node)).join('\n')}
  esac
  _describe -t commands '${program}' candidates
  _files
}
if [ "$funcstack[1]" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

function walk(tree: CompletionTree, indent: string): string {
  return transitions(tree)
    .map(({ from, word, to }) => `${indent}"${from}:${word}") path="${to}" ;;`)
    .join('\n');
}

function candidates(node: CompletionNode): string[] {
  return [...node.children.map((child) => child.name), ...node.words, ...node.flags.flatMap(spellings)];
}

function valuePattern(node: CompletionNode, flag: FlagSpec): string {
  return spellings(flag)
    .map((one) => `"${node.path}:${one}"`)
    .join('|');
}

function bashValues(node: CompletionNode): string[] {
  return node.flags.flatMap((flag) => {
    if (!flag.value) return [];
    const action = flag.value.choices
      ? `COMPREPLY=($(compgen -W "${flag.value.choices.join(' ')}" -- "$cur")); return`
      : flag.value.kind === 'folder'
        ? `COMPREPLY=($(compgen -d -- "$cur")); return`
        : // No candidates: bash then completes file names by itself.
          'return';
    return [`    ${valuePattern(node, flag)}) ${action} ;;`];
  });
}

function zshValues(node: CompletionNode): string[] {
  return node.flags.flatMap((flag) => {
    if (!flag.value) return [];
    const action = flag.value.choices
      ? `compadd -- ${flag.value.choices.join(' ')}; return`
      : flag.value.kind === 'folder'
        ? '_files -/; return'
        : '_files; return';
    return [`    ${valuePattern(node, flag)}) ${action} ;;`];
  });
}

function zshCase(node: CompletionNode): string {
  const entry = (name: string, text: string): string =>
    `'${`${name.replaceAll(':', '\\:')}:${text.replaceAll(':', '\\:')}`.replaceAll("'", `'\\''`)}'`;
  const entries = [
    ...node.children.map((child) => entry(child.name, child.about)),
    ...node.words.map((word) => entry(word, '')),
    ...node.flags.flatMap((flag) => spellings(flag).map((one) => entry(one, flag.help))),
  ];
  return `    "${node.path}") candidates=(${entries.join(' ')}) ;;`;
}
