// How skua starts itself again, and that the C library is reached where it can be.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBun } from '../../scripts/run.mjs';
import { openLibc } from '../../src/lib/runtime/ffi.ts';
import { describeRuntime, selfCommand } from '../../src/lib/runtime/runtime.ts';

const bun: string | null = findBun();

test.skipIf(process.versions['bun'] !== undefined)('on Node the runtime and the script start it', () => {
  expect(describeRuntime()).toMatchObject({ name: 'node', compiled: false });
  const command = selfCommand(['a', 'b']);
  expect(command[0]).toBe(process.execPath);
  expect(command.slice(-3)).toEqual([process.argv[1], 'a', 'b']);
});

test.skipIf(bun === null)('on Bun the untrusted folder is not read for settings', () => {
  const script = JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'lib', 'runtime', 'runtime.ts'));
  const code = `const { selfCommand } = await import(${script}); process.argv[1] = ${script}; console.log(JSON.stringify(selfCommand(['x'])))`;
  const command = JSON.parse(execFileSync(bun ?? '', ['-e', code], { encoding: 'utf8' })) as string[];
  expect(command).toContain('--no-env-file');
  expect(command).toContain('--config=/dev/null');
  expect(command.at(-1)).toBe('x');
});

test('without a way to call C the reason is named', () => {
  const opened = openLibc();
  if ('unavailable' in opened) expect(opened.unavailable).toMatch(/koffi|no C library calls/);
  else expect(opened.libc.syscall(39)).toBe(process.arch === 'x64' ? process.pid : expect.anything());
});
