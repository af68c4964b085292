// The parser against the command table: clap's rules, and the errors that people see.
import { describe, expect, test } from 'vitest';
import { UsageError } from '../protocol/error.ts';
import { ROOT } from './commands.ts';
import { toInvocation, type ExecInvocation, type Invocation } from './invocation.ts';
import { parseArgv } from './parse.ts';

function invoke(...argv: string[]): Invocation {
  return toInvocation(parseArgv(ROOT, argv)).invocation;
}

function exec(...argv: string[]): ExecInvocation {
  const invocation = invoke(...argv);
  if (invocation.command !== 'exec') throw new Error(`not exec but ${invocation.command}`);
  return invocation;
}

function warningsOf(...argv: string[]): readonly string[] {
  return toInvocation(parseArgv(ROOT, argv)).warnings;
}

function failure(...argv: string[]): UsageError {
  try {
    invoke(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`no error for: ${argv.join(' ')}`);
}

describe('spellings of a flag', () => {
  test.each([[['-m', 'x']], [['-mx']], [['-m=x']], [['--model', 'x']], [['--model=x']]])(
    '%j gives the model',
    (flags) => {
      expect(exec('exec', ...flags, 'hi').options.config.model).toBe('x');
      expect(exec('exec', 'hi', ...flags).options.config.model).toBe('x');
      expect(exec(...flags, 'exec', 'hi').options.config.model).toBe('x');
    },
  );

  test('a value may hold = and spaces, and - is a value', () => {
    expect(exec('exec', '-c', 'a="b = c"', '-cx=y', 'hi').options.config.overrides).toEqual([
      'a="b = c"',
      'x=y',
    ]);
    expect(exec('exec', '-o', '-', 'hi').options.outputLastMessage).toBe('-');
  });

  test('aliases and hidden flags', () => {
    expect(exec('e', '--experimental-json', '--yolo', 'hi').options).toMatchObject({
      json: true,
      config: { bypassSandbox: true },
    });
    expect(exec('exec', '--thread-source', 'ci', 'hi').options.threadSource).toBe('ci');
    expect(warningsOf('exec', '--cyber-access-program', 'standard', 'hi')).toHaveLength(1);
    expect(invoke('login', '--experimental_issuer', 'http://x', '--device-auth')).toMatchObject({
      method: 'device',
    });
  });

  test('switches group behind one dash, the last may take a value', () => {
    expect(invoke('exec', '-hm')).toMatchObject({ command: 'help', path: ['exec'], long: false });
    expect(invoke('exec', '-Vx')).toEqual({ command: 'version' });
  });

  test('repeated flags add up, also over a sub-command', () => {
    const { config } = exec(
      '-c',
      'a=1',
      'exec',
      '--config=b=2',
      '--enable',
      'f',
      'resume',
      '--last',
      '-c',
      'c=3',
      '--disable',
      'g',
    ).options;
    expect(config.overrides).toEqual(['a=1', 'b=2', 'c=3']);
    expect(config.features).toEqual([
      { name: 'f', enabled: true },
      { name: 'g', enabled: false },
    ]);
  });
});

describe('prompt and images', () => {
  test('-i of exec takes everything up to the next flag', () => {
    expect(exec('exec', 'hi', '-i', 'a.png,b.png', 'c.png', '--json').images).toEqual([
      'a.png',
      'b.png',
      'c.png',
    ]);
    expect(exec('exec', '-i', 'a.png', '--', 'hi')).toMatchObject({
      images: ['a.png'],
      prompt: { argument: 'hi' },
    });
  });

  test('-i of resume takes one', () => {
    const run = exec('exec', 'resume', '--last', '-i', 'a.png', '-i', 'b.png', 'hello');
    expect(run).toMatchObject({ images: ['a.png', 'b.png'], prompt: { argument: 'hello' } });
  });

  test('text that begins with a dash and a space, or with dashes alone, is text', () => {
    expect(exec('exec', '- one\n- two').prompt.argument).toBe('- one\n- two');
    expect(exec('exec', '---\ntitle: x').prompt.argument).toBe('---\ntitle: x');
    expect(exec('exec', '--', '--json').prompt.argument).toBe('--json');
    expect(exec('exec', '-').prompt.argument).toBe('-');
  });
});

describe('resume, fork and review', () => {
  test('--last takes the only word as the prompt', () => {
    const run = exec('exec', 'resume', '--last', 'go on');
    expect(run.prompt.argument).toBe('go on');
    expect(run.options.mode).toEqual({ type: 'resume', target: { by: 'last', anyFolder: false } });
  });

  test('an id and a prompt', () => {
    const run = exec('exec', '--json', 'resume', '--all', 'my-thread', '-');
    expect(run.prompt.argument).toBe('-');
    expect(run.options.json).toBe(true);
    expect(run.options.mode).toEqual({
      type: 'resume',
      target: { by: 'name', idOrName: 'my-thread', anyFolder: true },
    });
  });

  test('the way the SDK calls: options, then resume ID, then images', () => {
    const run = exec(
      'exec',
      '--experimental-json',
      '--model',
      'm',
      '--sandbox',
      'read-only',
      '--cd',
      '/x',
      '--skip-git-repo-check',
      'resume',
      'ID',
      '--image',
      'a.png',
    );
    expect(run.options.mode).toMatchObject({ target: { idOrName: 'ID' } });
    expect(run.options.config).toMatchObject({ model: 'm', sandbox: 'read-only', cd: '/x' });
    expect(run.images).toEqual(['a.png']);
  });

  test('flags of exec stand behind resume too', () => {
    expect(exec('exec', 'resume', '--last', '-s', 'workspace-write').options.config.sandbox).toBe(
      'workspace-write',
    );
  });

  test('which thread must be said', () => {
    expect(failure('exec', 'resume').message).toContain('--last');
    expect(warningsOf('exec', 'resume', '--last', 'id', 'hi')[0]).toContain("'id' is not used");
  });

  test.each([
    [['--uncommitted'], { type: 'uncommitted' }],
    [['--base', 'main'], { type: 'base', branch: 'main' }],
    [['--commit', 'abc', '--title', 'T'], { type: 'commit', sha: 'abc', title: 'T' }],
    [['look at errors'], { type: 'custom' }],
  ])('review %j', (argv, scope) => {
    expect(exec('review', ...argv).options.mode).toEqual({ type: 'review', scope });
    expect(exec('exec', 'review', ...argv).options.mode).toEqual({ type: 'review', scope });
  });

  test('review scopes exclude each other', () => {
    expect(failure('review', '--base', 'x', '--uncommitted').message).toContain(
      '--uncommitted cannot go with --base',
    );
    expect(failure('review', '--base', 'x', 'prompt').message).toContain(
      '--base cannot go with a prompt argument',
    );
    expect(failure('review', '--base', 'x', '--prompt', 'p').exitCode).toBe(2);
    expect(failure('review', '--title', 'x').message).toContain('--commit');
  });
});

describe('mistakes: exit code 2, what is allowed, where help is', () => {
  test.each([
    [['exec', '--jsn', 'hi'], "Did you mean '--json'?", "'skua exec --help'"],
    [['exec', '--modle=x'], "Did you mean '--model'?", 'exec --help'],
    [['exec', '-json'], "Did you mean '--json'?", 'exec --help'],
    [['exec', '-S', 'read-only'], "Did you mean '-s'?", 'exec --help'],
    [['exec', '--uncommitted'], "It is a flag of 'skua exec review'.", 'exec --help'],
    [['exec', '--color', 'blue', 'hi'], 'Allowed: always, never, auto.', 'exec --help'],
    [['exec', '--sandbox=none'], 'Allowed: read-only, workspace-write, danger-full-access.', 'exec --help'],
    [['exec', '-m'], '--model needs a value: --model <MODEL>', 'exec --help'],
    [['exec', '-m', '--json'], '--model needs a value', 'exec --help'],
    [['exec', '-o', ''], '--output-last-message needs a value', 'exec --help'],
    [['exec', '--json=true'], '--json takes no value', 'exec --help'],
    [['exec', '--json', '--json'], '--json is given twice', 'exec --help'],
    [['exec', '-m', 'a', '--model', 'b'], '--model is given twice', 'exec --help'],
    [['exec', 'a', 'b'], "unknown command 'b'", 'exec --help'],
    [['exec', '--full-auto', '--yolo', 'x'], '--full-auto cannot go with', 'exec --help'],
    [['exec', '--prompt', 'a', 'b'], '--prompt cannot go with a prompt argument', 'exec --help'],
    [['exec', '--worktree', 'x'], 'not in this version', 'exec --help'],
    [['features', 'lst'], "Did you mean 'list'?", 'features --help'],
    [['features', 'enable'], '<FEATURE> is missing', 'features enable --help'],
    [['completion', 'tcsh'], 'Allowed: bash, elvish, fish, powershell, zsh.', 'completion --help'],
    [['help', 'frob'], "unknown command 'frob'", "'skua --help'"],
  ])('%j', (argv, text, help) => {
    const error = failure(...argv);
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(text);
    expect(error.message).toContain(help);
  });

  test.each([
    [['--max-turns', '0'], 'whole number'],
    [['--max-tokens', '1.5'], 'whole number'],
    [['--timeout', '5 minutes'], '10m'],
    [['--timeout', '0'], '10m'],
  ])('quantities: %j', (flags, text) => {
    const error = failure('exec', ...flags, 'hi');
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(text);
  });

  test('budgets are read with units', () => {
    const { budgets } = exec(
      'exec',
      '--max-turns',
      '3',
      '--timeout',
      '1h30m',
      '--max-tokens=10_000',
      'hi',
    ).options;
    expect(budgets).toEqual({ maxTurns: 3, timeoutSeconds: 5400, maxTokens: 10_000 });
    expect(exec('exec', '--timeout', '90', 'x').options.budgets.timeoutSeconds).toBe(90);
    expect(exec('exec', '--timeout', '1.5m', 'x').options.budgets.timeoutSeconds).toBe(90);
  });
});

describe('both generations of Codex', () => {
  // Every flag of `codex exec --help` of 0.118 and 0.169, with what it is called with.
  const execFlags = [
    '-c a=b',
    '--enable x',
    '--disable x',
    '--strict-config',
    '-i f',
    '-m m',
    '--oss',
    '--local-provider ollama',
    '-p p',
    '-s read-only',
    '--full-auto',
    '--approve-for-me',
    '--dangerously-bypass-approvals-and-sandbox',
    '--dangerously-bypass-hook-trust',
    '-C d',
    '--add-dir d',
    '--thread-source s',
    '--skip-git-repo-check',
    '--trust',
    '--ephemeral',
    '--ignore-user-config',
    '--ignore-rules',
    '--output-schema f',
    '--color never',
    '--json',
    '-o f',
  ];
  const interactiveFlags = [
    '-a untrusted',
    '-a on-failure',
    '-a on-request',
    '-a never',
    '--search',
    '--no-alt-screen',
    '--no-daemon',
    '--full-auto',
  ];
  test.each(execFlags)('exec %s', (flag) => {
    expect(invoke('exec', 'hi', ...flag.split(' ')).command).toBe('exec');
    expect(invoke('exec', 'resume', 'id', 'hi', ...flag.split(' ')).command).toBe('exec');
    expect(invoke('exec', 'fork', 'id', 'hi', ...flag.split(' ')).command).toBe('exec');
    expect(invoke('exec', 'review', ...flag.split(' ')).command).toBe('exec');
  });
  test.each(interactiveFlags)('%s before exec, resume and alone', (flag) => {
    expect(invoke(...flag.split(' '), 'exec', 'hi').command).toBe('exec');
    expect(invoke('resume', '--last', '--include-non-interactive', ...flag.split(' ')).command).toBe('exec');
    expect(invoke(...flag.split(' '), 'hi').command).toBe('tui');
  });

  test('what one generation dropped warns', () => {
    expect(warningsOf('exec', '--full-auto', 'x')[0]).toContain('workspace-write');
    expect(exec('exec', '--full-auto', 'x').options.config.sandbox).toBe('workspace-write');
    expect(warningsOf('-a', 'on-failure', 'exec', 'x')[0]).toContain('on-failure');
    expect(warningsOf('-a', 'never', 'exec', 'x')).toEqual([]);
    expect(warningsOf('exec', '--json', 'x')).toEqual([]);
  });

  test('a flag that a command does not know is accepted before it, with a warning', () => {
    expect(warningsOf('-m', 'x', 'logout')).toEqual(["--model has no effect on 'logout'."]);
  });

  test.each(
    'mcp,mcp-server,app-server,sandbox,apply,a,cloud,cloud-tasks,plugin,agents,archive,unarchive,delete,queue,remote-control,exec-server,execpolicy,responses-api-proxy,stdio-to-uds,migrate-rollouts,migrate-nfs-db'.split(
      ',',
    ),
  )('%s is known, but planned, whatever follows', (name) => {
    expect(invoke(name, 'list', '--json', '--anything=1').command).toBe('planned');
    expect(invoke(name, '--help')).toMatchObject({ command: 'help' });
  });

  test.each([
    [['login'], { command: 'login', method: 'browser' }],
    [['login', '--with-api-key'], { command: 'login', method: 'api-key' }],
    [['login', '--api-key', 'x'], { command: 'login', method: 'api-key-argument' }],
    [['login', 'status'], { command: 'login-status' }],
    [['logout'], { command: 'logout' }],
    [['features', 'list'], { command: 'features-list' }],
    [['features', 'disable', 'x'], { command: 'features-set', feature: 'x', enabled: false }],
    [['features'], { command: 'help', asked: false }],
    [['debug', 'models', '--bundled'], { command: 'debug-models', bundled: true }],
    [
      ['debug', 'prompt-input', 'hi', '-i', 'a'],
      { command: 'debug-prompt-input', prompt: 'hi', images: ['a'] },
    ],
    [['doctor', '--json'], { command: 'doctor', json: true }],
    [['completion'], { command: 'completion', shell: 'bash' }],
    [['update'], { command: 'update' }],
    [['help', 'exec', 'resume'], { command: 'help', path: ['exec', 'resume'] }],
    [['exec', 'help', 'resume'], { command: 'help', path: ['exec', 'resume'] }],
    [['exec', 'resume', '--help'], { command: 'help', path: ['exec', 'resume'], long: true }],
    [['-V'], { command: 'version' }],
    [['--version'], { command: 'version' }],
    [['exec', '--version'], { command: 'version' }],
  ])('%j', (argv, expected) => {
    expect(invoke(...argv)).toMatchObject(expected);
  });
});

test('any words give an invocation or a UsageError, never a crash', () => {
  const words = [
    'exec',
    'resume',
    'review',
    'fork',
    'help',
    'login',
    'status',
    'features',
    'enable',
    'mcp',
    'completion',
    'debug',
  ]
    .concat([
      '-m',
      '-mx',
      '-i',
      'a,b',
      '-c',
      'a=b',
      '--',
      '-',
      '--json',
      '--last',
      '--base',
      '-hV',
      '-V',
      '--version',
      '-=',
      '--=',
      '--=x',
      '-c=',
      '---',
    ])
    .concat([
      '',
      ' ',
      '--prompt',
      '-p',
      '--timeout',
      '1h',
      '--max-turns=2',
      '__proto__',
      '--__proto__',
      '--constructor',
      '\u001b[2J',
      '💥',
    ]);
  // A fixed linear congruential sequence: the same words in every run.
  let state = 42;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const outcomes = new Set<string>();
  for (let round = 0; round < 20_000; round++) {
    const argv = Array.from({ length: random(7) }, () => words[random(words.length)] as string);
    try {
      outcomes.add(invoke(...argv).command);
    } catch (error) {
      if (!(error instanceof UsageError))
        throw new Error(`crash for ${JSON.stringify(argv)}`, { cause: error });
      outcomes.add('UsageError');
    }
  }
  for (const command of ['exec', 'help', 'version', 'planned', 'tui', 'login', 'completion', 'UsageError']) {
    expect(outcomes).toContain(command);
  }
});
