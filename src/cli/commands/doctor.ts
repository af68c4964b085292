// `doctor`: checks this installation and says what to do about what is wrong. Makes no network request.
import { checkAll, type Check } from '../doctor-checks.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { readVersion } from '../version.ts';

type Doctor = Extract<Invocation, { command: 'doctor' }>;

/** Exit code 1 when something is broken; warnings alone are 0. */
export async function doctorCommand(doctor: Doctor, output: Output): Promise<number> {
  const version = readVersion();
  const checks = await checkAll({ config: doctor.config, version, env: process.env, cwd: process.cwd() });
  const isOk = checks.every((check) => check.status !== 'broken');
  if (doctor.json) {
    await output.out(`${JSON.stringify({ version, ok: isOk, checks }, null, 2)}\n`);
  } else {
    const text = checks.map((check) => render(check, { brief: doctor.summary })).join('');
    const count = (status: Check['status']): number => checks.filter((one) => one.status === status).length;
    await output.out(
      `skua ${version}\n\n${text}\n${count('ok')} ok, ${count('warning')} warnings, ${count('broken')} broken\n`,
    );
  }
  return isOk ? 0 : 1;
}

const MARKS = { ok: 'ok     ', warning: 'warning', broken: 'BROKEN ' } as const;

function render(check: Check, { brief }: { brief: boolean }): string {
  const lines = [`${MARKS[check.status]}  ${check.name.padEnd(9)} ${check.summary}`];
  if (!brief) lines.push(...check.details.map((detail) => `${' '.repeat(19)}${detail}`));
  return `${lines.join('\n')}\n`;
}
