// Starts child processes on whichever runtime this is; see `Spawn` for the contract.
import type { Spawn } from '../../protocol/process.ts';
import { findBunApi } from './bun-api.ts';
import { spawnWithBun } from './spawn-bun.ts';
import { spawnWithNode } from './spawn-node.ts';

/** The child leads its own session; nothing above descriptor 2 reaches it but `inheritFds`. */
export const spawn: Spawn = (request) => {
  const bun = findBunApi();
  return bun === null ? spawnWithNode(request) : spawnWithBun(bun, request);
};
