// Writes help texts from the command table.
import { GLOBAL_FLAGS } from './flags.ts';
import { commandChain, flagUsage, type CommandSpec, type FlagSpec } from './spec.ts';

export interface HelpOptions {
  /** `--help` instead of `-h`: with the details. */
  long: boolean;
  /** Width of the terminal in columns. */
  columns: number;
}

/** Help of the command at `path`, ending with a newline. */
export function renderHelp(root: CommandSpec, path: readonly string[], options: HelpOptions): string {
  const chain = commandChain(root, path);
  const command = chain[chain.length - 1] as CommandSpec;
  const name = chain.map((one) => one.name).join(' ');
  const width = Math.min(Math.max(options.columns, 40), 100);
  const sections = [wrap(command.about, width, '')];
  if (command.planned !== undefined) {
    sections.push(wrap(`Not yet in this version. ${command.planned}`.trim(), width, ''));
    return `${sections.join('\n\n')}\n`;
  }
  if (options.long && command.more) sections.push(wrap(command.more, width, ''));
  sections.push(renderUsage(name, command));
  for (const section of renderCommands(command, width)) sections.push(section);
  const positionals = command.positionals ?? [];
  if (positionals.length > 0) {
    const rows = positionals.map((one): [string, string] => [
      one.required ? `<${one.label}>` : `[${one.label}]`,
      withChoices(one.help, one.choices),
    ]);
    sections.push(`Arguments:\n${renderRows(rows, width)}`);
  }
  sections.push(...renderFlags(command, width, options));
  const examples = command.examples ?? [];
  if (options.long && examples.length > 0) {
    sections.push(`Examples:\n${examples.map((one) => `  ${one}`).join('\n')}`);
  }
  if (!options.long) sections.push(`More with '${name} --help'.`);
  return `${sections.join('\n\n')}\n`;
}

function renderUsage(name: string, command: CommandSpec): string {
  const words = (command.positionals ?? []).map((one) =>
    one.required ? `<${one.label}>` : `[${one.label}]`,
  );
  const lines = command.needsCommand ? [] : [[name, '[OPTIONS]', ...words].join(' ')];
  if (command.commands) lines.push(`${name} <COMMAND>`);
  return `Usage: ${lines.join('\n       ')}`;
}

function renderCommands(command: CommandSpec, width: number): string[] {
  const visible = (command.commands ?? []).filter((one) => !one.hidden);
  const row = (one: CommandSpec): [string, string] => [
    one.name,
    one.aliases ? `${one.about} [alias: ${one.aliases.join(', ')}]` : one.about,
  ];
  const ready = visible.filter((one) => one.planned === undefined).map(row);
  const later = visible.filter((one) => one.planned !== undefined).map(row);
  const sections: string[] = [];
  if (ready.length > 0) {
    const help: [string, string] = ['help', 'Print help, also of a command'];
    sections.push(`Commands:\n${renderRows([...ready, help], width)}`);
  }
  if (later.length > 0) sections.push(`Not yet in this version:\n${renderRows(later, width)}`);
  return sections;
}

function renderFlags(command: CommandSpec, width: number, options: HelpOptions): string[] {
  const builtIn: FlagSpec[] = [
    { name: 'help', short: 'h', group: 'Global options', help: 'Print help; -h is the short form' },
    { name: 'version', short: 'V', group: 'Global options', help: 'Print the version' },
  ];
  const groups = new Map<string, [string, string][]>();
  for (const flag of [...(command.flags ?? []), ...GLOBAL_FLAGS, ...builtIn]) {
    if (flag.hidden) continue;
    const group = flag.group ?? 'Options';
    const left = `${flag.short ? `-${flag.short}, ` : '    '}${flagUsage(flag)}`;
    const more = options.long && flag.more ? `. ${flag.more}` : '';
    const rows = groups.get(group) ?? [];
    rows.push([left, withChoices(flag.help + more, flag.value?.choices)]);
    groups.set(group, rows);
  }
  return [...groups].map(([group, rows]) => `${group}:\n${renderRows(rows, width)}`);
}

function withChoices(text: string, choices: readonly string[] | undefined): string {
  return choices ? `${text} [${choices.join(', ')}]` : text;
}

/** Two columns; a left part that is too long gets a line of its own. */
function renderRows(rows: readonly [string, string][], width: number): string {
  const longest = Math.max(...rows.map(([left]) => left.length));
  const indent = Math.min(longest, 30) + 4;
  return rows
    .map(([left, right]) => {
      const text = wrap(right, width, ' '.repeat(indent));
      const isLong = left.length + 4 > indent;
      return isLong ? `  ${left}\n${text}` : `  ${left.padEnd(indent - 2)}${text.slice(indent)}`;
    })
    .join('\n');
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join('\n');
}
