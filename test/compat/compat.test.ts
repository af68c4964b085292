// The compat script against skua itself, from source: everything that is not a listed difference must hold.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBun } from '../../scripts/run.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

test.runIf(findBun())('skua behaves like Codex where it is meant to', { timeout: 120_000 }, async () => {
  const agent = JSON.stringify([findBun(), join(ROOT, 'src', 'main.ts')]);
  const output = await new Promise<string>((resolve) => {
    const script = join(ROOT, 'test', 'compat', 'compat.mjs');
    const options = { env: { ...process.env, AGENT_BIN: agent }, maxBuffer: 1 << 26 };
    execFile(process.execPath, [script], options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  const failures = output.split('\n').filter((line) => line.startsWith('FAIL'));
  expect(failures).toEqual([]);
  expect(output).toMatch(
    /skua \S+: \d+ of \d+ checks passed, \d+ known differences, 0 unexpected failures\n$/,
  );
});
