// Signals a process and everything that came from it, also what has left its process group.
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  session: number;
  name: string;
  state: string;
}

/** Parses `/proc/<pid>/stat`; null for text that is not of that form. Source: proc_pid_stat(5). */
export function parseStat(text: string): ProcessEntry | null {
  // The name may contain blanks and brackets: it ends at the last bracket.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  const [state, parent, group, session] = text.slice(close + 2).split(' ');
  return {
    pid: Number(text.slice(0, open)),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    name: text.slice(open + 1, close),
    state: state ?? '?',
  };
}

function readProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const entry = parseStat(readFileSync(`/proc/${name}/stat`, 'latin1'));
      if (entry !== null && entry.state !== 'Z') entries.push(entry);
    } catch {
      // Ended between listing and reading.
    }
  }
  return entries;
}

/** `root`, its descendants, and members of the group and session that it leads; the root first. */
export function selectTree(all: readonly ProcessEntry[], root: number): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of all) {
    const siblings = children.get(entry.parent);
    if (siblings) siblings.push(entry);
    else children.set(entry.parent, [entry]);
  }
  const found = new Map<number, ProcessEntry>();
  const queue = all.filter((entry) => [entry.pid, entry.group, entry.session].includes(root));
  queue.sort((a, b) => Number(b.pid === root) - Number(a.pid === root));
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
    if (found.has(entry.pid)) continue;
    found.set(entry.pid, entry);
    queue.push(...(children.get(entry.pid) ?? []));
  }
  return [...found.values()];
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or not ours to signal (set-uid): nothing more can be done.
  }
}

function signalLinuxTree(root: number, signal: NodeJS.Signals): void {
  // A few rounds, because a tree can grow while it is being killed.
  const done = new Set<number>();
  for (let round = 0; round < 4; round += 1) {
    const tree = selectTree(readProcesses(), root).filter((entry) => !done.has(entry.pid));
    if (tree.length === 0) return;
    // bubblewrap has no signal handlers: it would die of a polite signal and take its commands down the hard way. While
    // it is still preparing the fence there is no command to be polite to; its outer half alone would die, and its inner
    // half, which is not bound to it yet, would go on and start the command.
    const inside = tree.filter((entry) => entry.name !== 'bwrap');
    const isPreparing = inside.length === 0;
    const targets = signal === 'SIGKILL' || isPreparing ? tree : inside;
    const sent = isPreparing ? 'SIGKILL' : signal;
    for (const entry of targets) signalOne(entry.pid, sent);
    for (const entry of tree) done.add(entry.pid);
    if (sent !== 'SIGKILL') return;
  }
}

/** Signals the tree whose root leads its own process group. `rootEnded`: only stragglers of its group are left. */
export function signalTree(root: number, signal: NodeJS.Signals, options: { rootEnded: boolean }): void {
  if (process.platform === 'win32') {
    if (options.rootEnded) return;
    execFile('taskkill', ['/pid', String(root), '/T', '/F'], () => {});
    return;
  }
  if (process.platform !== 'linux') {
    signalOne(-root, signal);
    return;
  }
  // A process that now bears the number of an ended leader is a stranger: a number is only reused once its group is gone.
  if (options.rootEnded && readProcesses().some((entry) => entry.pid === root)) return;
  signalLinuxTree(root, signal);
}
