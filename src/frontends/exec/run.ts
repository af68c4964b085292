// `skua exec`: one prompt in, one answer on stdout, everything else on stderr or as JSONL.
import { writeFileSync } from 'node:fs';
import type { Budget } from '../../engine/ports.ts';
import { formatReview, parseReview, REVIEW_PROMPT, REVIEW_TOOLS } from '../../engine/review.ts';
import type { TurnResult } from '../../engine/thread.ts';
import type { HostedThread, Origin, ThreadRequest } from '../../host/host.ts';
import { Host } from '../../host/host.ts';
import { findStored } from '../../host/stored-threads.ts';

import { createOutput } from '../../lib/output.ts';
import { compileInLongRuns } from '../../lib/runtime/memory.ts';
import type { Output } from '../../lib/output.ts';
import { findMismatch } from '../../lib/check-schema.ts';
import { stripControls } from '../../lib/terminal-text.ts';
import { UsageError } from '../../protocol/error.ts';
import type { UserInput } from '../../protocol/item.ts';
import type { JsonSchema } from '../../protocol/model.ts';
import type { Settings } from '../../protocol/settings.ts';
import { checkFolder, checkImages, checkOutputPath, readOutputSchema } from './checks.ts';
import { describeSandbox } from './describe-sandbox.ts';
import { exitCodeOf } from './exit-code.ts';
import { HumanProjection } from './human.ts';
import { loadExecSettings } from './load-settings.ts';
import { JsonlProjection } from './jsonl.ts';
import type { ExecOptions, ReviewScope } from './options.ts';
import { userTextOf } from './options.ts';
import { watchSignals } from './signals.ts';

/** A run of this length is worth the machine code. */
const LONG_RUN_MS = 10_000;

export interface ExecIo {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  version: string;
}

interface Run {
  options: ExecOptions;
  io: ExecIo;
  stdout: Output;
  stderr: Output;
  settings: Settings;
  host: Host;
  hosted: HostedThread;
  text: string;
}

/** Runs one turn and gives the exit code. Throws a `UsageError` for what is wrong before anything is sent. */
export async function runExec(options: ExecOptions, io: ExecIo): Promise<number> {
  compileInLongRuns(LONG_RUN_MS);
  const stdout = createOutput(io.stdout);
  const stderr = createOutput(io.stderr);
  const { settings, warnings } = loadExecSettings(options.config, io);
  for (const warning of warnings) stderr.write(`warning: ${stripControls(warning)}\n`);
  checkFolder({
    cwd: settings.cwd,
    isInsideRepository: Host.isInsideRepository(settings.cwd),
    isTrusted: settings.trust === 'trusted',
    isWaived: options.skipGitRepoCheck || settings.sandboxMode === 'danger-full-access',
  });
  const schema =
    options.outputSchemaPath === null ? null : readOutputSchema(options.outputSchemaPath, io.cwd);
  const outputPath =
    options.outputLastMessage === null ? null : checkOutputPath(options.outputLastMessage, io.cwd);
  const input = await readInput(options, io, settings.cwd);
  const host = new Host({
    settings,
    env: io.env,
    version: io.version,
    originator: io.env['CODEX_INTERNAL_ORIGINATOR_OVERRIDE'] ?? 'skua_exec',
    source: 'exec',
    askApproval: () => Promise.resolve('decline'),
    askUser: () => Promise.resolve(null),
  });
  try {
    const hosted = host.openThread(threadRequest(options, settings, schema));
    const run: Run = { options, io, stdout, stderr, settings, host, hosted, text: textOf(input) };
    return await driveTurn(run, input, outputPath);
  } finally {
    await host.close();
    await Promise.all([stdout.flush(), stderr.flush()]);
  }
}

function textOf(input: readonly UserInput[]): string {
  return input.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

async function readInput(options: ExecOptions, io: ExecIo, cwd: string): Promise<UserInput[]> {
  const images = checkImages(options.input.images, io.cwd).map((path) => ({
    type: 'localImage' as const,
    path,
  }));
  const { mode } = options;
  const said = userTextOf(options.input);
  const text = mode.type === 'review' ? await textOfReview(mode.scope, said, { cwd, env: io.env }) : said;
  return [...images, { type: 'text', text }];
}

async function textOfReview(
  scope: ReviewScope,
  said: string,
  surroundings: { cwd: string; env: ExecIo['env'] },
): Promise<string> {
  const { reviewText } = await import('../../host/review.ts');
  return reviewText(scope.type === 'custom' ? { type: 'custom', text: said } : scope, surroundings);
}

function threadRequest(
  options: ExecOptions,
  settings: Settings,
  outputSchema: JsonSchema | null,
): ThreadRequest {
  const { mode, budgets } = options;
  const isLimited = Object.values(budgets).some((limit) => limit !== null);
  const budget: Budget = {
    maxRequests: budgets.maxTurns,
    maxTokens: budgets.maxTokens,
    deadline: budgets.timeoutSeconds === null ? null : performance.now() + budgets.timeoutSeconds * 1000,
  };
  return {
    origin: originOf(options, settings),
    ephemeral: options.ephemeral,
    budget: isLimited ? budget : null,
    outputSchema,
    endSessionsWithTurn: true,
    ...(mode.type === 'review'
      ? { role: { instructions: REVIEW_PROMPT, toolNames: REVIEW_TOOLS, model: settings.reviewModel } }
      : {}),
  };
}

function originOf({ mode }: ExecOptions, settings: Settings): Origin {
  if (mode.type !== 'resume' && mode.type !== 'fork') return { type: 'new' };
  const { target } = mode;
  const query = target.by === 'last' ? null : target.idOrName;
  const thread = findStored({ home: settings.home, cwd: settings.cwd, query, anyFolder: target.anyFolder });
  return { type: mode.type, thread };
}

async function driveTurn(run: Run, input: UserInput[], outputPath: string | null): Promise<number> {
  const { hosted, options, stdout, stderr } = run;
  const { thread } = hosted;
  const signals = watchSignals(
    () => thread.interrupt('shutdown'),
    () => thread.commands.killAll(),
  );
  // A reader that went away ends the run: nobody would see the rest.
  if (options.json) stdout.onClosed = () => thread.interrupt('shutdown');
  watchEvents(run);
  try {
    const isReview = options.mode.type === 'review';
    if (isReview) publishReviewMark(run, 'enteredReviewMode', run.text);
    const result = await thread.run(input);
    await hosted.close();
    const message = isReview ? readableReview(result, run.settings.cwd) : result.lastMessage;
    deliver(run, result, message, outputPath);
    const mismatch = result.status === 'completed' ? answerMismatch(run, result.lastMessage) : null;
    if (mismatch !== null) stderr.write(`warning: the answer does not fit --output-schema: ${mismatch}\n`);
    return exitCodeOf(result, { signal: signals.received, fitsSchema: mismatch === null }, options.exitCodes);
  } finally {
    await hosted.close();
    await Promise.all([stdout.flush(), stderr.flush()]);
    signals.dispose();
  }
}

function publishReviewMark(run: Run, type: 'enteredReviewMode' | 'exitedReviewMode', review: string): void {
  const { thread } = run.hosted;
  const item = { type, id: run.host.newId(), review };
  thread.publish({ type: 'item.started', turnId: '', item });
  thread.publish({ type: 'item.completed', turnId: '', item });
}

/** What is wrong with an answer that had to fit a schema; null when nothing is. */
function answerMismatch({ hosted }: Run, message: string | null): string | null {
  const schema = hosted.thread.settings.outputSchema;
  if (!schema) return null;
  let answer: unknown;
  try {
    answer = JSON.parse(message ?? '');
  } catch {
    return 'it is not JSON';
  }
  return findMismatch(schema, answer);
}

function readableReview(result: TurnResult, cwd: string): string | null {
  if (result.lastMessage === null) return null;
  const answer = parseReview(result.lastMessage);
  return answer ? formatReview(answer, cwd) : result.lastMessage;
}

/** Subscribes the projection that was asked for and prints what comes before the first event. */
function watchEvents(run: Run): void {
  const { hosted, options, settings, stdout, stderr, io } = run;
  const { thread } = hosted;
  const hideReasoning = settings.hideAgentReasoning;
  if (options.json) {
    const jsonl = new JsonlProjection({ hideReasoning, usage: thread.usage });
    const print = (line: object): void => stdout.write(`${JSON.stringify(line)}\n`);
    print({ type: 'thread.started', thread_id: thread.id });
    thread.subscribe((event) => jsonl.project(event).forEach(print));
  } else {
    const hasColor =
      options.color === 'always' || (options.color === 'auto' && stderr.isTerminal && !io.env['NO_COLOR']);
    const human = new HumanProjection({ hasColor, hideReasoning, write: (text) => stderr.write(text) });
    const { effort, summary, model, provider, approvalPolicy, sandbox } = thread.settings;
    human.banner({
      version: io.version,
      workdir: settings.cwd,
      model,
      provider,
      approval: typeof approvalPolicy === 'string' ? approvalPolicy : 'granular',
      ...describeSandbox(sandbox),
      effort: effort ?? hosted.modelInfo.reasoning?.default ?? 'none',
      summaries: summary ?? 'auto',
      threadId: thread.id,
      prompt: run.text,
    });
    thread.subscribe((event) => human.show(event));
  }
  for (const message of hosted.warnings) thread.publish({ type: 'warning', message });
}

/** The answer on stdout and in the file; nothing else ever goes to stdout. */
function deliver(run: Run, result: TurnResult, message: string | null, outputPath: string | null): void {
  const { options, stdout, stderr } = run;
  if (!options.json && message !== null && result.status === 'completed') {
    stdout.write(`${stdout.isTerminal ? stripControls(message) : message}\n`);
  }
  if (outputPath === null) return;
  if (message === null) {
    stderr.write(`Warning: no last agent message; wrote empty content to ${outputPath}\n`);
  }
  try {
    writeFileSync(outputPath, message ?? '');
  } catch (error) {
    throw new UsageError(`The answer could not be written to ${outputPath}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
