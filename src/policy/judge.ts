// The verdict on one command or patch, before it happens: allow, ask or forbid. Pure.
import type { ApprovalPolicy, Verdict } from '../protocol/approval.ts';
import type { SandboxMode } from '../protocol/sandbox.ts';
import { isKnownSafe } from './known-safe.ts';

/** What models have learned to read; source: Codex 0.118. */
const NO_ESCALATION = 'you cannot ask for escalated permissions if the approval policy is';

/** `granular` with one question switched off never asks that question. */
function normalize(policy: ApprovalPolicy): 'untrusted' | 'on-failure' | 'on-request' | 'never' {
  if (typeof policy === 'string') return policy;
  return policy.granular.sandbox_approval ? 'on-request' : 'never';
}

export interface CommandQuestion {
  /** The command line for the shell. */
  command: string;
  /** The model asks to run it outside the sandbox. */
  escalated: boolean;
  approvalPolicy: ApprovalPolicy;
  sandboxMode: SandboxMode;
}

/** An accepted escalation runs outside the sandbox; everything else inside, but for danger-full-access. */
export function judgeCommand(question: CommandQuestion): Verdict {
  const { command, escalated, approvalPolicy, sandboxMode } = question;
  const policy = normalize(approvalPolicy);
  const sandboxed = sandboxMode !== 'danger-full-access';
  // Without a sandbox there is nothing to escape from.
  const asksToLeave = escalated && sandboxed;
  switch (policy) {
    case 'never': {
      if (!asksToLeave) return { decision: 'allow', sandboxed };
      const name = typeof approvalPolicy === 'string' ? 'Never' : 'Granular with sandbox_approval off';
      return {
        decision: 'forbid',
        reason: `approval policy is ${name}; reject command — ${NO_ESCALATION} ${name}`,
      };
    }
    case 'on-request':
    case 'on-failure':
      if (!asksToLeave) return { decision: 'allow', sandboxed };
      return {
        decision: 'ask',
        reason: 'The command asks to run outside the sandbox.',
        sandboxedIfAccepted: false,
      };
    case 'untrusted':
      if (!asksToLeave && isKnownSafe(command)) return { decision: 'allow', sandboxed };
      return {
        decision: 'ask',
        reason: asksToLeave
          ? 'The command asks to run outside the sandbox.'
          : 'The command is not known to be harmless, and approval policy "untrusted" asks then.',
        sandboxedIfAccepted: sandboxed && !asksToLeave,
      };
  }
}

export interface PatchQuestion {
  /** Real, absolute. */
  paths: readonly string[];
  /** Whether the sandbox policy lets a path be written; see `mayWrite`. */
  readonly isWritable: (path: string) => boolean;
  approvalPolicy: ApprovalPolicy;
  sandboxMode: SandboxMode;
}

/** Changes inside the writable folders go ahead; others are asked for where policy asks, else forbidden. */
export function judgePatch(question: PatchQuestion): Verdict {
  const { paths, isWritable, approvalPolicy, sandboxMode } = question;
  const policy = normalize(approvalPolicy);
  if (sandboxMode === 'danger-full-access' && policy !== 'untrusted')
    return { decision: 'allow', sandboxed: false };
  const outside = sandboxMode === 'danger-full-access' ? [] : paths.filter((path) => !isWritable(path));
  if (outside.length === 0) {
    if (policy !== 'untrusted') return { decision: 'allow', sandboxed: true };
    return {
      decision: 'ask',
      reason: 'Approval policy "untrusted" asks before files change.',
      sandboxedIfAccepted: sandboxMode !== 'danger-full-access',
    };
  }
  const list = outside.slice(0, 5).join(', ') + (outside.length > 5 ? ` and ${outside.length - 5} more` : '');
  if (policy === 'never') {
    const why =
      sandboxMode === 'read-only'
        ? 'writing is blocked by read-only sandbox'
        : 'writing outside of the project';
    return {
      decision: 'forbid',
      reason: `patch rejected: ${why}; rejected by user approval settings (${list})`,
    };
  }
  return {
    decision: 'ask',
    reason: `The patch changes files outside the writable folders: ${list}`,
    sandboxedIfAccepted: false,
  };
}
