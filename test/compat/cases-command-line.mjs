// Checks of the command line itself: flags, help, config overrides, login, features, completion.
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './scripted-responses.mjs';

const done = [say('done')];

/** Wrong command lines: exit code 2, nothing on stdout, and a word that must be in the message. */
const mistakes = [
  { args: ['exec', '--jsn', 'hi'], says: '--json' },
  { args: ['exec', '--color', 'blue', 'hi'], says: 'always, never, auto' },
  { args: ['exec', '--sandbox=none', 'hi'], says: 'read-only, workspace-write, danger-full-access' },
  { args: ['exec', '-m'], says: '--model' },
  { args: ['exec', '-m', '--json', 'hi'], says: '--model' },
  { args: ['exec', '--json=true', 'hi'], says: '--json' },
  { args: ['exec', '--json', '--json', 'hi'], says: '--json' },
  { args: ['exec', '-m', 'a', '-m', 'b', 'hi'], says: '--model' },
  { args: ['exec', 'a', 'b'], says: "'b'" },
  { args: ['exec', '--full-auto', '--yolo', 'hi'], says: '--full-auto' },
  { args: ['exec', '-o', '', 'hi'], says: '--output-last-message' },
  { args: ['exec', 'review', '--base', 'x', '--uncommitted'], says: '--uncommitted' },
  { args: ['exec', 'review', '--title', 'x'], says: '--commit' },
  { args: ['completion', 'tcsh'], says: 'bash, elvish, fish, powershell, zsh' },
  { args: ['features', 'enable'], says: 'FEATURE' },
];

export const commandLineCases = [
  {
    name: 'version and help',
    async run({ agent, check }) {
      for (const flag of ['-V', '--version']) {
        const { code, stdout } = await agent([flag]);
        check(
          `${flag}: one line "NAME VERSION"`,
          code === 0 && /^\S+ \d+\.\d+\.\d+\S*\n$/.test(stdout),
          stdout,
        );
      }
      for (const args of [
        ['--help'],
        ['exec', '--help'],
        ['exec', '-h'],
        ['help', 'exec'],
        ['exec', 'resume', '--help'],
      ]) {
        const { code, stdout } = await agent(args);
        check(`${args.join(' ')}: on stdout, exit 0`, code === 0 && stdout.includes('Usage:'), stdout);
      }
      const { code, stdout, stderr } = await agent(['features']);
      check(
        'a missing sub-command: help on stderr, exit 2',
        code === 2 && stdout === '' && stderr.includes('Usage:'),
        { code, stdout, stderr },
      );
    },
  },
  {
    name: 'mistakes',
    async run({ agent, check, start }) {
      const { requests } = start(done);
      for (const { args, says } of mistakes) {
        const { code, stdout, stderr } = await agent(args);
        const ok = code === 2 && stdout === '' && stderr.toLowerCase().includes(says.toLowerCase());
        check(`${args.join(' ')}: exit 2, says ${says}`, ok, { code, stdout, stderr });
      }
      check('no request was sent', requests.length === 0, requests.length);
    },
  },
  {
    name: 'flags',
    async run({ agent, check, start }) {
      const { requests } = start(done, 'sandbox_mode = "read-only"');
      const model = async (...args) => {
        const before = requests.length;
        const { code, stderr } = await agent(args);
        return requests.length > before ? requests.at(-1).body.model : `exit ${code}: ${stderr}`;
      };
      const cases = [
        { label: 'config.toml', args: ['exec', 'hi'], expected: 'gpt-5.3-codex' },
        { label: '-m before exec', args: ['-m', 'gpt-5.4', 'exec', 'hi'], expected: 'gpt-5.4' },
        { label: '-mVALUE after the prompt', args: ['exec', 'hi', '-mgpt-5.4'], expected: 'gpt-5.4' },
        { label: '--model=VALUE, alias e', args: ['e', '--model=gpt-5.4', 'hi'], expected: 'gpt-5.4' },
        { label: '-c with TOML', args: ['exec', '-c', 'model="gpt-5.4"', 'hi'], expected: 'gpt-5.4' },
        {
          label: '-c with a bare string, before exec',
          args: ['-c', 'model=gpt-5.4', 'exec', 'hi'],
          expected: 'gpt-5.4',
        },
        {
          label: '-m wins over -c',
          args: ['exec', '-c', 'model=gpt-5.2', '-m', 'gpt-5.4', 'hi'],
          expected: 'gpt-5.4',
        },
        { label: '-- ends flags', args: ['exec', '-m', 'gpt-5.4', '--', 'hi'], expected: 'gpt-5.4' },
        {
          label: '--enable and --disable',
          args: ['exec', '--enable', 'undo', '--disable', 'undo', '-mgpt-5.4', 'hi'],
          expected: 'gpt-5.4',
        },
        {
          label: 'hidden and old flags',
          args: ['exec', '--full-auto', '--experimental-json', '-m', 'gpt-5.4', 'hi'],
          expected: 'gpt-5.4',
        },
        {
          label: '-a and --search before exec',
          args: ['-a', 'never', '--search', 'exec', '-m', 'gpt-5.4', 'hi'],
          expected: 'gpt-5.4',
        },
      ];
      for (const { label, args, expected } of cases) {
        const got = await model(...args);
        check(`${label}: model ${expected}`, got === expected, got);
      }
    },
  },
  {
    name: 'wrong config',
    async run({ agent, check, start, place }) {
      const { requests } = start(done);
      const wrong = [
        { args: ['exec', '--enable', 'bogus', 'hi'], pattern: /Unknown feature flag: bogus/i },
        { args: ['exec', '-c', 'novalue', 'hi'], pattern: /novalue/ },
        { args: ['exec', '-c', 'sandbox_mode="bogus"', 'hi'], pattern: /bogus/ },
        { args: ['exec', '-p', 'missing-profile', 'hi'], pattern: /missing-profile/ },
      ];
      for (const { args, pattern } of wrong) {
        const { code, stdout, stderr } = await agent(args);
        check(`${args.slice(1, -1).join(' ')}: exit 1`, code === 1 && stdout === '' && pattern.test(stderr), {
          code,
          stdout,
          stderr,
        });
      }
      place.write('home/config.toml', 'model = [broken\n');
      const broken = await agent(['exec', 'hi']);
      check(
        'a broken config.toml: exit 1, names the file',
        broken.code === 1 && /config\.toml/.test(broken.stderr),
        broken.stderr,
      );
      check('none of these sent a request', requests.length === 0, requests.length);
    },
  },
  {
    name: 'profiles and -p',
    async run({ agent, check, better, start }) {
      const { requests } = start(done, '[profiles.fast]\nmodel = "gpt-5.4"\n');
      const last = () => requests.at(-1)?.body;
      await agent(['exec', '-p', 'fast', 'hi']);
      check('-p NAME with a prompt is a profile', last()?.model === 'gpt-5.4', last()?.model);
      const text = (body) => JSON.stringify(body?.input ?? '');
      const alone = await agent(['exec', '-p', 'Convert this to TypeScript'], { stdin: 'print(1)\n' });
      better(
        '-p TEXT alone is the prompt',
        alone.code === 0 &&
          text(last()).includes('Convert this to TypeScript\\n\\n<stdin>\\nprint(1)\\n</stdin>'),
        alone.stderr,
      );
      const piped = await agent(['exec', '-p', 'fast'], { stdin: 'from the pipe' });
      check(
        '-p NAME alone: the prompt is stdin',
        piped.code === 0 && last()?.model === 'gpt-5.4' && text(last()).includes('from the pipe'),
        piped.stderr,
      );
    },
  },
  {
    name: 'login',
    async run({ agent, check, place }) {
      place.write('home/config.toml', 'cli_auth_credentials_store = "file"\n');
      const status = () => agent(['login', 'status']);
      const before = await status();
      check(
        'status before: exit 1, on stderr',
        before.code === 1 && /Not logged in/.test(before.stderr),
        before,
      );
      const empty = await agent(['login', '--with-api-key'], { stdin: '' });
      check('an empty key: exit 1', empty.code === 1, empty);
      const key = 'sk-test-0123456789abcdef';
      const login = await agent(['login', '--with-api-key'], { stdin: `${key}\n` });
      check('a key on stdin: exit 0', login.code === 0 && /Successfully logged in/.test(login.stderr), login);
      const file = join(place.home, 'auth.json');
      const stored = JSON.parse(readFileSync(file, 'utf8'));
      check('auth.json holds the key', stored.OPENAI_API_KEY === key, Object.keys(stored));
      check('auth.json is private', (statSync(file).mode & 0o777) === 0o600, statSync(file).mode.toString(8));
      const after = await status();
      check(
        'status after: exit 0, key masked',
        after.code === 0 && /API key/.test(after.stderr) && !after.stderr.includes(key),
        after,
      );
      const out = await agent(['logout']);
      check('logout: exit 0', out.code === 0, out);
      check('status after logout: exit 1', (await status()).code === 1, '');
      check('logout twice: exit 0', (await agent(['logout'])).code === 0, '');
      const argument = await agent(['login', '--api-key', 'x']);
      check(
        '--api-key X: exit 1, says how',
        argument.code === 1 && /--with-api-key/.test(argument.stderr),
        argument,
      );
    },
  },
  {
    name: 'features and completion',
    async run({ agent, check, place }) {
      place.write('home/config.toml', '# kept\nmodel = "gpt-5.4"\n');
      const list = await agent(['features', 'list']);
      const rows = list.stdout.trim().split('\n');
      check(
        'features list: name, stage, state',
        list.code === 0 &&
          rows.length > 10 &&
          rows.every((row) => /^\S+\s+\S.*\s(true|false)$/.test(row.trim())),
        rows.slice(0, 3),
      );
      const on = await agent(['features', 'enable', 'undo']);
      const config = place.read('home/config.toml');
      check(
        'features enable writes config.toml and keeps comments',
        on.code === 0 && /undo = true/.test(config) && /# kept/.test(config),
        config,
      );
      const bogus = await agent(['features', 'enable', 'bogus']);
      check(
        'features enable of an unknown one: exit 1',
        bogus.code === 1 && /Unknown feature flag: bogus/i.test(bogus.stderr),
        bogus,
      );
      for (const shell of ['bash', 'zsh', 'fish', 'powershell', 'elvish']) {
        const { code, stdout } = await agent(['completion', shell]);
        check(`completion ${shell}`, code === 0 && stdout.includes('exec'), stdout.slice(0, 100));
      }
    },
  },
  {
    name: 'apply_patch as a command',
    async run({ agent, check, place }) {
      const patch = (name) => `*** Begin Patch\n*** Add File: ${name}\n+hello\n*** End Patch`;
      const flag = await agent(['--codex-run-as-apply-patch', patch('a.txt')]);
      check('hidden flag: applied, exit 0', flag.code === 0 && place.read('work/a.txt') === 'hello\n', flag);
      check(
        'hidden flag: the summary of changes',
        /Success\. Updated the following files:\nA a\.txt\n/.test(flag.stdout),
        flag.stdout,
      );
      const bad = await agent(['--codex-run-as-apply-patch', 'nonsense']);
      check('not a patch: exit 1', bad.code === 1 && bad.stderr !== '', bad);
      // Only a real executable sees the name it was called by; a script sees its interpreter's.
      const file = process.env.AGENT_BIN;
      if (file.startsWith('[') || readFileSync(file).subarray(0, 2).toString() === '#!') return;
      symlinkSync(file, place.path('apply_patch'));
      const { execFileSync } = await import('node:child_process');
      execFileSync(place.path('apply_patch'), [patch('b.txt')], {
        cwd: place.work,
        env: { ...process.env, CODEX_HOME: place.home, HOME: place.user },
      });
      check(
        'called as apply_patch: applied',
        place.read('work/b.txt') === 'hello\n',
        place.read('work/b.txt'),
      );
    },
  },
];
