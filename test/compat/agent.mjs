// Runs the program under test in a scratch home and workspace, and gives everything it left behind.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `AGENT_BIN` is a path, or a JSON array of a program and its first arguments. */
export function agentCommand(setting) {
  return setting.trimStart().startsWith('[') ? JSON.parse(setting) : [setting];
}

/** A scratch folder with `home` (of the agent), `user` (of its user) and `work` (a git repository). */
export function makePlace() {
  const root = mkdtempSync(join(tmpdir(), 'skua-compat-'));
  const place = { root, home: join(root, 'home'), user: join(root, 'user'), work: join(root, 'work') };
  for (const folder of [place.home, place.user, place.work]) mkdirSync(folder);
  const git = (...args) => execFileSync('git', ['-C', place.work, ...args], { stdio: 'ignore' });
  git('init', '-q', '-b', 'main');
  git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '-q', '--allow-empty', '-m', 'first');
  return {
    ...place,
    write(name, text, mode) {
      const path = join(root, name);
      writeFileSync(path, text);
      if (mode !== undefined) chmodSync(path, mode);
      return path;
    },
    read: (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : null),
    path: (name) => join(root, name),
    rollouts: () => listFiles(join(place.home, 'sessions')).filter((path) => path.endsWith('.jsonl')),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function listFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Makes `skua` in `place` a command that starts the agent; gives the folder for PATH. */
export function linkAgent(agent, place) {
  const words = agent.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  mkdirSync(join(place.root, 'bin'), { recursive: true });
  place.write('bin/skua', `#!/bin/sh\nexec ${words} "$@"\n`, 0o755);
  return join(place.root, 'bin');
}

/** A config that points to the scripted server. */
export function mockConfig(baseUrl, extra = '') {
  return `model = "gpt-5.3-codex"
model_provider = "mock"
check_for_update_on_startup = false
${extra}
[model_providers.mock]
name = "mock"
base_url = "${baseUrl}"
wire_api = "responses"
env_key = "MOCK_KEY"
request_max_retries = 0
stream_max_retries = 1
`;
}

/**
 * Runs the agent. `stdin`: text or bytes to pipe, 'null' (/dev/null), 'closed', or 'silent' (an open pipe).
 * `during(child)` runs while it lives; `limitMs` kills it and sets `timedOut`.
 */
export async function runAgent(agent, place, args, options = {}) {
  const { stdin = 'null', cwd = place.work, during, limitMs = 20_000, argv0, env = {} } = options;
  const isPiped = stdin === 'silent' || typeof stdin !== 'string' || !['null', 'closed'].includes(stdin);
  const command = [...agent, ...args];
  // Only a shell can start a program without descriptor 0.
  const argv = stdin === 'closed' ? ['/bin/sh', '-c', 'exec "$0" "$@" <&-', ...command] : command;
  const child = spawn(argv[0], argv.slice(1), {
    cwd,
    ...(argv0 ? { argv0 } : {}),
    detached: true,
    stdio: [isPiped ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: place.user,
      CODEX_HOME: place.home,
      SKUA_HOME: place.home,
      MOCK_KEY: 'test-key',
      TERM: 'dumb',
      LANG: 'C.UTF-8',
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  if (isPiped) {
    child.stdin.on('error', () => undefined);
    if (stdin !== 'silent') child.stdin.end(stdin);
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, limitMs);
  const started = performance.now();
  const closed = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  if (during) await during(child);
  const { code, signal } = await closed;
  clearTimeout(timer);
  if (isPiped) child.stdin.destroy();
  return {
    code,
    signal,
    stdout,
    stderr,
    timedOut,
    ms: performance.now() - started,
    events: parseEvents(stdout),
  };
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function parseEvents(stdout) {
  const events = [];
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      events.push(JSON.parse(line));
    } catch {
      events.push({ type: 'not JSON', line });
    }
  }
  return events;
}
