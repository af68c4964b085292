// Approvals: when a human is asked, what is asked, and what may be answered.

/** Source: Codex config `approval_policy`. */
export type ApprovalPolicy = 'untrusted' | 'on-failure' | 'on-request' | 'never' | GranularApproval;

export interface GranularApproval {
  granular: {
    sandbox_approval: boolean;
    rules: boolean;
    mcp_elicitations: boolean;
    request_permissions: boolean;
    skill_approval: boolean;
  };
}

export type ApprovalRequest =
  | {
      kind: 'command';
      id: string;
      itemId: string;
      command: string;
      cwd: string;
      reason: string | null;
      /** True when the command asks to run outside the sandbox. */
      escalated: boolean;
      /** A prefix the model proposes to allow from now on. */
      proposedPrefix: string[] | null;
    }
  | { kind: 'patch'; id: string; itemId: string; paths: string[]; reason: string | null };

export type ApprovalDecision = 'accept' | 'acceptForThread' | 'decline' | 'cancel';

/** Asks whoever looks at the thread. Faces without a human answer `decline` at once. */
export type AskApproval = (request: ApprovalRequest, signal: AbortSignal) => Promise<ApprovalDecision>;

export interface UserQuestion {
  id: string;
  header: string;
  question: string;
  options: { label: string; description: string }[];
}

/** `null`: nobody is there to answer. */
export type AskUser = (
  questions: readonly UserQuestion[],
  signal: AbortSignal,
) => Promise<Record<string, string[]> | null>;

/** What policy says of one action before it runs. */
export type Verdict =
  | { decision: 'allow'; sandboxed: boolean }
  | { decision: 'ask'; reason: string; sandboxedIfAccepted: boolean }
  | { decision: 'forbid'; reason: string };
