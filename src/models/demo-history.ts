// Reads a Responses request the way the demo model needs it: the prompt, the tools, and what was called since.

export interface DemoCall {
  tool: string;
  /** The command of `exec_command`; empty for other tools. */
  command: string;
  /** What the tool gave back; null when there is no output. */
  output: string | null;
  /** Exit code that the output names; null when it names none. */
  exitCode: number | null;
  /** Id of the session of a command that still runs. */
  sessionId: number | null;
}

export interface DemoRequest {
  /** The latest words of the user, without what the harness put in. */
  prompt: string;
  /** Calls since then, with their outputs, in order. */
  calls: DemoCall[];
  /** Offered tools by name, with their wire type. */
  tools: ReadonlyMap<string, string>;
  /** True when the request asks for text alone (a summary of the conversation). */
  isTextOnly: boolean;
}

type Fields = Record<string, unknown>;

/** Messages in the user's role that no user wrote. */
const INJECTED = /^\s*(<[a-z_]+>|# AGENTS\.md instructions)/;

export function readDemoRequest(body: unknown): DemoRequest {
  const fields = fieldsOf(body);
  const input = listOf(fields['input']).map(fieldsOf);
  const last = input.findLastIndex((entry) => isUserMessage(entry));
  const tools = new Map(
    listOf(fields['tools']).map((tool) => [textOf(fieldsOf(tool)['name']), textOf(fieldsOf(tool)['type'])]),
  );
  return {
    prompt: last === -1 ? '' : messageText(input[last] ?? {}),
    calls: readCalls(input.slice(last + 1)),
    tools,
    isTextOnly: fields['tool_choice'] === 'none' || tools.size === 0,
  };
}

/** The part of an `exec_command` output that the command itself wrote. */
export function commandOutput(output: string): string {
  const at = output.indexOf('\nOutput:\n');
  return (at === -1 ? output : output.slice(at + '\nOutput:\n'.length)).replaceAll('\r\n', '\n');
}

function readCalls(entries: readonly Fields[]): DemoCall[] {
  const outputs = new Map(
    entries
      .filter((entry) => textOf(entry['type']).endsWith('_call_output'))
      .map((entry) => [textOf(entry['call_id']), outputText(entry['output'])]),
  );
  return entries
    .filter((entry) => entry['type'] === 'function_call' || entry['type'] === 'custom_tool_call')
    .map((entry) => {
      const output = outputs.get(textOf(entry['call_id'])) ?? null;
      const code = /^(?:Process exited with code|Exit code:) (-?\d+)/m.exec(output ?? '')?.[1];
      const session = /^Process running with session ID (\d+)/m.exec(output ?? '')?.[1];
      return {
        tool: textOf(entry['name']),
        command: commandOf(textOf(entry['arguments'])),
        output,
        exitCode: code === undefined ? null : Number(code),
        sessionId: session === undefined ? null : Number(session),
      };
    });
}

function isUserMessage(entry: Fields): boolean {
  return entry['role'] === 'user' && !INJECTED.test(messageText(entry));
}

function messageText(entry: Fields): string {
  return outputText(entry['content']);
}

function outputText(value: unknown): string {
  if (typeof value === 'string') return value;
  return listOf(value)
    .map((part) => textOf(fieldsOf(part)['text']))
    .join('');
}

function commandOf(argumentsText: string): string {
  try {
    return textOf(fieldsOf(JSON.parse(argumentsText))['cmd']);
  } catch {
    return '';
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
