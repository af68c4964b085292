// Layers of config: reading a TOML file into one, and asking which layer a value comes from.
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { locateKey } from '../lib/toml-scan.ts';
import { UsageError } from '../protocol/error.ts';
import { dotted, isTable, leafPaths, valueAt, type Table } from './table.ts';

/** From weak to strong. */
export type LayerKind =
  | 'default'
  | 'system'
  | 'user'
  | 'project'
  | 'profile'
  | 'override'
  | 'flag'
  | 'managed';

export interface Layer {
  kind: LayerKind;
  /** How people know it: the file's path, `-c`, `command line`, `built-in`. */
  label: string;
  /** Null for layers that are no file. */
  file: string | null;
  /** The file's text, for line numbers. */
  text: string | null;
  /** Absolute folder that relative paths start from. */
  folder: string;
  /** What the layer says, unchecked until `validateLayer` went over it. */
  tree: Table;
}

export interface ConfigSource {
  layer: LayerKind;
  label: string;
  /** 1-based line in the file, when there is one. */
  line: number | null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** First line of the parser's message: the rest quotes the file, which may hold secrets. */
function causeOf(error: Error): string {
  return (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
}

/** Parses TOML text; a `UsageError` names file, line and column. */
export function parseTomlFile(file: string, text: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const where = error instanceof TomlError ? `${file}:${error.line}:${error.column}` : file;
    throw new UsageError(
      `${where}: this is not valid TOML: ${causeOf(error)}. Correct the line and try again.`,
      {
        cause: error,
      },
    );
  }
}

/** The text of a UTF-8 file without byte order mark, or null when it does not exist. */
export function readTextFile(file: string): string | null {
  let bytes: Buffer;
  try {
    // Reading a pipe would wait for ever.
    if (!statSync(file).isFile()) throw new Error('it is not a plain file');
    bytes = readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} cannot be read: ${why}. Check the file and its permissions.`, {
      cause: error,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${file} is not valid UTF-8. Save it as UTF-8 and try again.`, { cause: error });
  }
}

/** Null when the file does not exist. */
export function readLayer(kind: LayerKind, file: string): Layer | null {
  const text = readTextFile(file);
  if (text === null) return null;
  return { kind, label: file, file, text, folder: dirname(file), tree: parseTomlFile(file, text) };
}

/** `FILE:LINE` of a key in its layer, or the layer's label. */
export function whereIs(layer: Layer, path: readonly string[]): string {
  if (layer.text === null) return layer.label;
  const position = locateKey(layer.text, path);
  return position ? `${layer.label}:${position.line}` : layer.label;
}

/** The strongest of `layers` (weak to strong) that sets `path`, or null. */
export function findSetter(layers: readonly Layer[], path: readonly string[]): Layer | null {
  return layers.findLast((layer) => valueAt(layer.tree, path) !== undefined) ?? null;
}

export function sourceOf(layers: readonly Layer[], path: readonly string[]): ConfigSource | null {
  const layer = findSetter(layers, path);
  if (!layer) return null;
  const line = layer.text === null ? null : (locateKey(layer.text, path)?.line ?? null);
  return { layer: layer.kind, label: layer.label, line };
}

/** Dotted path of every value in `merged` -> where it comes from. */
export function allSources(layers: readonly Layer[], merged: Table): Record<string, ConfigSource> {
  const sources: Record<string, ConfigSource> = {};
  for (const path of leafPaths(merged)) {
    const source = sourceOf(layers, path);
    if (source) sources[dotted(path)] = source;
  }
  return sources;
}

/** The value at `path` as a table; empty when it is missing or something else. */
export function tableAt(tree: Table, ...path: string[]): Table {
  const value = valueAt(tree, path);
  return isTable(value) ? value : {};
}
