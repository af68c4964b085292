// Completion for fish, PowerShell and elvish.
import { spellings, transitions, type CompletionNode, type CompletionTree } from './completion-tree.ts';

const single = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const doubled = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Script for fish >= 3. */
export function renderFish(tree: CompletionTree): string {
  const { program } = tree;
  const steps = transitions(tree).map(
    ({ from, word, to }) =>
      `            case ${single(`${from}:${word}`)}\n                set path ${single(to)}`,
  );
  return `# fish completion for ${program}
function __${program}_at
    set -l path ''
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        switch "$path:$word"
${steps.join('\n')}
        end
    end
    test "$path" = "$argv[1]"
end
${tree.nodes.flatMap((node) => fishLines(program, node)).join('\n')}
`;
}

function fishLines(program: string, node: CompletionNode): string[] {
  const at = `complete -c ${program} -n "__${program}_at ${single(node.path)}"`;
  const children = node.children.map((one) => `${at} -f -a ${single(one.name)} -d ${single(one.about)}`);
  const words = node.words.map((word) => `${at} -f -a ${single(word)}`);
  const flags = node.flags.map((flag) => {
    const value = flag.value
      ? flag.value.choices
        ? ` -x -a ${single(flag.value.choices.join(' '))}`
        : flag.value.kind === 'file' || flag.value.kind === 'folder'
          ? ' -r -F'
          : ' -x'
      : '';
    const short = flag.short ? ` -s ${flag.short}` : '';
    return `${at}${short} -l ${flag.name}${value} -d ${single(flag.help)}`;
  });
  return [...children, ...words, ...flags];
}

/** Script for PowerShell 5.1 and newer. */
export function renderPowershell(tree: CompletionTree): string {
  const { program } = tree;
  const steps = transitions(tree).map(
    ({ from, word, to }) => `            ${doubled(`${from}:${word}`)} { $path = ${doubled(to)} }`,
  );
  const tables = tree.nodes.map((node) => {
    const rows = rowsOf(node).map(([name, text]) => `            @(${doubled(name)}, ${doubled(text)})`);
    return `        ${doubled(node.path)} { @(\n${rows.join('\n')}\n        ) }`;
  });
  const values = tree.nodes.flatMap((node) =>
    node.flags.flatMap((flag) => {
      const choices = flag.value?.choices;
      if (!choices) return [];
      const list = choices.map((one) => `@(${doubled(one)}, ${doubled(flag.help)})`).join(', ');
      return spellings(flag).map((one) => `        ${doubled(`${node.path}:${one}`)} { @(${list}) }`);
    }),
  );
  return `# PowerShell completion for ${program}
Register-ArgumentCompleter -Native -CommandName ${doubled(program)} -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $path = ''
    $previous = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        $word = $element.Extent.Text
        if ($element.Extent.EndOffset -ge $cursorPosition -and $word -eq $wordToComplete) { break }
        $previous = $word
        switch -CaseSensitive -Exact ("\${path}:$word") {
${steps.join('\n')}
        }
    }
    $candidates = switch -CaseSensitive -Exact ("\${path}:$previous") {
${values.join('\n')}
    }
    if (-not $candidates) {
        $candidates = switch -CaseSensitive -Exact ($path) {
${tables.join('\n')}
        }
    }
    $candidates | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {
        $text = if ($_[1]) { $_[1] } else { $_[0] }
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $text)
    }
}
`;
}

/** Script for elvish. */
export function renderElvish(tree: CompletionTree): string {
  const { program } = tree;
  const steps = transitions(tree).map(
    ({ from, word, to }) => `        &${doubled(`${from}:${word}`)}=${doubled(to)}`,
  );
  const tables = tree.nodes.map((node) => {
    const rows = rowsOf(node).map(
      ([name, text]) =>
        `            edit:complex-candidate ${doubled(name)} &display=${doubled(`${name}  ${text}`)}`,
    );
    return `        &${doubled(node.path)}={\n${rows.join('\n')}\n        }`;
  });
  return `# elvish completion for ${program}
set edit:completion:arg-completer[${program}] = {|@words|
    var steps = [
${steps.join('\n')}
    ]
    var path = ''
    for word $words[1..-1] {
        var key = $path':'$word
        if (has-key $steps $key) { set path = $steps[$key] }
    }
    var tables = [
${tables.join('\n')}
    ]
    $tables[$path]
}
`;
}

function rowsOf(node: CompletionNode): [string, string][] {
  return [
    ...node.children.map((child): [string, string] => [child.name, child.about]),
    ...node.words.map((word): [string, string] => [word, '']),
    ...node.flags.flatMap((flag) => spellings(flag).map((one): [string, string] => [one, flag.help])),
  ];
}
