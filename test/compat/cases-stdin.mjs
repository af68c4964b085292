// Checks of what is read from stdin and what the model gets of it.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { say } from './scripted-responses.mjs';

/** The last user text of the newest request. */
function lastUserText(requests) {
  const messages = (requests.at(-1)?.body.input ?? []).filter(
    (one) => one.type === 'message' && one.role === 'user',
  );
  return (
    messages
      .at(-1)
      ?.content.map((part) => part.text ?? '')
      .join('') ?? null
  );
}

const ADDITIONAL = 'Reading additional input from stdin...';
const PROMPT = 'Reading prompt from stdin...';

/** [label, args, stdin, expected user text, pattern on stderr or null] */
const table = [
  ['prompt and data', ['P'], 'data\n', 'P\n\n<stdin>\ndata\n</stdin>', ADDITIONAL],
  ['prompt and data without a newline', ['P'], 'data', 'P\n\n<stdin>\ndata\n</stdin>', ADDITIONAL],
  ['prompt and an empty pipe', ['P'], '', 'P', null],
  ['prompt and a blank pipe', ['P'], '  \n', 'P', null],
  ['prompt and /dev/null', ['P'], 'null', 'P', null],
  ['prompt and a closed descriptor', ['P'], 'closed', 'P', null],
  ['- takes stdin as it is', ['-'], 'one\ntwo\n\n', 'one\ntwo\n\n', null],
  ['no prompt', [], 'one\ntwo\n', 'one\ntwo\n', PROMPT],
  ['UTF-8 with a mark', ['-'], Buffer.from([0xef, 0xbb, 0xbf, 0x61]), 'a', null],
  [
    'UTF-16LE with a mark',
    ['-'],
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('é', 'utf16le')]),
    'é',
    null,
  ],
  ['UTF-16BE with a mark', ['-'], Buffer.from([0xfe, 0xff, 0x00, 0xe9]), 'é', null],
];

/** [label, args, stdin, pattern on stderr] */
const refusals = [
  ['an empty pipe and no prompt', [], '', /No prompt provided via stdin\./],
  ['a blank pipe and no prompt', [], ' \n\t\n', /No prompt provided via stdin\./],
  ['/dev/null and no prompt', [], 'null', /No prompt provided via stdin\./],
  ['a closed descriptor and no prompt', [], 'closed', /No prompt provided via stdin\./],
  ['an empty pipe and -', ['-'], '', /No prompt provided via stdin\./],
  [
    'invalid UTF-8 as the prompt',
    ['-'],
    Buffer.from([0x61, 0x62, 0xff]),
    /not valid UTF-8 \(invalid byte at offset 2\)/,
  ],
  [
    'invalid UTF-8 beside a prompt',
    ['P'],
    Buffer.from([0x61, 0xc3, 0x28]),
    /not valid UTF-8 \(invalid byte at offset 1\)/,
  ],
  ['one character too many', ['-'], 'x'.repeat(1_048_577), /maximum length of 1048576 characters/],
  ['50 MB', ['-'], Buffer.alloc(50 << 20, 120), /maximum length of 1048576 characters/],
];

const examples = [
  {
    line: 'cat file.py | skua exec -p "Convert this Python to TypeScript"',
    prompt: 'Convert this Python to TypeScript',
    data: 'print(1)',
  },
  {
    line: 'git diff --staged | skua exec -p "Write a conventional commit message for these changes"',
    prompt: 'Write a conventional commit message for these changes',
    data: '+print(1)',
  },
  {
    line: 'tail -100 app.log | skua exec -p "Analyze error patterns and infer root causes"',
    prompt: 'Analyze error patterns and infer root causes',
    data: 'ERROR two',
  },
  {
    line: 'find src -name "*.js" -exec cat {} + | skua exec -p "Convert to ESM imports"',
    prompt: 'Convert to ESM imports',
    data: 'require',
  },
];

export const stdinCases = [
  {
    name: 'stdin that is read',
    async run({ agent, check, start }) {
      const { requests } = start([say('done')]);
      for (const [label, args, stdin, expected, note] of table) {
        const { code, stderr } = await agent(['exec', ...args], { stdin });
        const got = lastUserText(requests);
        check(label, code === 0 && got === expected, { code, got, stderr });
        if (note) check(`${label}: says so on stderr`, stderr.includes(note), stderr);
      }
      const longest = 'x'.repeat(1_048_576);
      const { code } = await agent(['exec', '-'], { stdin: longest });
      check('1,048,576 characters pass', code === 0 && lastUserText(requests) === longest, code);
    },
  },
  {
    name: 'stdin that is refused',
    async run({ agent, check, better, start }) {
      const { requests } = start([say('done')]);
      for (const [label, args, stdin, pattern] of refusals) {
        const { code, stdout, stderr } = await agent(['exec', ...args], { stdin });
        check(`${label}: exit 1, said on stderr`, code === 1 && stdout === '' && pattern.test(stderr), {
          code,
          stdout,
          stderr,
        });
      }
      check('no request was sent', requests.length === 0, requests.length);
      const blank = await agent(['exec', '']);
      better('an empty prompt and no data: refused', blank.code === 1 && requests.length === 0, blank);
    },
  },
  {
    name: 'stdin that nobody writes',
    async run({ agent, better, start }) {
      const { requests } = start([say('done')]);
      const open = await agent(['exec', 'P'], { stdin: 'silent', limitMs: 8000 });
      better(
        'a silent pipe beside a prompt: goes on, and says so',
        open.code === 0 && lastUserText(requests) === 'P' && /stdin/.test(open.stderr),
        open,
      );
      const ignored = await agent(['exec', '--stdin=ignore', 'P'], { stdin: 'silent', limitMs: 8000 });
      better('--stdin=ignore does not read', ignored.code === 0 && !/Reading/.test(ignored.stderr), ignored);
      const required = await agent(['exec', '--stdin=require', 'P'], { stdin: '' });
      better('--stdin=require wants data', required.code === 1 && /require/.test(required.stderr), required);
    },
  },
  {
    name: 'stdin and resume',
    async run({ agent, check, better, start }) {
      const { requests } = start([say('first'), say('second'), say('third')]);
      await agent(['exec', 'start']);
      await agent(['exec', 'resume', '--last', '-'], { stdin: 'from stdin\n' });
      check(
        'resume --last -: stdin is the prompt',
        lastUserText(requests) === 'from stdin\n',
        lastUserText(requests),
      );
      await agent(['exec', 'resume', '--last', 'P'], { stdin: 'data\n' });
      const text = lastUserText(requests);
      check('resume --last PROMPT: the prompt is sent', text?.startsWith('P'), text);
      better('resume --last PROMPT: piped data is not lost', text === 'P\n\n<stdin>\ndata\n</stdin>', text);
    },
  },
  {
    name: 'examples, word for word',
    async run({ better, check, shell, start, place }) {
      const { requests } = start([say('done')]);
      place.write('work/file.py', 'print(1)\n');
      place.write('work/app.log', 'ERROR one\nERROR two\n');
      mkdirSync(place.path('work/src'));
      place.write('work/src/a.js', "const fs = require('fs');\n");
      execFileSync('git', ['-C', place.work, 'add', 'file.py']);
      for (const { line, prompt, data } of examples) {
        const seen = requests.length;
        const named = await shell(line);
        const text = requests.length > seen ? lastUserText(requests) : null;
        const isRight = named.code === 0 && text?.startsWith(`${prompt}\n\n<stdin>\n`) && text.includes(data);
        better(line, isRight, { text, stderr: named.stderr });
        const positional = line.replace(' -p ', ' ');
        const plain = await shell(positional);
        const other = lastUserText(requests);
        check(
          positional,
          plain.code === 0 && other?.startsWith(`${prompt}\n\n<stdin>\n`) && other.includes(data),
          other,
        );
      }
    },
  },
];
