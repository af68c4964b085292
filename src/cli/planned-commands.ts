// Commands of Codex that skua knows by name but does not have yet; they say so instead of pretending.
import type { CommandSpec } from './spec.ts';

const planned = (name: string, about: string, extra: Partial<CommandSpec> = {}): CommandSpec => ({
  name,
  about,
  planned: '',
  ...extra,
});

/** Source: commands of Codex 0.118 and 0.169. */
export const PLANNED_COMMANDS: readonly CommandSpec[] = [
  planned('mcp', 'Manage MCP servers'),
  planned('mcp-server', 'Serve skua as an MCP server'),
  planned('app-server', 'Serve the app-server protocol to editors'),
  planned('sandbox', 'Run a command inside the sandbox', {
    planned: "'skua doctor' shows the sandbox in use.",
  }),
  planned('apply', "Apply a cloud task's diff", { aliases: ['a'] }),
  planned('cloud', 'Work with cloud tasks', { aliases: ['cloud-tasks'] }),
  planned('plugin', 'Manage plugins'),
  planned('agents', 'Browse and switch threads'),
  planned('archive', 'Put a stored thread aside'),
  planned('unarchive', 'Bring an archived thread back'),
  planned('delete', 'Delete a stored thread'),
  planned('queue', 'Leave a message for a thread'),
  planned('remote-control', 'Control a running server from elsewhere'),
  planned('exec-server', 'Run commands for a remote agent', { hidden: true }),
  planned('execpolicy', 'Check command rules', { hidden: true }),
  planned('responses-api-proxy', 'Forward requests with a key', { hidden: true }),
  planned('stdio-to-uds', 'Connect stdio to a socket', { hidden: true }),
  planned('migrate-rollouts', 'Rewrite old threads', {
    hidden: true,
    planned: 'Threads of every Codex version are read as they are.',
  }),
  planned('migrate-nfs-db', 'Rewrite databases', { hidden: true, planned: 'skua keeps no such databases.' }),
];
