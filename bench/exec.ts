// Headless bench: what a Codex-like command line costs besides the model, several of them side by side.
//   npm run bench -- --agent skua=dist/skua --agent codex=/path/to/codex [--runs 5] [--only burst,rounds]
// Prints a table per case: medians over the runs, and each agent's ratio to the last one named. Needs GNU time.
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { RecordedRequest, Reply, Script } from '../src/models/scripted-server.ts';
import { startScriptedServer } from '../src/models/scripted-server.ts';

const TIME = '/usr/bin/time';
const ROUNDS = 50;
const STORED_ROUNDS = 2500;

interface Agent {
  name: string;
  argv: string[];
}

interface Figures {
  /** From the start of the process to the arrival of its first request, ms. */
  firstRequest: number;
  wall: number;
  /** User and system time of the process and its children, ms. */
  cpu: number;
  /** Largest resident set of one process, MB. */
  peak: number;
  /** Median time from the end of an answer to the next request, ms; null with one request. */
  gap: number | null;
}

interface Case {
  name: string;
  script: Script;
  /** Goes on with a stored thread of about 5,000 items. */
  resume?: boolean;
  /** Committed files in the repository. */
  files?: number;
}

const say = (text: string): Reply => ({ type: 'stream', items: [{ type: 'message', text }] });
const burst =
  (count: number): Script =>
  () => ({ type: 'stream', items: [{ type: 'burst', delta: 'word ', count }] });
const command = (cmd: string): Reply => ({
  type: 'stream',
  items: [{ type: 'functionCall', name: 'exec_command', arguments: { cmd } }],
});

const CASES: Case[] = [
  { name: 'hello', script: () => say('ok') },
  { name: 'burst', script: burst(100_000) },
  { name: 'rounds', script: (_request, index) => (index < ROUNDS ? command(`true ${index}`) : say('ok')) },
  { name: 'bigrepo', script: () => say('ok'), files: 50_000 },
  { name: 'resume', script: () => say('ok'), resume: true },
];

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

class Bench {
  readonly root = mkdtempSync(join(tmpdir(), 'skua-bench-'));
  private readonly repo = join(this.root, 'repo');

  constructor(files: number) {
    for (let i = 0; i < files; i++) {
      const folder = join(this.repo, 'src', `p${i % 50}`, `m${i % 1000}`);
      if (i < 1000) mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `file${i}.ts`), `export const v${i} = ${i};\n`);
    }
    mkdirSync(this.repo, { recursive: true });
    const git = (...args: string[]): void => {
      execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@localhost', ...args], {
        cwd: this.repo,
        stdio: 'ignore',
      });
    };
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '--allow-empty', '-m', 'all');
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** One run in the home and repository of this agent. */
  async run(agent: Agent, script: Script, extra: string[] = []): Promise<Figures> {
    const folder = join(this.root, agent.name);
    const home = join(folder, 'home');
    mkdirSync(home, { recursive: true });
    const arrivals: number[] = [];
    const ends: number[] = [];
    let index = 0;
    const server = await startScriptedServer(
      async (request: RecordedRequest) => {
        arrivals.push(performance.now());
        void request.closed.then(() => ends.push(performance.now()));
        return script(request, index++);
      },
      { record: false },
    );
    const report = join(folder, 'time');
    const provider = { name: 'mock', base_url: server.baseUrl, wire_api: 'responses', env_key: 'BENCH_KEY' };
    const flags = Object.entries(provider).flatMap(([key, value]) => [
      '-c',
      `model_providers.mock.${key}=${value}`,
    ]);
    const args = [
      'exec',
      '--json',
      '--skip-git-repo-check',
      ...flags,
      '-c',
      'model_provider=mock',
      ...extra,
      'hello',
    ];
    const begin = performance.now();
    const code = await new Promise((done, fail) => {
      const env = { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home, BENCH_KEY: 'x' };
      const child = spawn(TIME, ['-o', report, '-f', '%U %S %M', ...agent.argv, ...args], {
        cwd: this.repo,
        env,
        stdio: ['ignore', 'ignore', 'ignore'],
      });
      child.on('error', fail);
      child.on('close', done);
    });
    const wall = performance.now() - begin;
    await server.close();
    if (code !== 0) throw new Error(`${agent.name} ended with ${String(code)}`);
    const [user = 0, system = 0, kilobytes = 0] = readFileSync(report, 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    const gaps = arrivals.slice(1).map((arrival, i) => arrival - (ends[i] ?? arrival));
    return {
      firstRequest: (arrivals[0] ?? Number.NaN) - begin,
      wall,
      cpu: (user + system) * 1000,
      peak: kilobytes / 1024,
      gap: gaps.length > 0 ? median(gaps) : null,
    };
  }

  /** Makes a thread of about 5,000 items out of a real one of two rounds; gives its id. */
  async storeLongThread(agent: Agent): Promise<string> {
    const script: Script = (_request, index) =>
      index < 2 ? command('head -c 2000 /dev/zero | tr "\\0" x') : say('ok');
    await this.run(agent, script);
    const sessions = join(this.root, agent.name, 'home', 'sessions');
    const file = readdirSync(sessions, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => join(sessions, name))
      .toSorted()
      .at(-1) as string;
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const starts = lines.flatMap((line, i) => (line.includes('"type":"function_call"') ? [i] : []));
    const [first = 0, second = 0] = starts;
    const round = lines.slice(first, second);
    const callId = /"call_id":"([^"]+)"/.exec(round[0] ?? '')?.[1] ?? '';
    const copies = Array.from({ length: STORED_ROUNDS }, (_, i) =>
      round.map((line) => line.replaceAll(callId, `${callId}_${i}`)),
    );
    writeFileSync(
      file,
      `${[...lines.slice(0, first), ...copies.flat(), ...lines.slice(second)].join('\n')}\n`,
    );
    return /([0-9a-f-]{36})\.jsonl$/.exec(file)?.[1] as string;
  }
}

function table(name: string, results: Map<string, Figures[]>): string {
  const keys = ['firstRequest', 'wall', 'cpu', 'peak', 'gap'] as const;
  const rows = [...results].map(([agent, runs]) => ({
    agent,
    values: keys.map((key) => median(runs.map((run) => run[key] ?? Number.NaN))),
  }));
  const reference = rows.at(-1)?.values ?? [];
  const lines = rows.map(({ agent, values }) => {
    const cells = values.map((value, i) => {
      if (Number.isNaN(value)) return '-';
      const ratio = rows.length > 1 ? ` (${(value / (reference[i] ?? Number.NaN)).toFixed(2)})` : '';
      return `${value.toFixed(1)}${ratio}`;
    });
    return `| ${agent} | ${cells.join(' | ')} |`;
  });
  const head =
    '| agent | first request ms | wall ms | CPU ms | peak MB | gap ms |\n|---|---|---|---|---|---|';
  return `## ${name}\n${head}\n${lines.join('\n')}\n`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      agent: { type: 'string', multiple: true, default: ['skua=dist/skua'] },
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  });
  if (!existsSync(TIME)) throw new Error(`${TIME} is missing: install GNU time.`);
  const agents = values.agent.map((text) => {
    const at = text.indexOf('=');
    const words = text.slice(at + 1).split(' ');
    return { name: text.slice(0, at), argv: words.map((word) => (existsSync(word) ? resolve(word) : word)) };
  });
  const wanted = values.only?.split(',');
  for (const testCase of CASES.filter(({ name }) => !wanted || wanted.includes(name))) {
    const bench = new Bench(testCase.files ?? 0);
    const results = new Map<string, Figures[]>(agents.map((agent) => [agent.name, []]));
    try {
      for (let round = -1; round < Number(values.runs); round++) {
        // Turn about, so that a slow moment of the machine hits all of them.
        for (const agent of round % 2 === 0 ? agents : agents.toReversed()) {
          const extra = testCase.resume ? ['resume', await bench.storeLongThread(agent)] : [];
          const figures = await bench.run(agent, testCase.script, extra);
          if (round >= 0) results.get(agent.name)?.push(figures);
        }
      }
      console.log(table(testCase.name, results));
    } finally {
      bench.close();
    }
  }
}

await main();
