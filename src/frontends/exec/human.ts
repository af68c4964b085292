// The stderr projection of a headless run: what happens, for people; stdout stays free for the answer.
// Source of the layout: Codex 0.118 `exec` as observed.
import { oneLine, stripControls } from '../../lib/terminal-text.ts';
import type { ThreadEvent } from '../../protocol/event.ts';
import type { Item } from '../../protocol/item.ts';
import type { TokenUsage } from '../../protocol/usage.ts';

export interface Banner {
  version: string;
  workdir: string;
  model: string;
  provider: string;
  approval: string;
  sandbox: string;
  network: string;
  effort: string;
  summaries: string;
  threadId: string;
  prompt: string;
}

const RULE = '--------';
/** Commands print a lot; people see the beginning, and the rollout keeps the rest. */
const MAX_OUTPUT_LINES = 20;

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, magenta: 35, cyan: 36, yellow: 33 } as const;

export class HumanProjection {
  private readonly hasColor: boolean;
  private readonly hideReasoning: boolean;
  private readonly write: (text: string) => void;
  /** The command whose header was printed last: a result right below it needs no second header. */
  private lastStarted: string | null = null;

  constructor(options: { hasColor: boolean; hideReasoning: boolean; write: (text: string) => void }) {
    this.hasColor = options.hasColor;
    this.hideReasoning = options.hideReasoning;
    this.write = options.write;
  }

  banner(banner: Banner): void {
    const rows: [string, string][] = [
      ['workdir', banner.workdir],
      ['model', banner.model],
      ['provider', banner.provider],
      ['approval', banner.approval],
      ['sandbox', banner.sandbox],
      ['network', banner.network],
      ['reasoning effort', banner.effort],
      ['reasoning summaries', banner.summaries],
      ['session id', banner.threadId],
    ];
    const lines = rows.map(([name, value]) => `${this.style('bold', `${name}:`)} ${oneLine(value)}`);
    this.line(`${this.style('bold', `skua ${banner.version}`)}\n${RULE}\n${lines.join('\n')}\n${RULE}`);
    this.line(`${this.style('cyan', 'user')}\n${stripControls(banner.prompt)}`);
  }

  show(event: ThreadEvent): void {
    switch (event.type) {
      case 'item.started':
        this.started(event.item);
        return;
      case 'item.updated':
      case 'item.completed':
        this.finished(event.item, { isFinal: event.type === 'item.completed' });
        return;
      case 'model.retrying': {
        const { attempt, maxAttempts, error, delayMs } = event;
        const notice = `Reconnecting... ${attempt}/${maxAttempts} in ${delayMs} ms (${oneLine(error.message)})`;
        this.line(this.style('yellow', notice));
        return;
      }
      case 'history.replaced':
        this.line(this.style('dim', 'context compacted'));
        return;
      case 'warning':
        this.line(`${this.style('yellow', 'warning:')} ${stripControls(event.message)}`);
        return;
      case 'turn.completed':
        this.tokens(event.usage);
        return;
      case 'turn.failed':
        this.line(`${this.style('red', 'ERROR:')} ${stripControls(event.error.message)}`);
        this.tokens(event.usage);
        return;
      case 'turn.aborted':
        this.line(this.style('red', 'interrupted'));
        this.tokens(event.usage);
        return;
      default:
        return;
    }
  }

  private started(item: Item): void {
    if (item.type === 'commandExecution') {
      this.lastStarted = item.id;
      this.line(`${this.style('magenta', 'exec')}\n${this.commandLine(item)}`);
    } else if (item.type === 'contextCompaction') {
      this.line(this.style('dim', 'compacting the context...'));
    } else if (item.type === 'enteredReviewMode') {
      this.line(`${this.style('magenta', 'review')}\n${stripControls(item.review)}`);
    }
  }

  private finished(item: Item, { isFinal }: { isFinal: boolean }): void {
    if (item.type === 'todoList') {
      if (!isFinal) this.plan(item.items);
      return;
    }
    if (!isFinal) return;
    switch (item.type) {
      case 'agentMessage':
        if (item.text !== '') this.line(`${this.style('magenta', 'skua')}\n${stripControls(item.text)}`);
        return;
      case 'reasoning': {
        const text = item.summary.join('\n\n');
        if (!this.hideReasoning && text !== '')
          this.line(this.style('dim', `thinking\n${stripControls(text)}`));
        return;
      }
      case 'commandExecution':
        this.command(item);
        return;
      case 'fileChange':
        this.patch(item);
        return;
      case 'webSearch':
        this.line(`${this.style('magenta', 'web search')} ${oneLine(item.query)}`);
        return;
      case 'mcpToolCall':
        this.line(
          `${this.style('magenta', 'tool')} ${oneLine(`${item.server}.${item.tool}`)} ${item.status}`,
        );
        return;
      default:
        return;
    }
  }

  private commandLine(item: Extract<Item, { type: 'commandExecution' }>): string {
    return `${this.style('bold', stripControls(item.command))} in ${oneLine(item.cwd)}`;
  }

  private command(item: Extract<Item, { type: 'commandExecution' }>): void {
    const header =
      this.lastStarted === item.id ? '' : `${this.style('magenta', 'exec')}\n${this.commandLine(item)}\n`;
    this.lastStarted = null;
    const after = item.durationMs === null ? '' : ` in ${item.durationMs}ms`;
    const verdict =
      item.status === 'declined'
        ? this.style('red', ' declined:')
        : item.exitCode === 0
          ? this.style('green', ` succeeded${after}:`)
          : this.style(
              'red',
              item.exitCode === null ? ` was stopped${after}:` : ` exited ${item.exitCode}${after}:`,
            );
    this.line(`${header}${verdict}\n${this.style('dim', firstLines(item.aggregatedOutput ?? ''))}`);
  }

  private patch(item: Extract<Item, { type: 'fileChange' }>): void {
    const lines = item.changes.map((change) => {
      const mark = { add: 'A', delete: 'D', update: 'M' }[change.kind.type];
      const moved =
        change.kind.type === 'update' && change.kind.move_path ? ` -> ${change.kind.move_path}` : '';
      const diff = stripControls(change.diff).trimEnd();
      return `${mark} ${oneLine(change.path + moved)}${diff === '' ? '' : `\n${this.colorDiff(diff)}`}`;
    });
    this.line(`${this.style('magenta', 'apply patch')}\npatch: ${item.status}\n${lines.join('\n')}`);
  }

  private plan(steps: Extract<Item, { type: 'todoList' }>['items']): void {
    const marks = { pending: '[ ]', inProgress: '[>]', completed: '[x]' };
    const lines = steps.map((step) => `  ${marks[step.status]} ${oneLine(step.text)}`);
    this.line(`${this.style('magenta', 'plan')}\n${lines.join('\n')}`);
  }

  /** What was paid for: input that the provider had not cached, plus output. */
  private tokens(usage: TokenUsage): void {
    const paid = usage.inputTokens - usage.cachedInputTokens + usage.outputTokens;
    this.line(`${this.style('dim', 'tokens used')}\n${paid.toLocaleString('en-US')}`);
  }

  private colorDiff(diff: string): string {
    if (!this.hasColor) return diff;
    return diff
      .split('\n')
      .map((line) =>
        line.startsWith('+')
          ? this.style('green', line)
          : line.startsWith('-')
            ? this.style('red', line)
            : line,
      )
      .join('\n');
  }

  private style(name: keyof typeof STYLES, text: string): string {
    return this.hasColor ? `\u001b[${STYLES[name]}m${text}\u001b[0m` : text;
  }

  private line(text: string): void {
    this.write(`${text}\n`);
  }
}

function firstLines(output: string): string {
  const lines = stripControls(output).trimEnd().split('\n');
  if (lines.length <= MAX_OUTPUT_LINES) return lines.join('\n');
  return [...lines.slice(0, MAX_OUTPUT_LINES), `... ${lines.length - MAX_OUTPUT_LINES} more lines`].join(
    '\n',
  );
}
