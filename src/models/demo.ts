// The demo model: a script, not an AI, that repairs a one-line bug by the same tool calls a real model would make.
import { commandOutput, readDemoRequest } from './demo-history.ts';
import type { DemoCall, DemoRequest } from './demo-history.ts';
import {
  calledNames,
  importedFiles,
  isTestFile,
  proposeRepairs,
  readTestFailure,
  writePatch,
} from './demo-repair.ts';
import type { Repair, TestFailure } from './demo-repair.ts';
import type { ScriptedItem } from './scripted-reply.ts';
import { startScriptedServer } from './scripted-server.ts';
import type { RecordedRequest, Reply } from './scripted-server.ts';

const LABEL = 'demo: a small scripted model, no AI.';
const ABILITIES =
  'I look for a failing test (`node --test` or `npm test`), try small changes of one line in the file it tests (operators, comparisons, numbers), and keep the one that makes the tests pass. Ask me to fix a failing test, or choose a real model with -m.';

const PACKAGE_MARK = '== package.json';
const LOOK = `pwd -P; ls -1Ap; echo '${PACKAGE_MARK}'; cat package.json 2>/dev/null`;
const MAX_ATTEMPTS = 12;
const MAX_SOURCES = 3;
const MAX_POLLS = 20;

/** The demo model's answer to a request of the Responses API. */
export function demoScript(request: RecordedRequest): Reply {
  const items = nextStep(readDemoRequest(request.body));
  return { type: 'stream', items };
}

/** Starts the demo model on loopback; `baseUrl` goes where a provider's base_url goes. */
export async function startDemoServer(): Promise<{ baseUrl: string; close(): Promise<void> }> {
  const server = await startScriptedServer(demoScript, { record: false });
  return { baseUrl: server.baseUrl, close: () => server.close() };
}

function nextStep(request: DemoRequest): ScriptedItem[] {
  if (request.isTextOnly)
    return say(`${LABEL} The user asked: "${shorten(request.prompt)}". Nothing else needs to be kept.`);
  if (
    request.calls.length === 0 &&
    !/\b(tests?|fix\w*|fail\w*|bugs?|repair|broken|red)\b/i.test(request.prompt)
  ) {
    return say(`${LABEL} ${ABILITIES}`);
  }
  if (!request.tools.has('exec_command') || !request.tools.has('apply_patch')) {
    return say(`${LABEL} I need the tools exec_command and apply_patch, and was not given both.`);
  }
  return new Repairer(request).next();
}

/** Walks through the calls made so far and finds the next one; holds nothing between requests. */
class Repairer {
  readonly #request: DemoRequest;
  readonly #calls: DemoCall[];

  constructor(request: DemoRequest) {
    this.#request = request;
    this.#calls = joinPolls(request.calls);
  }

  next(): ScriptedItem[] {
    const look = this.#calls.find((call) => call.command === LOOK);
    if (look === undefined) return [comment(`${LABEL} I look around first.`), run(LOOK)];
    const last = this.#calls.at(-1);
    if (last?.sessionId != null) return this.#poll(last.sessionId);
    if (look.exitCode === null)
      return say(`${LABEL} I could not look around: ${shorten(look.output ?? 'no output')}`);
    const place = readPlace(commandOutput(look.output ?? ''));
    if (place.testCommand === null) {
      return say(
        `${LABEL} I found no tests here (no "test" script in package.json, no test files). ${ABILITIES}`,
      );
    }
    const firstRun = this.#calls.find((call) => call.command === place.testCommand);
    if (firstRun === undefined)
      return [comment(`Now I run the tests: \`${place.testCommand}\`.`), run(place.testCommand)];
    if (firstRun.exitCode === null)
      return say(`${LABEL} The tests could not be run: ${shorten(firstRun.output ?? 'no output')}`);
    if (firstRun.exitCode === 0)
      return say(`${LABEL} \`${place.testCommand}\` passes: there is nothing to fix. ${ABILITIES}`);
    return this.#repair(
      place.cwd,
      place.testCommand,
      readTestFailure(commandOutput(firstRun.output ?? ''), place.cwd),
    );
  }

  #repair(cwd: string, testCommand: string, failure: TestFailure): ScriptedItem[] {
    const test = failure.files.find((file) => isTestFile(file.path));
    if (test === undefined)
      return say(
        `${LABEL} \`${testCommand}\` fails, but its output names no test file that I could read. ${ABILITIES}`,
      );
    const testSource = this.#read(test.path);
    if (testSource === undefined)
      return [comment(`A test in ${test.path} fails; I read it.`), run(readCommand(test.path))];
    const named = failure.files.map((file) => file.path).filter((path) => !isTestFile(path));
    const paths = [...new Set([...named, ...importedFiles(test.path, testSource ?? '')])].slice(
      0,
      MAX_SOURCES,
    );
    const unread = paths.find((path) => this.#read(path) === undefined);
    if (unread !== undefined)
      return [comment(`It tests ${unread}; I read that too.`), run(readCommand(unread))];
    const names = calledNames(testSource ?? '', test.lines);
    const repairs = paths.flatMap((path) => {
      const source = this.#read(path);
      return source === undefined || source === null ? [] : proposeRepairs(path, source, { names, failure });
    });
    return this.#attempt(testCommand, repairs.slice(0, MAX_ATTEMPTS), { cwd, failure });
  }

  #attempt(
    testCommand: string,
    repairs: readonly Repair[],
    facts: { cwd: string; failure: TestFailure },
  ): ScriptedItem[] {
    const patches = this.#calls.filter((call) => call.tool === 'apply_patch');
    const last = patches.at(-1);
    if (last !== undefined) {
      if (!/Success\. Updated/.test(last.output ?? '')) {
        return say(
          `${LABEL} My change was not applied (${shorten(last.output ?? 'no output')}), so I stop here. Files can be changed with -s workspace-write.`,
        );
      }
      const wasUndo = patches.length > repairs.length;
      if (wasUndo)
        return say(
          `${LABEL} I cannot repair this one. I tried ${repairs.length} small changes, none made \`${testCommand}\` pass, and I put the file back as it was. A real model (-m) may do better.`,
        );
      const rerun = this.#calls.slice(this.#calls.indexOf(last)).find((call) => call.command === testCommand);
      if (rerun === undefined) return [comment('I run the tests again.'), run(testCommand)];
      const tried = repairs[patches.length - 1];
      if (rerun.exitCode === 0 && tried !== undefined) return say(explain(tried, testCommand, facts.failure));
    }
    const repair = repairs[patches.length];
    const previous = repairs[patches.length - 1];
    if (repair === undefined && previous === undefined) {
      return say(
        `${LABEL} \`${testCommand}\` fails, and I see no line that one of my small changes could mend. ${ABILITIES}`,
      );
    }
    const text =
      repair === undefined
        ? 'None of my changes helped; I put the file back.'
        : `I try line ${repair.line + 1} of ${repair.path}: \`${repair.after.trim()}\`.`;
    return [comment(text), this.#patch(previous, repair)];
  }

  /** Undoes one change and makes the next, in one patch. */
  #patch(previous: Repair | undefined, repair: Repair | undefined): ScriptedItem {
    const paths = [...new Set([previous?.path, repair?.path])].filter((path) => path !== undefined);
    const parts = paths.map((path) => {
      const source = this.#read(path) ?? '';
      return writePatch(path, applied(source, previous, path), applied(source, repair, path));
    });
    const body = parts
      .map((part) => part.replace(/^\*\*\* Begin Patch\n/, '').replace(/\*\*\* End Patch\n$/, ''))
      .join('');
    const patch = `*** Begin Patch\n${body}*** End Patch\n`;
    return this.#request.tools.get('apply_patch') === 'custom'
      ? { type: 'customToolCall', name: 'apply_patch', input: patch }
      : { type: 'functionCall', name: 'apply_patch', arguments: { input: patch } };
  }

  /** The text of a file that was read; null when it could not be; undefined before it was tried. */
  #read(path: string): string | null | undefined {
    const call = this.#calls.find((known) => known.command === readCommand(path));
    if (call === undefined) return undefined;
    return call.exitCode === 0 ? commandOutput(call.output ?? '') : null;
  }

  #poll(sessionId: number): ScriptedItem[] {
    const polls = this.#request.calls.filter((call) => call.tool === 'write_stdin').length;
    if (polls >= MAX_POLLS || !this.#request.tools.has('write_stdin')) {
      return say(`${LABEL} The command is still running; I do not wait any longer.`);
    }
    const input = { session_id: sessionId, chars: '', yield_time_ms: 30_000 };
    return [{ type: 'functionCall', name: 'write_stdin', arguments: input }];
  }
}

/** Puts the output of later polls to the command that they asked about. */
function joinPolls(calls: readonly DemoCall[]): DemoCall[] {
  const joined: DemoCall[] = [];
  for (const call of calls) {
    const before = joined.at(-1);
    if (call.tool !== 'write_stdin' || before === undefined) {
      joined.push({ ...call });
      continue;
    }
    before.output = `${before.output ?? ''}\n${commandOutput(`\n${call.output ?? ''}`)}`;
    before.exitCode = call.exitCode;
    before.sessionId = call.sessionId;
  }
  return joined;
}

function readPlace(output: string): { cwd: string; testCommand: string | null } {
  const [listing = '', manifest = ''] = output.split(`${PACKAGE_MARK}\n`);
  const [cwd = '', ...names] = listing.trim().split('\n');
  const script = testScript(manifest);
  const hasTests = names.some((name) => /^(tests?\/|.*[._-]test\.[cm]?[jt]s)$/.test(name));
  if (script !== null) return { cwd, testCommand: /^node --test\b/.test(script) ? script : 'npm test' };
  return { cwd, testCommand: hasTests ? 'node --test' : null };
}

function testScript(manifest: string): string | null {
  try {
    const parsed = JSON.parse(manifest) as { scripts?: { test?: unknown } } | null;
    const script = parsed?.scripts?.test;
    return typeof script === 'string' && !/no test specified/.test(script) ? script.trim() : null;
  } catch {
    return null;
  }
}

function explain(repair: Repair, testCommand: string, { expected, actual }: TestFailure): string {
  const got = expected === null || actual === null ? '' : ` (it got ${actual} in place of ${expected})`;
  return `${LABEL} Fixed. The test failed${got} because of line ${repair.line + 1} of ${repair.path}:\n\n    ${repair.before.trim()}\n\nI changed it to\n\n    ${repair.after.trim()}\n\nand \`${testCommand}\` passes now. I found this by trying small changes, not by understanding the code: please look at it before you commit.`;
}

function applied(source: string, repair: Repair | undefined, path: string): string {
  if (repair === undefined || repair.path !== path) return source;
  const lines = source.split('\n');
  lines[repair.line] = repair.after;
  return lines.join('\n');
}

function readCommand(path: string): string {
  return `cat -- '${path.replaceAll("'", `'\\''`)}'`;
}

function run(cmd: string): ScriptedItem {
  return { type: 'functionCall', name: 'exec_command', arguments: { cmd, yield_time_ms: 30_000 } };
}

function comment(text: string): ScriptedItem {
  return { type: 'message', text, phase: 'commentary' };
}

function say(text: string): ScriptedItem[] {
  return [{ type: 'message', text, phase: 'final_answer' }];
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
