// `login`, `login status` and `logout`.
import { loginStatus, loginWithApiKey, logout, type LoginResult } from '../../auth/login.ts';
import { loadExecSettings } from '../../frontends/exec/load-settings.ts';
import { UsageError } from '../../protocol/error.ts';
import type { Settings } from '../../protocol/settings.ts';
import { decodeText } from '../decode-text.ts';
import type { Invocation, LoginMethod } from '../invocation.ts';
import type { Output } from '../output.ts';
import { readBytes } from '../stdin-bytes.ts';
import { openStdin } from '../stdin-source.ts';

type Login = Extract<Invocation, { command: 'login' | 'login-status' | 'logout' }>;

const MAX_KEY_BYTES = 64 * 1024;
const PIPE_HINT = 'Pipe the key in: printenv OPENAI_API_KEY | skua login --with-api-key';

/** All texts go to stderr, as in Codex. */
export async function loginCommand(invocation: Login, output: Output): Promise<number> {
  const { env } = process;
  const { settings, warnings } = loadExecSettings(invocation.config, { env, cwd: process.cwd() });
  for (const warning of warnings) output.err(`warning: ${warning}\n`);
  const result = await carryOut(invocation, settings, output);
  output.err(`${[result.message, ...result.notes].join('\n')}\n`);
  return result.exitCode;
}

async function carryOut(invocation: Login, settings: Settings, output: Output): Promise<LoginResult> {
  switch (invocation.command) {
    case 'login-status':
      return loginStatus(settings, process.env);
    case 'logout':
      return logout(settings);
    case 'login':
      refuseMissing(invocation.method);
      return loginWithApiKey(settings, await readKey(output));
  }
}

function refuseMissing(method: LoginMethod): void {
  if (method === 'api-key-argument') {
    throw new UsageError(
      `--api-key is no longer supported: others on this machine can see arguments. ${PIPE_HINT}`,
    );
  }
  if (method !== 'api-key') {
    const what = {
      browser: 'login in the browser',
      device: '--device-auth',
      'access-token': '--with-access-token',
    };
    throw new UsageError(`${what[method]} is not in this version yet. ${PIPE_HINT}`, { exitCode: 2 });
  }
}

async function readKey(output: Output): Promise<string> {
  const source = openStdin();
  if (source.kind === 'terminal')
    throw new UsageError(`--with-api-key reads the key from stdin. ${PIPE_HINT}`);
  output.err('Reading API key from stdin...\n');
  const decoded = decodeText(await readBytes(source, MAX_KEY_BYTES));
  if (decoded.ok) return decoded.text;
  throw new UsageError(`stdin is not valid ${decoded.encoding}, so it holds no API key. ${PIPE_HINT}`);
}
