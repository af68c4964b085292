#!/usr/bin/env node
// Starts skua from an npm install: the executable of the platform package, else the Node bundle. Runs on Node >= 16, no dependencies.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { constants } = require('node:os');
const { isatty } = require('node:tty');
const { pathToFileURL } = require('node:url');

/** First Node with everything the bundle uses. */
const BUNDLE_NODE = [22, 15];

/** Dynamic loaders an executable needs, by package suffix. Absent: the kernel could only answer "not found". */
const LOADERS = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
  'linux-x64-musl': '/lib/ld-musl-x86_64.so.1',
  'linux-arm64-musl': '/lib/ld-musl-aarch64.so.1',
};

/** Suffixes of the platform packages that could run here, best first. */
function platformIds(platform, arch, exists) {
  const id = `${platform}-${arch}`;
  if (platform !== 'linux') return [id];
  const musl = `${id}-musl`;
  return exists(LOADERS[musl]) && !exists(LOADERS[id]) ? [musl, id] : [id, musl];
}

/**
 * The executable to start: `{ file }`, or `{ problem }` with the reason in one clause.
 * `resolve` finds `<package>/package.json`; `exists` asks for a file.
 */
function findExecutable({ platform, arch, version, resolve, exists }) {
  const problems = [];
  for (const id of platformIds(platform, arch, exists)) {
    const name = `skua-${id}`;
    let found;
    try {
      found = resolve(`${name}/package.json`);
    } catch {
      problems.push(`the package ${name} is not installed`);
      continue;
    }
    const theirs = JSON.parse(fs.readFileSync(found, 'utf8')).version;
    if (theirs !== version) {
      problems.push(`${name} is version ${theirs}, but skua is ${version}`);
      continue;
    }
    if (LOADERS[id] && !exists(LOADERS[id])) {
      problems.push(`${name} needs ${LOADERS[id]}, which this system does not have`);
      continue;
    }
    const file = path.join(path.dirname(found), 'bin', platform === 'win32' ? 'skua.exe' : 'skua');
    const problem = whyNotExecutable(file);
    if (problem === null) return { file };
    problems.push(problem);
  }
  return { problem: problems[0] };
}

function whyNotExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return null;
  } catch (error) {
    if (error.code !== 'EACCES') return `${file} cannot be used (${error.code})`;
  }
  // A package packed on Windows has lost its mode bits.
  try {
    fs.chmodSync(file, 0o755);
    fs.accessSync(file, fs.constants.X_OK);
    return null;
  } catch (error) {
    return `${file} may not be executed (${error.code}; is the folder mounted noexec?)`;
  }
}

/** Why this processor cannot run the executable, or null. The x64 executables need AVX2. */
function whyProcessorTooOld(platform, arch, cpuinfo) {
  if (platform !== 'linux' || arch !== 'x64' || !/^flags\s*:/m.test(cpuinfo)) return null;
  return /^flags\s*:.*\bavx2\b/m.test(cpuinfo) ? null : 'the executable needs a processor with AVX2';
}

function readCpuinfo(platform) {
  if (platform !== 'linux') return '';
  try {
    const fd = fs.openSync('/proc/cpuinfo', 'r');
    const buffer = Buffer.alloc(4096);
    const length = fs.readSync(fd, buffer, 0, buffer.length, null);
    fs.closeSync(fd);
    return buffer.toString('latin1', 0, length);
  } catch {
    return '';
  }
}

/**
 * Text of a file that is a shell script and a Node script at once. The shell starts `executable` without waiting for Node;
 * Node still understands it: a shim may say `node FILE`, and a start may have begun before the file changed.
 */
function shortcutTo(executable) {
  const quoted = `'${executable.replace(/'/g, `'\\''`)}'`;
  return `#!/bin/sh
':' // Written by the launcher of skua. The shell starts the executable, and Node still understands this file.
':' //; skua=${quoted}
':' //; if [ "\${SKUA_RUNTIME:-native}" = native ] && [ -x "$skua" ]; then exec "$skua" "$@"; fi
':' //; exec /usr/bin/env node "$0" "$@"
'use strict';
require('./skua.js').main();
`;
}

/**
 * Puts such a file in the place of `link` (what npm's `skua` symlink points at), so that later starts do not pay for
 * Node. Atomic, never fatal. Returns whether `link` is a shortcut to `executable` now.
 */
function writeShortcut({ executable, link, platform, env }) {
  if (platform === 'win32' || env.SKUA_NO_SELF_LINK === '1') return false;
  // A line break would end the comment that hides the path from Node.
  if (/[\r\n\u2028\u2029]/.test(executable)) return false;
  const temporary = `${link}.${process.pid}.${Date.now().toString(36)}`;
  try {
    const text = shortcutTo(executable);
    if (fs.readFileSync(link, 'utf8') === text) return true;
    fs.writeFileSync(temporary, text, { flag: 'wx', mode: 0o755 });
    fs.chmodSync(temporary, 0o755);
    fs.renameSync(temporary, link);
    return true;
  } catch {
    // No write permission (EACCES, EPERM, EROFS) or no space: the launcher goes on as it is.
    try {
      fs.unlinkSync(temporary);
    } catch {
      // It was never made.
    }
    return false;
  }
}

/** Becomes the executable where Node can do that; else starts it and ends as it ends. */
function startExecutable(file, argv0, args) {
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(file, [argv0, ...args], process.env);
  }
  // The terminal sends Ctrl-C to both of us: passing it on would make it two.
  const atTerminal = [0, 1, 2].some((fd) => isatty(fd));
  const handlers = new Map();
  let child = null;
  // Before the start: a signal that comes right after it must find somebody who passes it on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    const fromTerminal = signal === 'SIGINT' || signal === 'SIGQUIT';
    const handler = () => {
      if (!(fromTerminal && atTerminal)) child.kill(signal);
    };
    try {
      process.on(signal, handler);
      handlers.set(signal, handler);
    } catch {
      // Windows does not know all of them.
    }
  }
  child = spawn(file, args, { stdio: 'inherit', argv0 });
  child.on('error', (error) => fail(`${file} did not start (${error.code}). ${reinstall()}`));
  child.on('exit', (code, signal) => {
    for (const [name, handler] of handlers) process.removeListener(name, handler);
    if (signal === null) process.exit(code === null ? 1 : code);
    process.kill(process.pid, signal);
    // Reached when the signal is one that Node itself ignores.
    setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 100);
  });
}

function canRunBundle(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > BUNDLE_NODE[0] || (major === BUNDLE_NODE[0] && minor >= BUNDLE_NODE[1]);
}

function startBundle() {
  const bundle = path.join(__dirname, '..', 'dist', 'skua.mjs');
  // What the program sees as its own script, and starts again when it needs a second process.
  process.argv[1] = bundle;
  import(pathToFileURL(bundle).href).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

function readVersion() {
  return require('../package.json').version;
}

function reinstall() {
  return `Install it again with its optional packages: npm install -g skua@${readVersion()} --include=optional`;
}

function fail(message) {
  fs.writeSync(2, `skua: ${message}\n`);
  process.exit(1);
}

/** Chooses a runtime (`SKUA_RUNTIME` = `native` or `node` forces one) and starts it with this process's arguments. */
function main() {
  const { env, platform, arch } = process;
  const wanted = env.SKUA_RUNTIME || '';
  if (!['', 'native', 'node'].includes(wanted)) {
    fail(`SKUA_RUNTIME is "${wanted}", but must be "native" or "node" (or not be set).`);
  }
  const node = process.versions.node;
  const bundleNeeds = `Node ${BUNDLE_NODE.join('.')} or newer`;
  if (wanted === 'node') {
    if (!canRunBundle(node)) fail(`SKUA_RUNTIME=node needs ${bundleNeeds}; this is Node ${node}.`);
    startBundle();
    return;
  }
  const exists = fs.existsSync;
  const found = findExecutable({ platform, arch, version: readVersion(), resolve: require.resolve, exists });
  const problem = found.problem || whyProcessorTooOld(platform, arch, readCpuinfo(platform));
  if (problem) {
    if (wanted === '' && canRunBundle(node)) startBundle();
    else
      fail(`${problem}, and running without it needs ${bundleNeeds} (this is Node ${node}). ${reinstall()}`);
    return;
  }
  const invokedAs = process.argv[1];
  writeShortcut({ executable: found.file, link: path.join(__dirname, 'skua'), platform, env });
  startExecutable(found.file, path.basename(invokedAs, '.js'), process.argv.slice(2));
}

module.exports = { main, findExecutable, platformIds, whyProcessorTooOld, shortcutTo, writeShortcut };

if (require.main === module) main();
