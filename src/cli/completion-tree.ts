// The command table as shell completion sees it.
import type { FlagSpec } from './spec.ts';

/** One command as completion sees it. `path` is the words after the program, joined by spaces. */
export interface CompletionNode {
  path: string;
  about: string;
  flags: readonly FlagSpec[];
  /** Visible children. */
  children: readonly { name: string; names: readonly string[]; about: string }[];
  /** Allowed words of the first positional. */
  words: readonly string[];
}

export interface CompletionTree {
  program: string;
  nodes: readonly CompletionNode[];
}

/** `-m` and `--model` of a flag. */
export function spellings(flag: FlagSpec): string[] {
  return flag.short ? [`-${flag.short}`, `--${flag.name}`] : [`--${flag.name}`];
}

/** Every way to reach a child: `parent word -> path`, aliases included. */
export function transitions(tree: CompletionTree): { from: string; word: string; to: string }[] {
  return tree.nodes.flatMap((node) =>
    node.children.flatMap((child) =>
      child.names.map((word) => ({ from: node.path, word, to: `${node.path} ${child.name}`.trim() })),
    ),
  );
}
