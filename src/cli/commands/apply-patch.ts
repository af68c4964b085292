// The stand-alone `apply_patch` command: called by that name, or through the hidden flag.
import type { SandboxPolicy } from '../../protocol/sandbox.ts';
import { openFileAccess } from '../../sandbox/files.ts';
import { runApplyPatchCommand } from '../../tools/patch/run-command.ts';
import { processOutput } from '../output.ts';
import { readBytes } from '../stdin-bytes.ts';
import { openStdin } from '../stdin-source.ts';

const MAX_PATCH_BYTES = 256 * 1024 * 1024;

/** Gives the exit code. Whoever calls this is fenced in already, or is a person: no policy of its own. */
export async function runApplyPatch(argv: readonly string[]): Promise<number> {
  const output = processOutput();
  const cwd = process.cwd();
  const written: Promise<void>[] = [];
  const code = await runApplyPatchCommand({
    argv,
    cwd,
    stdin: () => readBytes(openStdin(), MAX_PATCH_BYTES),
    files: openFileAccess(() => noFence(cwd), { tmpdir: null }),
    stdout: (text) => void written.push(output.out(text)),
    stderr: (text) => output.err(text),
  });
  await Promise.all(written);
  return code;
}

function noFence(cwd: string): SandboxPolicy {
  return {
    mode: 'danger-full-access',
    workspace: cwd,
    writableRoots: [],
    writableTmp: { tmpdir: true, slashTmp: true },
    denyRead: [],
    protectedPaths: [],
    network: 'open',
  };
}
