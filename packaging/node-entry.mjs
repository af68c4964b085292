#!/usr/bin/env node
// Entry of the Node bundle: says what is wrong on a Node that is too old, instead of failing on its syntax.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 15)) {
  await import('./skua-node/main.mjs');
} else {
  console.error(`skua: Node ${process.versions.node} is too old for skua.mjs, which needs 22.15 or newer.`);
  process.exitCode = 1;
}
