// Runs one command in a real fence on the runtime it is started with, and prints what happened as JSON. Also the launcher.
import { spawn } from '../../src/lib/runtime/spawn.ts';
import type { SandboxPolicy } from '../../src/protocol/sandbox.ts';
import { runLandlockLauncher } from '../../src/sandbox/landlock-launch.ts';
import { LAUNCH_WORD } from '../../src/sandbox/landlock-spec.ts';
import { protectedPathsFor } from '../../src/sandbox/protected-paths.ts';
import { selectSandbox } from '../../src/sandbox/select.ts';

export interface FenceJob {
  tier: 'A' | 'B';
  workspace: string;
  script: string;
  mode?: SandboxPolicy['mode'];
  network?: 'off' | 'open';
  writableRoots?: string[];
  slashTmp?: boolean;
  denyRead?: string[];
  cwd?: string;
  env?: Record<string, string>;
  terminal?: boolean;
  /** Written when the output first contains `when`. */
  answer?: { when: string; text: string };
  /** Sent when the output first contains `when`. */
  kill?: { when: string; signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' };
  cacheFolder?: string;
  /** Runs `/bin/true` this often and reports times instead. */
  bench?: number;
}

export interface FenceResult {
  unavailable?: { reason: string; remedy: string }[];
  mechanism?: string;
  code?: number | null;
  signal?: string | null;
  output?: string;
  warnings?: string[];
  bench?: Record<string, number>;
}

function policyOf(job: FenceJob): SandboxPolicy {
  const roots = job.writableRoots ?? [];
  return {
    mode: job.mode ?? 'workspace-write',
    workspace: job.workspace,
    writableRoots: roots,
    writableTmp: { tmpdir: false, slashTmp: job.slashTmp ?? true },
    denyRead: job.denyRead ?? [],
    protectedPaths: protectedPathsFor([job.workspace, ...roots], '/nonexistent/.skua'),
    network: job.network ?? 'off',
  };
}

const ENV = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8' };

async function main(job: FenceJob): Promise<FenceResult> {
  const policy = policyOf(job);
  const warnings: string[] = [];
  const selected = await selectSandbox(policy, {
    env: process.env,
    cacheFolder: job.cacheFolder ?? null,
    warn: (message) => warnings.push(message),
    without: [job.tier === 'A' ? 'landlock' : 'bubblewrap'],
  });
  if ('unavailable' in selected) return { unavailable: selected.unavailable };
  const { sandbox } = selected;
  const once = async (argv: string[]) => {
    const begin = performance.now();
    const wrapped = await sandbox.wrap(
      { argv, cwd: job.cwd ?? job.workspace, env: { ...ENV, ...job.env }, terminal: job.terminal === true },
      policy,
    );
    const wrappedAt = performance.now();
    const child = spawn({
      argv: wrapped.argv,
      cwd: job.cwd ?? job.workspace,
      env: wrapped.env,
      terminal: job.terminal ? { columns: 80, rows: 24 } : null,
      stdin: job.terminal ? 'pipe' : 'closed',
      inheritFds: wrapped.inheritFds,
    });
    let output = '';
    let answered = false;
    child.onOutput = (chunk) => {
      output += Buffer.from(chunk).toString('utf8');
      if (job.kill && !answered && output.includes(job.kill.when)) {
        answered = true;
        child.kill(job.kill.signal);
      }
      if (job.answer && !answered && output.includes(job.answer.when)) {
        answered = true;
        child.write(job.answer.text);
      }
    };
    const exit = await child.exited;
    const exitedAt = performance.now();
    wrapped.release(exit);
    return {
      exit,
      output,
      wrap: wrappedAt - begin,
      run: exitedAt - wrappedAt,
      release: performance.now() - exitedAt,
    };
  };
  if (job.bench !== undefined)
    return { mechanism: sandbox.report.mechanism, bench: await bench(job.bench, once) };
  const { exit, output } = await once(['/bin/bash', '-c', job.script]);
  return { mechanism: sandbox.report.mechanism, ...exit, output, warnings };
}

async function bench(
  rounds: number,
  once: (argv: string[]) => Promise<{ wrap: number; run: number; release: number }>,
): Promise<Record<string, number>> {
  const columns: Record<string, number[]> = { bare: [], wrap: [], run: [], release: [], total: [] };
  await once(['/bin/true']);
  for (let round = 0; round < rounds; round += 1) {
    const begin = performance.now();
    await spawn({ argv: ['/bin/true'], cwd: '/', env: ENV, terminal: null, stdin: 'closed' }).exited;
    columns['bare']?.push(performance.now() - begin);
    const { wrap, run, release } = await once(['/bin/true']);
    for (const [name, value] of Object.entries({ wrap, run, release, total: wrap + run }))
      columns[name]?.push(value);
  }
  const median = (values: number[]) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, Number(median(values).toFixed(2))]),
  );
}

if (process.argv[2] === LAUNCH_WORD) runLandlockLauncher(process.argv.slice(3));
main(JSON.parse(process.argv[2] ?? '{}') as FenceJob).then(
  (result) => {
    console.log(JSON.stringify(result));
    process.exit(0);
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
