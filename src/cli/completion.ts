// Shell completion scripts, made from the same table as parsing and help.
import { renderBash, renderZsh } from './completion-posix.ts';
import { renderElvish, renderFish, renderPowershell } from './completion-other.ts';
import { GLOBAL_FLAGS } from './flags.ts';
import type { Shell } from './invocation.ts';
import type { CompletionNode, CompletionTree } from './completion-tree.ts';
import type { CommandSpec, FlagSpec } from './spec.ts';

/** The script for `shell`, ending with a newline. */
export function renderCompletion(root: CommandSpec, shell: Shell): string {
  const tree: CompletionTree = { program: root.name, nodes: collect(root, '') };
  switch (shell) {
    case 'bash':
      return renderBash(tree);
    case 'zsh':
      return renderZsh(tree);
    case 'fish':
      return renderFish(tree);
    case 'powershell':
      return renderPowershell(tree);
    case 'elvish':
      return renderElvish(tree);
  }
}

const HELP: readonly FlagSpec[] = [
  { name: 'help', short: 'h', help: 'Print help' },
  { name: 'version', short: 'V', help: 'Print the version' },
];

function collect(command: CommandSpec, path: string): CompletionNode[] {
  const visible = (command.commands ?? []).filter((one) => !one.hidden && one.planned === undefined);
  const node: CompletionNode = {
    path,
    about: command.about,
    flags: [...(command.flags ?? []), ...GLOBAL_FLAGS, ...HELP].filter((flag) => !flag.hidden),
    children: visible.map((one) => ({
      name: one.name,
      names: [one.name, ...(one.aliases ?? [])],
      about: one.about,
    })),
    words: command.positionals?.[0]?.choices ?? [],
  };
  return [node, ...visible.flatMap((one) => collect(one, `${path} ${one.name}`.trim()))];
}
