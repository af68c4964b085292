// `-c key=value`, `--enable` and `--disable`: command-line values as a layer of config.
import { parse } from 'smol-toml';
import { nearestWord } from '../lib/nearest-word.ts';
import { UsageError } from '../protocol/error.ts';
import { featureName, featureNames, isLaterFeature } from './features.ts';
import type { Layer } from './layers.ts';
import { emptyTable, mergeTables, treeOf, type Table } from './table.ts';

/** Splits `a."b.c".d = value` into segments and the text behind the first `=` outside quotes. */
function splitOverride(text: string): { path: string[]; value: string } {
  const path: string[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === ' ') at++;
    const quote = text[at];
    if (quote === '"' || quote === "'") {
      const end = text.indexOf(quote, at + 1);
      if (end < 0) throw new UsageError(`-c ${text}: a quoted part of the key is not closed.`);
      path.push(text.slice(at + 1, end));
      at = end + 1;
    } else {
      const end = /[.=]/.exec(text.slice(at));
      const stop = end ? at + end.index : text.length;
      path.push(text.slice(at, stop).trim());
      at = stop;
    }
    while (text[at] === ' ') at++;
    if (text[at] !== '.') break;
    at++;
  }
  const shown = text.split('=')[0];
  if (text[at] !== '=') throw new UsageError(`-c ${shown}: a value is missing. Write -c key=value.`);
  if (path.includes('')) throw new UsageError(`-c ${shown}: part of the key is empty. Write -c key=value.`);
  return { path, value: text.slice(at + 1).trim() };
}

/** The text as one TOML value, else as it stands, without quotes around it. */
function parseValue(text: string): unknown {
  try {
    const tree = parse(`value = ${text}`);
    // A line break could smuggle in further keys: then the text is no single value.
    if (Object.keys(tree).length === 1) return tree['value'];
  } catch {
    // Not TOML: the literal text is meant.
  }
  return text.replaceAll(/^["']+|["']+$/g, '');
}

/** One tree from all `-c`, in order; later ones win. Throws `UsageError` when one has no key or no `=`. */
export function parseOverrides(overrides: readonly string[]): Table {
  let tree = emptyTable();
  for (const text of overrides) {
    const { path, value } = splitOverride(text);
    tree = mergeTables(tree, treeOf(path, parseValue(value)));
  }
  return tree;
}

/** The flag's current name. Throws `UsageError` (exit 1) when there is no such flag. */
export function requireFeature(name: string): string {
  const known = isLaterFeature(name) ? name : featureName(name);
  if (known !== null) return known;
  const guess = nearestWord(name, featureNames());
  const hint = guess ? ` Did you mean ${guess}?` : ' `skua features list` shows all.';
  throw new UsageError(`Unknown feature flag: ${name}.${hint}`);
}

/** A layer for `-c`, relative paths starting from `cwd`. */
export function overrideLayer(overrides: readonly string[], cwd: string): Layer {
  return {
    kind: 'override',
    label: '-c',
    file: null,
    text: null,
    folder: cwd,
    tree: parseOverrides(overrides),
  };
}
