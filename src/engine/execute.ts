// Running a command: judge -> ask -> sandbox -> start, in one place, so that no tool can leave a step out.
import { TurnError } from '../protocol/error.ts';
import type { RunningProcess } from '../protocol/process.ts';
import type { ExecRequest, ExecStart } from '../protocol/tool.ts';
import type { EnginePorts } from './ports.ts';
import { canCaptureLogin, captureArgv, readCapture, shellArgv } from './shell.ts';

const CAPTURE_TIMEOUT_MS = 10_000;
const TERMINAL_SIZE = { columns: 120, rows: 40 };

export interface ExecSite {
  itemId: string;
  signal: AbortSignal;
  requestApproval(request: {
    command: string;
    cwd: string;
    reason: string;
    escalated: boolean;
    proposedPrefix: string[] | null;
  }): Promise<'accept' | 'acceptForThread' | 'decline' | 'cancel'>;
}

/** One per thread: it keeps the login environment and what the user allowed for the whole thread. */
export class CommandRunner {
  private readonly ports: EnginePorts;
  private readonly allowedForThread = new Set<string>();
  private readonly running = new Set<RunningProcess>();
  private login: Promise<Record<string, string> | null> | null = null;

  constructor(ports: EnginePorts) {
    this.ports = ports;
  }

  async start(request: ExecRequest, site: ExecSite): Promise<ExecStart> {
    const go = await this.clear(request, site);
    if ('refused' in go) return { type: 'refused', reason: go.refused, declined: go.declined };
    const shell = request.shell ?? this.ports.shell;
    const wantsLogin = request.login && this.ports.allowLoginShell;
    const loginEnvironment =
      wantsLogin && shell === this.ports.shell && canCaptureLogin(shell)
        ? await (this.login ??= this.captureLogin(request.workdir, site.signal))
        : null;
    if (site.signal.aborted) return { type: 'refused', reason: 'aborted before it started', declined: false };
    const env = { ...this.ports.commandEnvironment(), ...loginEnvironment };
    const argv = shellArgv(shell, request.command, { login: wantsLogin && loginEnvironment === null });
    try {
      const process = await this.launch({ argv, cwd: request.workdir, env }, request, go.sandboxed);
      return { type: 'started', process, argv, sandboxed: go.sandboxed };
    } catch (error) {
      if (error instanceof TurnError) throw error;
      return {
        type: 'refused',
        reason: describeStartFailure(error, shell, request.workdir),
        declined: false,
      };
    }
  }

  /** Policy's verdict, and the user's where policy wants to hear it. */
  private async clear(
    request: ExecRequest,
    site: ExecSite,
  ): Promise<{ sandboxed: boolean } | { refused: string; declined: boolean }> {
    const escalated = request.escalate !== null;
    const verdict = this.ports.judge({ kind: 'command', command: request.command, escalated });
    switch (verdict.decision) {
      case 'allow':
        return { sandboxed: verdict.sandboxed };
      case 'forbid':
        return { refused: verdict.reason, declined: false };
      case 'ask': {
        const key = JSON.stringify([request.command, request.workdir, escalated]);
        if (!this.allowedForThread.has(key)) {
          const decision = await site.requestApproval({
            command: request.command,
            cwd: request.workdir,
            reason: request.escalate?.justification || verdict.reason,
            escalated,
            proposedPrefix: request.escalate?.prefixRule ?? null,
          });
          if (decision === 'decline' || decision === 'cancel') {
            return { refused: 'The user did not approve this command.', declined: true };
          }
          if (decision === 'acceptForThread') this.allowedForThread.add(key);
        }
        return { sandboxed: verdict.sandboxedIfAccepted };
      }
    }
  }

  private async launch(
    command: { argv: string[]; cwd: string; env: Record<string, string> },
    request: Pick<ExecRequest, 'terminal'>,
    sandboxed: boolean,
  ): Promise<RunningProcess> {
    const terminal = request.terminal ? TERMINAL_SIZE : null;
    const stdin = request.terminal ? 'pipe' : 'closed';
    if (!sandboxed) return this.watch(this.ports.spawn({ ...command, terminal, stdin }));
    const sandbox = await this.ports.sandbox();
    const wrapped = await sandbox.wrap({ ...command, terminal: request.terminal }, this.ports.policy());
    try {
      const process = this.ports.spawn({
        argv: wrapped.argv,
        cwd: command.cwd,
        env: wrapped.env,
        terminal,
        stdin,
        inheritFds: wrapped.inheritFds,
      });
      void process.exited.then((exit) => wrapped.release(exit));
      return this.watch(process);
    } catch (error) {
      wrapped.release();
      throw error;
    }
  }

  private watch(process: RunningProcess): RunningProcess {
    this.running.add(process);
    void process.exited.then(() => this.running.delete(process));
    return process;
  }

  /** Ends every process tree at once, without waiting: for a program that is about to end itself. */
  killAll(): void {
    for (const process of this.running) process.kill('SIGKILL');
  }

  /** Runs the profile once, inside the fence. Null when it fails: then every command reads the profile itself. */
  private async captureLogin(workdir: string, signal: AbortSignal): Promise<Record<string, string> | null> {
    const { shell } = this.ports;
    const env = this.ports.commandEnvironment();
    const verdict = this.ports.judge({ kind: 'command', command: 'env', escalated: false });
    const sandboxed = verdict.decision === 'allow' ? verdict.sandboxed : true;
    let process: RunningProcess;
    try {
      process = await this.launch(
        { argv: captureArgv(shell), cwd: workdir, env },
        { terminal: false },
        sandboxed,
      );
    } catch (error) {
      if (error instanceof TurnError) throw error;
      this.login = null; // a missing folder must not spoil the next command
      return null;
    }
    const settled = new AbortController();
    void this.ports.clock.sleep(CAPTURE_TIMEOUT_MS, settled.signal).then(() => {
      if (!settled.signal.aborted) process.kill('SIGKILL');
    });
    const stop = (): void => process.kill('SIGKILL');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const captured = await readCapture(process);
    signal.removeEventListener('abort', stop);
    settled.abort();
    // An interrupted profile says nothing about the next command.
    if (signal.aborted) this.login = null;
    return captured;
  }
}

function describeStartFailure(error: unknown, shell: string, workdir: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'ENOENT') {
    return `The command was not started: the folder ${workdir} or the shell ${shell} does not exist (${detail}).`;
  }
  return `The command was not started in ${workdir}: ${detail}`;
}
