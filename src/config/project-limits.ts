// What even a trusted project's config may not do: read files outside of the project, or hand a provider's key to a server.
import { relative, sep } from 'node:path';
import { realPathOrSame } from '../lib/real-path.ts';
import { KEYS } from './keys.ts';
import { whereIs, type Layer } from './layers.ts';
import { emptyTable, isTable, valueAt, type Table } from './table.ts';

/** Keys whose file ends up in front of the model. */
const READ_PATHS = KEYS.filter((spec) => spec.kind.type === 'path').map((spec) => spec.path.split('.'));

function isInside(root: string, path: string): boolean {
  const below = relative(root, realPathOrSame(path));
  return below !== '..' && !below.startsWith(`..${sep}`) && !/^([A-Za-z]:|[\\/])/.test(below);
}

function without(tree: Table, path: readonly string[]): Table {
  const [first, ...rest] = path as [string, ...string[]];
  const copy = emptyTable();
  for (const key of Object.keys(tree)) {
    const value = tree[key];
    if (key !== first) copy[key] = value;
    else if (rest.length > 0 && isTable(value)) copy[key] = without(value, rest);
  }
  return copy;
}

/** Names of environment variables that a server entry asks for. */
function variablesOf(server: Table): string[] {
  const headers = isTable(server['env_http_headers']) ? Object.values(server['env_http_headers']) : [];
  const listed = Array.isArray(server['env_vars']) ? server['env_vars'] : [];
  const all: unknown[] = [server['bearer_token_env_var'], ...headers, ...listed];
  return all.filter((name) => typeof name === 'string');
}

/** The checked layer of a trusted project without the entries it may not have, and a warning for each. */
export function limitProjectLayer(
  layer: Layer,
  limits: { root: string; secretEnvNames: readonly string[] },
): { layer: Layer; warnings: string[] } {
  const warnings: string[] = [];
  let { tree } = layer;
  for (const path of READ_PATHS) {
    const value = valueAt(tree, path);
    if (typeof value !== 'string' || isInside(limits.root, value)) continue;
    tree = without(tree, path);
    const key = path.join('.');
    warnings.push(`${whereIs(layer, path)}: \`${key}\` names a file outside of the project and is ignored.`);
  }
  const servers = valueAt(tree, ['mcp_servers']);
  for (const [name, server] of isTable(servers) ? Object.entries(servers) : []) {
    if (!isTable(server)) continue;
    const secret = variablesOf(server).find((variable) => limits.secretEnvNames.includes(variable));
    if (secret === undefined) continue;
    tree = without(tree, ['mcp_servers', name]);
    warnings.push(
      `${whereIs(layer, ['mcp_servers', name])}: MCP server "${name}" asks for ${secret}, ` +
        'which holds the key of a model provider, and is ignored.',
    );
  }
  return { layer: { ...layer, tree }, warnings };
}
