// The program as a process, in both runtimes: exit codes, streams, completion in real shells.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasProgram, MAIN, ROOT, runProcess, RUNTIMES, type Ended, type Start } from './process.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'skua-cli-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.each(RUNTIMES)('on $name', ({ binary }) => {
  const skua = (args: string[], start: Omit<Start, 'argv'> = {}): Promise<Ended> =>
    runProcess({ argv: [binary, MAIN, ...args], env: { SKUA_HOME: home, HOME: home }, ...start });

  test('--version and -V: one line with the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    for (const flag of ['--version', '-V']) {
      expect(await skua([flag])).toEqual({ code: 0, signal: null, stdout: `skua ${version}\n`, stderr: '' });
    }
  });

  test('help on stdout with 0; help for a missing command on stderr with 2', async () => {
    const help = await skua(['exec', '--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const word of ['--json', '--sandbox <MODE>', 'skua exec resume --last', '--max-turns']) {
      expect(help.stdout).toContain(word);
    }
    const missing = await skua(['features']);
    expect([missing.code, missing.stdout]).toEqual([2, '']);
    expect(missing.stderr).toContain('Usage:');
  });

  test('a mistake: one error on stderr without a stack, nothing on stdout', async () => {
    const { code, stdout, stderr } = await skua(['exec', '--jsn', 'x']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe("error: unknown flag '--jsn'. Did you mean '--json'?\nSee 'skua exec --help'.\n");
  });

  test('escape sequences of arguments do not reach the terminal', async () => {
    const { stderr } = await skua(['exec', '--\u001b]0;title\u0007x', 'y']);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('unknown flag');
  });

  test('what is not there yet says so and exits 2', async () => {
    for (const args of [['mcp', 'list'], ['app-server'], ['login'], ['hello'], []]) {
      const { code, stdout, stderr } = await skua(args);
      expect([args, code, stdout]).toEqual([args, 2, '']);
      expect(stderr).toMatch(/not in this version yet|needs a terminal/);
    }
  });

  test('login, status, logout', async () => {
    const status = (): Promise<Ended> => skua(['login', 'status']);
    expect(await status()).toMatchObject({ code: 1, stdout: '', stderr: 'Not logged in\n' });
    const key = 'sk-test-0123456789abcdef';
    expect(await skua(['login', '--with-api-key'], { stdin: `${key}\n` })).toMatchObject({
      code: 0,
      stderr: 'Reading API key from stdin...\nSuccessfully logged in\n',
    });
    const file = join(home, 'auth.json');
    expect((JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)['OPENAI_API_KEY']).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await status()).stderr).toBe('Logged in using an API key - sk-test-***bcdef\n');
    expect((await skua(['logout'])).code).toBe(0);
    expect((await status()).code).toBe(1);
    expect(await skua(['login', '--api-key', 'x'])).toMatchObject({ code: 1 });
  });

  test('features: list, enable, disable, unknown', async () => {
    const config = join(home, 'config.toml');
    writeFileSync(config, '# mine\nmodel = "m"\n');
    expect((await skua(['features', 'enable', 'undo'])).code).toBe(0);
    expect(readFileSync(config, 'utf8')).toMatch(/# mine[\s\S]*undo = true/);
    const list = await skua(['features', 'list']);
    expect(list.stdout).toMatch(/^undo\s+stable\s+true$/m);
    expect(list.stdout).toMatch(/^unified_exec\s+stable\s+true$/m);
    const unknown = await skua(['features', 'enable', 'undoo']);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('Unknown feature flag: undoo. Did you mean undo?');
    rmSync(config);
  });

  test('debug models prints JSON', async () => {
    const { stdout } = await skua(['debug', 'models']);
    const { models } = JSON.parse(stdout) as { models: { slug: string }[] };
    expect(models.map((model) => model.slug)).toContain('gpt-5.3-codex');
  });

  test('debug prompt-input prints what a request would carry', async () => {
    const all = await skua(['debug', 'prompt-input', 'the prompt']);
    const items = JSON.parse(all.stdout) as { role: string; content: { text: string }[] }[];
    expect(items.at(-1)).toMatchObject({ role: 'user', content: [{ text: 'the prompt' }] });
    expect(JSON.stringify(items)).toContain('environment_context');
    const before = JSON.parse((await skua(['debug', 'prompt-input'])).stdout) as unknown[];
    expect(before).toEqual(items.slice(0, -1));
  });

  test('doctor reports as text and as JSON, and fails for a broken config', async () => {
    const report = async (): Promise<{ code: number | null; checks: { name: string; status: string }[] }> => {
      const { code, stdout } = await skua(['doctor', '--json', '-s', 'danger-full-access']);
      return { code, checks: (JSON.parse(stdout) as { checks: { name: string; status: string }[] }).checks };
    };
    const good = await report();
    const names = ['program', 'home', 'config', 'login', 'sandbox', 'git', 'terminal'];
    expect(good.checks.map((check) => check.name)).toEqual(names);
    expect(good.code).toBe(0);
    expect(good.checks.find((check) => check.name === 'sandbox')?.status).toBe('warning');
    expect((await skua(['doctor', '--summary', '-s', 'danger-full-access'])).stdout).toMatch(
      /\d+ ok, \d+ warnings, 0 broken\n$/,
    );
    writeFileSync(join(home, 'config.toml'), 'model = [\n');
    const bad = await report();
    rmSync(join(home, 'config.toml'));
    expect(bad.code).toBe(1);
    expect(bad.checks.find((check) => check.name === 'config')?.status).toBe('broken');
  });

  test('a reader that leaves early is no error', async () => {
    const script = `"$0" "$1" help exec | head -c 1; echo " \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await runProcess({
      argv: ['bash', '--norc', '-c', script, binary, MAIN],
      env: { HOME: home },
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^\S 0\n$/);
  });

  test('apply_patch by its hidden flag', async () => {
    const patch = '*** Begin Patch\n*** Add File: made.txt\n+hello\n*** End Patch';
    const done = await skua(['--codex-run-as-apply-patch', patch], { cwd: home });
    expect(done).toMatchObject({ code: 0, stdout: 'Success. Updated the following files:\nA made.txt\n' });
    expect(readFileSync(join(home, 'made.txt'), 'utf8')).toBe('hello\n');
    const piped = await skua(['--codex-run-as-apply-patch'], {
      cwd: home,
      stdin: patch.replace('made', 'piped'),
    });
    expect(piped.code).toBe(0);
    expect((await skua(['--codex-run-as-apply-patch', 'x'], { cwd: home })).code).toBe(1);
  });
});

describe('completion in real shells', () => {
  const lines = ['ex', 'exec --js', 'e res', 'exec resume --la', 'exec --sandbox w', 'completion z'];
  const expected = ['exec', '--json', 'resume', '--last', 'workspace-write', 'zsh'];
  const script = async (shell: string): Promise<string> => {
    const [runtime] = RUNTIMES;
    const { stdout } = await runProcess({ argv: [runtime?.binary ?? '', MAIN, 'completion', shell] });
    const file = join(home, `completion.${shell}`);
    writeFileSync(file, stdout);
    return file;
  };

  test.runIf(hasProgram('bash'))('bash', async () => {
    const program = `source ${await script('bash')}
try() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); _skua; echo "\${COMPREPLY[*]}"; }
${lines.map((line) => `try skua ${line}`).join('\n')}`;
    const { stdout, stderr } = await runProcess({ argv: ['bash', '--norc', '-uc', program] });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(expected);
  });

  test.runIf(hasProgram('fish'))('fish', async () => {
    const program = `source ${await script('fish')}
${lines.map((line) => `complete -C 'skua ${line}' | string replace -r '\\t.*' ''`).join('\n')}`;
    const { stdout } = await runProcess({
      argv: ['fish', '--no-config', '-c', program],
      env: { HOME: home },
    });
    expect(stdout.trim().split('\n')).toEqual(expected);
  });

  test.runIf(hasProgram('zsh'))('zsh', async () => {
    const program = `_describe() { print -r -- $candidates[(r)\${words[CURRENT]}*] }; _files() {}; compadd() { shift; print -r -- \${(M)@:#\${words[CURRENT]}*} }; compdef() {}
source ${await script('zsh')}
${lines.map((line) => `words=(skua ${line}); CURRENT=$#words; _skua`).join('\n')}`;
    const { stdout, stderr } = await runProcess({ argv: ['zsh', '-fc', program], env: { HOME: home } });
    expect(stderr).toBe('');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/:.*/, '')),
    ).toEqual(expected);
  });

  test.runIf(hasProgram('elvish'))('elvish', async () => {
    const text = readFileSync(await script('elvish'), 'utf8')
      .replace('set edit:completion:arg-completer[skua] =', 'var complete =')
      .replaceAll('edit:complex-candidate', 'candidate');
    const file = join(home, 'check.elv');
    const calls = ['exec res', 'e resume ""', 'completion ""'].map(
      (line) => `$complete skua ${line} | take 1 | each {|x| echo $x }`,
    );
    writeFileSync(file, `fn candidate {|word &display=''| put $word }\n${text}\n${calls.join('\n')}\n`);
    const { stdout, stderr } = await runProcess({ argv: ['elvish', '-norc', file], env: { HOME: home } });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['resume', '--last', 'bash']);
  });
});
