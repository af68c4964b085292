// The table of all commands: everything skua understands on a command line.
import {
  CONTEXT_FLAGS,
  EXEC_CHILD_FLAGS,
  EXEC_FLAGS,
  INTERACTIVE_FLAGS,
  ONE_IMAGE,
  REVIEW_SCOPE_FLAGS,
} from './flags.ts';
import { PLANNED_COMMANDS } from './planned-commands.ts';
import type { CommandSpec, FlagSpec, PositionalSpec } from './spec.ts';

/** Key of the positional prompt; the flag `--prompt` has the key `prompt`. */
export const PROMPT_ARGUMENT = 'prompt argument';

const PROMPT: PositionalSpec = {
  name: PROMPT_ARGUMENT,
  label: 'PROMPT',
  help: 'What to do; read from stdin when it is - or missing',
};

const SESSION: PositionalSpec = {
  name: 'session',
  label: 'SESSION_ID',
  help: 'Id or name of a stored thread',
};

const LAST: FlagSpec = { name: 'last', help: 'Take the most recent thread' };
const ALL: FlagSpec = { name: 'all', help: 'Look at threads of every folder, not of this one alone' };

const RESUME_ABOUT = 'Go on with a stored thread';
const FORK_ABOUT = 'Start a new thread from a copy of a stored one';
const REVIEW_ABOUT = 'Review code changes';

const EXEC: CommandSpec = {
  name: 'exec',
  aliases: ['e'],
  about: 'Run one prompt without a terminal UI',
  more: 'The last message goes to stdout, everything else to stderr. Piped input is added to the prompt, or is the prompt when there is no other.',
  examples: [
    'skua exec "explain this repository"',
    'git diff --staged | skua exec -p "Write a conventional commit message for these changes"',
    'skua exec --json --sandbox workspace-write "fix the failing test"',
    'skua exec resume --last "now add a test for it"',
  ],
  positionals: [PROMPT],
  flags: EXEC_FLAGS,
  commands: [
    {
      name: 'resume',
      about: RESUME_ABOUT,
      positionals: [SESSION, PROMPT],
      flags: [LAST, ALL, ...EXEC_CHILD_FLAGS],
    },
    {
      name: 'fork',
      about: FORK_ABOUT,
      positionals: [SESSION, PROMPT],
      flags: [LAST, ALL, ...EXEC_CHILD_FLAGS],
    },
    {
      name: 'review',
      about: REVIEW_ABOUT,
      positionals: [{ ...PROMPT, help: 'What to review and how; read from stdin when it is -' }],
      flags: [...REVIEW_SCOPE_FLAGS, ...EXEC_CHILD_FLAGS],
    },
  ],
};

const LOGIN: CommandSpec = {
  name: 'login',
  about: 'Store credentials',
  examples: ['printenv OPENAI_API_KEY | skua login --with-api-key'],
  flags: [
    {
      name: 'with-api-key',
      help: 'Read an API key from stdin',
      conflicts: ['with-access-token', 'device-auth'],
    },
    {
      name: 'with-access-token',
      help: 'Read an access token from stdin (not in this version yet)',
      conflicts: ['device-auth'],
    },
    { name: 'device-auth', help: 'Log in with a code on another device (not in this version yet)' },
    {
      name: 'api-key',
      value: { label: 'API_KEY' },
      hidden: true,
      help: 'No longer supported: keys on a command line are seen by others',
    },
    { name: 'experimental_issuer', value: { label: 'URL' }, hidden: true, help: 'Login server' },
    { name: 'experimental_client-id', value: { label: 'ID' }, hidden: true, help: 'Client id' },
  ],
  commands: [{ name: 'status', about: 'Tell how skua is logged in' }],
};

const FEATURES: CommandSpec = {
  name: 'features',
  about: 'List and switch features',
  needsCommand: true,
  commands: [
    { name: 'list', about: 'List all features with stage and state', flags: CONTEXT_FLAGS },
    ...(['enable', 'disable'] as const).map((name) => ({
      name,
      about: `${name === 'enable' ? 'Switch a feature on' : 'Switch a feature off'} in config.toml`,
      positionals: [{ name: 'feature', label: 'FEATURE', help: 'Name of the feature', required: true }],
      flags: CONTEXT_FLAGS,
    })),
  ],
};

const DEBUG: CommandSpec = {
  name: 'debug',
  about: 'Look inside',
  needsCommand: true,
  commands: [
    {
      name: 'models',
      about: 'Print the model catalog as JSON',
      flags: [
        { name: 'bundled', help: 'Only what skua ships, without models of the config' },
        ...CONTEXT_FLAGS,
      ],
    },
    {
      name: 'prompt-input',
      about: 'Print what the model would read, as JSON',
      positionals: [PROMPT],
      flags: [ONE_IMAGE, ...CONTEXT_FLAGS],
    },
    { name: 'app-server', about: 'Talk to an app server', hidden: true, planned: '' },
  ],
};

const DOCTOR: CommandSpec = {
  name: 'doctor',
  about: 'Check this installation: runtime, home, config, login, sandbox',
  flags: [
    { name: 'json', help: 'Print the report as JSON' },
    { name: 'summary', help: 'Only one line per check' },
    ...CONTEXT_FLAGS,
    { name: 'all', hidden: true, help: 'Do not shorten long lists' },
    { name: 'no-color', hidden: true, help: 'No colours' },
    { name: 'ascii', hidden: true, help: 'No signs beyond ASCII' },
    {
      name: 'network-only',
      hidden: true,
      help: 'Only network checks',
      unavailable: 'doctor makes no network checks in this version.',
    },
  ],
};

export const ROOT: CommandSpec = {
  name: 'skua',
  about: 'A coding agent for the terminal',
  positionals: [{ ...PROMPT, help: 'What to start with' }],
  flags: INTERACTIVE_FLAGS,
  examples: ['skua exec "explain this repository"', 'skua doctor'],
  commands: [
    EXEC,
    {
      name: 'resume',
      about: RESUME_ABOUT,
      positionals: [SESSION, PROMPT],
      flags: [
        LAST,
        ALL,
        { name: 'include-non-interactive', help: 'Count headless threads too' },
        ...INTERACTIVE_FLAGS,
      ],
    },
    {
      name: 'fork',
      about: FORK_ABOUT,
      positionals: [SESSION, PROMPT],
      flags: [LAST, ALL, ...INTERACTIVE_FLAGS],
    },
    {
      name: 'review',
      about: REVIEW_ABOUT,
      positionals: [{ ...PROMPT, help: 'What to review and how; read from stdin when it is -' }],
      flags: [...REVIEW_SCOPE_FLAGS, ...EXEC_CHILD_FLAGS],
    },
    LOGIN,
    { name: 'logout', about: 'Remove stored credentials' },
    FEATURES,
    DOCTOR,
    DEBUG,
    {
      name: 'completion',
      about: 'Print a completion script for a shell',
      examples: ['skua completion bash > ~/.local/share/bash-completion/completions/skua'],
      positionals: [
        {
          name: 'shell',
          label: 'SHELL',
          help: 'Which shell; bash when left out',
          choices: ['bash', 'elvish', 'fish', 'powershell', 'zsh'],
        },
      ],
    },
    { name: 'update', about: 'Tell how to update skua the way it was installed' },
    ...PLANNED_COMMANDS,
  ],
};
