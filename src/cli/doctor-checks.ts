// The checks of `doctor`, each giving one verdict with its reasons.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { createCredentials } from '../auth/credentials.ts';
import { findHome } from '../config/home.ts';
import type { LoadedConfig } from '../config/load.ts';
import { loadExecSettings } from '../frontends/exec/load-settings.ts';
import type { ConfigInput } from '../frontends/exec/options.ts';
import { findGit } from '../git/find-git.ts';
import { Host } from '../host/host.ts';
import { describeRuntime } from '../lib/runtime/runtime.ts';
import { stripControls } from '../lib/terminal-text.ts';
import type { SandboxReport } from '../protocol/sandbox.ts';
import type { Settings } from '../protocol/settings.ts';

export interface Check {
  name: 'program' | 'home' | 'config' | 'login' | 'sandbox' | 'git' | 'terminal';
  /** `broken`: a run would fail. */
  status: 'ok' | 'warning' | 'broken';
  summary: string;
  details: string[];
}

export interface Surroundings {
  config: ConfigInput;
  version: string;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/** All checks, in the order to be read. Never throws for what it finds. */
export async function checkAll(surroundings: Surroundings): Promise<Check[]> {
  const checks = [checkProgram(surroundings), checkHome(surroundings)];
  const { check, loaded } = checkConfig(surroundings);
  checks.push(check);
  if (loaded) {
    checks.push(checkLogin(loaded.settings, surroundings), await checkSandbox(loaded.settings, surroundings));
  }
  checks.push(checkGit(surroundings), checkTerminal(surroundings));
  return checks.map((one) => ({
    ...one,
    summary: stripControls(one.summary),
    details: one.details.map((detail) => stripControls(detail)),
  }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function checkProgram({ version }: Surroundings): Check {
  const runtime = describeRuntime();
  const form = runtime.compiled ? 'single executable' : 'script';
  return {
    name: 'program',
    status: 'ok',
    summary: `skua ${version} (${form}, ${runtime.name} ${runtime.version}, ${process.platform}-${process.arch})`,
    details: [`executable: ${process.execPath}`],
  };
}

function checkHome({ env }: Surroundings): Check {
  const name = 'home';
  let home: string;
  try {
    home = findHome({ env, homedir: env['HOME'] ?? homedir() });
  } catch (error) {
    return { name, status: 'broken', summary: messageOf(error), details: [] };
  }
  const stat = statSync(home, { throwIfNoEntry: false });
  if (!stat) {
    return { name, status: 'ok', summary: `${home} does not exist yet; it is made when needed`, details: [] };
  }
  try {
    accessSync(home, constants.W_OK);
  } catch {
    const details = [
      'Threads and logins cannot be stored. Use --ephemeral, or set SKUA_HOME to another folder.',
    ];
    return { name, status: 'warning', summary: `${home} cannot be written`, details };
  }
  const isOpen = process.platform !== 'win32' && (stat.mode & 0o077) !== 0;
  return {
    name,
    status: isOpen ? 'warning' : 'ok',
    summary: home,
    details: isOpen ? [`Other users may look into it. Close it with: chmod 700 ${home}`] : [],
  };
}

function checkConfig({ config, env, cwd }: Surroundings): { check: Check; loaded: LoadedConfig | null } {
  const name = 'config';
  try {
    const loaded = loadExecSettings(config, { env, cwd });
    const { settings, warnings } = loaded;
    const files = loaded.layers.flatMap((layer) => (layer.file === null ? [] : [`read: ${layer.file}`]));
    const check: Check = {
      name,
      status: warnings.length > 0 ? 'warning' : 'ok',
      summary: `model ${settings.model ?? '(default)'}, provider ${settings.provider.id}, sandbox ${settings.sandboxMode}`,
      details: [
        ...(files.length > 0 ? files : ['no config file; everything is at its default']),
        `project: ${settings.projectRoot} (${settings.trust === 'unknown' ? 'not trusted yet' : settings.trust})`,
        ...warnings.map((warning) => `warning: ${warning}`),
      ],
    };
    return { check, loaded };
  } catch (error) {
    return { check: { name, status: 'broken', summary: messageOf(error), details: [] }, loaded: null };
  }
}

function checkLogin(settings: Settings, { env }: Surroundings): Check {
  const name = 'login';
  try {
    const { text, isMissing } = createCredentials({ settings, env, now: () => Date.now() }).describe();
    return { name, status: isMissing ? 'warning' : 'ok', summary: text, details: [] };
  } catch (error) {
    return { name, status: 'broken', summary: messageOf(error), details: [] };
  }
}

/** Probes for real, with the policy that a run here would have. */
async function checkSandbox(settings: Settings, { env, version }: Surroundings): Promise<Check> {
  const name = 'sandbox';
  try {
    const host = new Host({
      settings,
      env,
      version,
      originator: 'skua_doctor',
      source: 'cli',
      askApproval: () => Promise.resolve('decline'),
      askUser: () => Promise.resolve(null),
    });
    const report = await reportOf(host);
    const summary = `${report.mechanism} (tier ${report.tier}), network ${report.network}`;
    const isOff = report.tier === 'none';
    return {
      name,
      status: isOff ? 'warning' : 'ok',
      summary: isOff ? 'off: commands run with all rights of this account' : summary,
      details: [...report.limits],
    };
  } catch (error) {
    const [summary = '', ...details] = messageOf(error).split('\n');
    return { name, status: 'broken', summary, details };
  }
}

async function reportOf(host: Host): Promise<SandboxReport> {
  try {
    return await host.sandboxReport();
  } finally {
    await host.close();
  }
}

function checkGit({ env, cwd }: Surroundings): Check {
  const name = 'git';
  const git = findGit(env['PATH'] ?? '', [cwd]);
  if (git === null) {
    const details = ['Reviews, and what threads know of branches, need git. Install it.'];
    return { name, status: 'warning', summary: 'git is not on the PATH', details };
  }
  try {
    // `--version` reads no repository, so nothing of the folder we are in is run.
    const text = execFileSync(git, ['--version'], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: env['PATH'] ?? '' },
    }).trim();
    const isInside = Host.isInsideRepository(cwd);
    const details = isInside ? [] : [`${cwd} is in no repository: runs need --skip-git-repo-check.`];
    return { name, status: isInside ? 'ok' : 'warning', summary: text, details };
  } catch (error) {
    const details: string[] = [];
    return { name, status: 'warning', summary: `git cannot be run: ${messageOf(error)}`, details };
  }
}

function checkTerminal({ env }: Surroundings): Check {
  const { stdin, stdout } = process;
  const size = stdout.isTTY ? `${stdout.columns}x${stdout.rows}` : 'no terminal';
  const color = env['NO_COLOR'] ? 'no colours (NO_COLOR)' : `TERM=${env['TERM'] ?? '(unset)'}`;
  return {
    name: 'terminal',
    status: 'ok',
    summary: `stdin ${stdin.isTTY ? 'terminal' : 'no terminal'}, stdout ${size}, ${color}`,
    details: [],
  };
}
