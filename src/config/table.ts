// Plain operations on config trees: tables without a prototype, merged key by key.

export type Table = { [key: string]: unknown };

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A table that has no inherited keys, so that a key named `__proto__` is a key like any other. */
export function emptyTable(): Table {
  return Object.create(null) as Table;
}

/** `over` put on `base`: tables merge, everything else is replaced. Neither argument changes. */
export function mergeTables(base: Table, over: Table): Table {
  const merged = emptyTable();
  for (const key of Object.keys(base)) merged[key] = base[key];
  for (const key of Object.keys(over)) {
    const [old, next] = [merged[key], over[key]];
    merged[key] = isTable(next) ? mergeTables(isTable(old) ? old : emptyTable(), next) : next;
  }
  return merged;
}

/** The value at `path`, or undefined. */
export function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree;
  for (const segment of path) {
    if (!isTable(value) || !Object.hasOwn(value, segment)) return undefined;
    value = value[segment];
  }
  return value;
}

/** A tree with nothing but `value` at `path`. */
export function treeOf(path: readonly string[], value: unknown): Table {
  return path.toReversed().reduce<unknown>((inner, segment) => {
    const table = emptyTable();
    table[segment] = inner;
    return table;
  }, value) as Table;
}

/** Every path that ends in something other than a table. */
export function leafPaths(tree: Table, above: readonly string[] = []): string[][] {
  return Object.keys(tree).flatMap((key) => {
    const value = tree[key];
    return isTable(value) ? leafPaths(value, [...above, key]) : [[...above, key]];
  });
}

/** `a."b.c".d`: quoted where a segment needs it. */
export function dotted(path: readonly string[]): string {
  return path.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part))).join('.');
}
