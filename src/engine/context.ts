// The messages every conversation starts with: the fence and its rules, the project's instructions, the environment.
import type { ApprovalPolicy } from '../protocol/approval.ts';
import type { SandboxPolicy } from '../protocol/sandbox.ts';
import type { ThreadSettings } from '../protocol/thread.ts';
import type { ThreadContext } from './ports.ts';

export interface InstructionFile {
  path: string;
  text: string;
}

export interface ContextSources {
  /** Replaces the built-in system prompt. */
  instructions: string;
  developerInstructions: string | null;
  projectDocs: readonly InstructionFile[];
  shellName: string;
  /** Local date as YYYY-MM-DD and IANA time zone, fixed when the thread starts so that the prefix stays the same. */
  date: string;
  timeZone: string;
  platform: string;
}

export function createContext(sources: ContextSources): ThreadContext {
  return {
    instructions: sources.instructions,
    preamble(settings) {
      const messages: { role: 'developer' | 'user'; text: string }[] = [
        { role: 'developer', text: describePermissions(settings.sandbox, settings.approvalPolicy) },
      ];
      if (sources.developerInstructions) {
        messages.push({ role: 'developer', text: sources.developerInstructions });
      }
      if (sources.projectDocs.length > 0) {
        messages.push({ role: 'user', text: describeProjectDocs(settings.cwd, sources.projectDocs) });
      }
      messages.push({ role: 'user', text: describeEnvironment(settings, sources) });
      return messages;
    },
  };
}

/** What the fence allows, in the model's words. Tag as Codex uses it, so that its tools recognise the message. */
export function describePermissions(policy: SandboxPolicy, approval: ApprovalPolicy): string {
  return `<permissions instructions>\n${describeFence(policy)}\n${describeApproval(approval)}\n</permissions instructions>`;
}

function describeFence(policy: SandboxPolicy): string {
  const network = {
    off: 'The network is off; servers and clients on localhost within one command work.',
    proxy: 'The network is reachable through a filtering proxy only, for allowed hosts.',
    open: 'The network is open.',
  }[policy.network];
  switch (policy.mode) {
    case 'danger-full-access':
      return 'Commands run without a sandbox: they can read, write and reach everything this user can. Take care.';
    case 'read-only':
      return `Commands run in a read-only sandbox: they may read files but write none. ${network}`;
    case 'workspace-write': {
      const roots = [policy.workspace, ...policy.writableRoots].map((root) => `\`${root}\``).join(', ');
      const tmp = policy.writableTmp.slashTmp || policy.writableTmp.tmpdir ? ' and the temporary folder' : '';
      return `Commands run in a sandbox: they may read files, and write below ${roots}${tmp}. Git hooks, git config and agent configuration folders stay read-only there. ${network}`;
    }
  }
}

function describeApproval(approval: ApprovalPolicy): string {
  if (typeof approval === 'object') {
    return 'Some actions need the approval of the user; a refusal is final for that action.';
  }
  switch (approval) {
    case 'never':
      return 'Nobody can approve anything: never ask for escalated permissions. Work within the sandbox, and say what could not be done in it.';
    case 'on-request':
      return 'If a command that the task needs fails because of the sandbox, call it again with `sandbox_permissions: "require_escalated"` and a one-sentence `justification`; the user decides.';
    case 'on-failure':
      return 'A command that the sandbox stops is shown to the user, who may let it run again without the sandbox.';
    case 'untrusted':
      return 'Commands other than plain reading ones are shown to the user for approval before they run.';
  }
}

function describeProjectDocs(cwd: string, docs: readonly InstructionFile[]): string {
  const body = docs.map((doc) => `<!-- ${doc.path} -->\n${doc.text.trimEnd()}`).join('\n\n');
  return `# AGENTS.md instructions for ${cwd}\n\n<INSTRUCTIONS>\n${body}\n</INSTRUCTIONS>`;
}

function describeEnvironment(settings: ThreadSettings, sources: ContextSources): string {
  const lines = [
    `  <cwd>${settings.cwd}</cwd>`,
    `  <shell>${sources.shellName}</shell>`,
    `  <platform>${sources.platform}</platform>`,
    `  <current_date>${sources.date}</current_date>`,
    `  <timezone>${sources.timeZone}</timezone>`,
  ];
  return `<environment_context>\n${lines.join('\n')}\n</environment_context>`;
}
