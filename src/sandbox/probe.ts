// Runs a real command in a fence, to find out whether it works here.
import type { SandboxPolicy, Sandbox } from '../protocol/sandbox.ts';
import type { Spawn } from '../protocol/process.ts';

const TIMEOUT_MS = 10_000;

export interface ProbeResult {
  ok: boolean;
  output: string;
}

/** The network is off in it, because that needs the most. */
export async function probeSandbox(
  sandbox: Sandbox,
  spawn: Spawn,
  network: 'off' | 'open',
): Promise<ProbeResult> {
  const policy: SandboxPolicy = {
    mode: 'read-only',
    workspace: '/',
    writableRoots: [],
    writableTmp: { tmpdir: false, slashTmp: false },
    denyRead: [],
    protectedPaths: [],
    network,
  };
  const command = { argv: ['/bin/sh', '-c', ':'], cwd: '/', env: { PATH: '/usr/bin:/bin' } };
  let output = '';
  try {
    const wrapped = await sandbox.wrap(command, policy);
    try {
      const process = spawn({
        argv: wrapped.argv,
        cwd: '/',
        env: wrapped.env,
        terminal: null,
        stdin: 'closed',
        inheritFds: wrapped.inheritFds,
      });
      process.onOutput = (chunk) => {
        output = (output + Buffer.from(chunk).toString('utf8')).slice(-4000);
      };
      const timer = setTimeout(() => process.kill('SIGKILL'), TIMEOUT_MS);
      const exit = await process.exited;
      clearTimeout(timer);
      return { ok: exit.code === 0, output };
    } finally {
      wrapped.release();
    }
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}
