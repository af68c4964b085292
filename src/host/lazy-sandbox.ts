// The fence of a host, probed when the first command needs it and kept from then on.
import { TurnError } from '../protocol/error.ts';
import type { Sandbox, SandboxPolicy, SandboxUnavailable } from '../protocol/sandbox.ts';

export interface SandboxSurroundings {
  home: string;
  /** Told when a command changed a protected path and it was put back. */
  warn: (message: string) => void;
  env: Readonly<Record<string, string | undefined>>;
}

export class LazySandbox {
  private readonly policy: SandboxPolicy;
  private readonly surroundings: SandboxSurroundings;
  private selected: Promise<Sandbox> | null = null;

  constructor(policy: SandboxPolicy, surroundings: SandboxSurroundings) {
    this.policy = policy;
    this.surroundings = surroundings;
  }

  /** Fails with a `TurnError` of code `sandbox`: a command never runs with a weaker fence than asked for. */
  get(): Promise<Sandbox> {
    this.selected ??= this.select();
    return this.selected;
  }

  /** Takes away what the fence keeps between commands. */
  async close(): Promise<void> {
    const sandbox = await this.selected?.catch(() => null);
    sandbox?.tidy?.();
  }

  private async select(): Promise<Sandbox> {
    const { probeCacheFolder, selectSandbox } = await import('../sandbox/select.ts');
    const choice = await selectSandbox(this.policy, {
      ...this.surroundings,
      cacheFolder: probeCacheFolder(this.surroundings.home),
    });
    if ('sandbox' in choice) {
      const { findProtectionGaps } = await import('../sandbox/protection-gaps.ts');
      for (const gap of findProtectionGaps(this.policy)) this.surroundings.warn(gap);
      return choice.sandbox;
    }
    throw new TurnError('sandbox', describeUnavailable(this.policy, choice.unavailable));
  }
}

export function describeUnavailable(policy: SandboxPolicy, causes: readonly SandboxUnavailable[]): string {
  const lines = causes.map((cause) => `  - ${cause.reason} ${cause.remedy}`);
  return [
    `No sandbox for '${policy.mode}' is available on this machine, so no command was run:`,
    ...lines,
    "Run 'skua doctor' for details. Only if you trust the task entirely: --sandbox danger-full-access.",
  ].join('\n');
}
