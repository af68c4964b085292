// Starts a tool runtime that came with `npm ci`: `node scripts/run.mjs bun|node ARGS...`. Runs on Node >= 20.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const bunArch = { x64: 'x64', arm64: 'aarch64' };
const bunPlatform = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** Path of the Bun binary from the platform package, or null when this platform has none. */
export function findBun() {
  const name = `bun-${bunPlatform[process.platform]}-${bunArch[process.arch]}`;
  const file = process.platform === 'win32' ? 'bun.exe' : 'bun';
  const paths = [name, `${name}-musl`].map((folder) =>
    join(root, 'node_modules', '@oven', folder, 'bin', file),
  );
  return paths.find((path) => existsSync(path)) ?? null;
}

/** Path of a Node >= 22.15: the one from the platform package, else this very process when new enough. */
export function findNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const path = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', file);
  if (existsSync(path)) return path;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 15) ? process.execPath : null;
}

/** Runs `argv` in the foreground and answers with its exit code; 128 + n when signal n ended it. */
export function runTool(argv, options = {}) {
  return new Promise((resolve, reject) => {
    // The terminal sends Ctrl-C to both of us: passing it on would make it two.
    const atTerminal = [0, 1, 2].some((fd) => isatty(fd));
    const forward = (signal) => {
      if (!(signal === 'SIGINT' && atTerminal)) child.kill(signal);
    };
    // Before the start: a signal that comes right after it must find somebody who passes it on.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
    const child = spawn(argv[0], argv.slice(1), { stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

async function main([tool, ...args]) {
  const find = { bun: findBun, node: findNode }[tool];
  if (!find) throw new Error(`scripts/run.mjs: unknown tool "${tool ?? ''}"; use bun or node.`);
  const binary = find();
  if (!binary) {
    const node = tool === 'node' ? ', or use Node 22.15 or newer' : '';
    throw new Error(
      `scripts/run.mjs: no ${tool} for ${process.platform}-${process.arch} in node_modules. Run "npm ci" without --omit=optional${node}.`,
    );
  }
  process.exitCode = await runTool([binary, ...args]);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
