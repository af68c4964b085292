// Tells the program's hidden roles from ordinary command lines, before anything else is loaded.

/** Source: `LAUNCH_WORD` of the Landlock launcher; repeated here so that ordinary runs do not load it. */
const LANDLOCK_LAUNCH = '__landlock-launch';
/** Source: Codex 0.118. */
const APPLY_PATCH_FLAG = '--codex-run-as-apply-patch';

/**
 * Runs the program and gives its exit code. `argv0` is the name it was called by: as `apply_patch` it is only that
 * command. Throws what `runCommandLine` throws.
 */
export async function runProgram(argv0: string, argv: readonly string[]): Promise<number> {
  if (argv[0] === LANDLOCK_LAUNCH) {
    const { runLandlockLauncher } = await import('../sandbox/landlock-launch.ts');
    runLandlockLauncher(argv.slice(1));
  }
  const isPatchName = /(^|[\\/])apply_?patch(\.exe)?$/.test(argv0);
  if (isPatchName || argv[0] === APPLY_PATCH_FLAG) {
    const { runApplyPatch } = await import('./commands/apply-patch.ts');
    return runApplyPatch(isPatchName ? argv : argv.slice(1));
  }
  const { runCommandLine } = await import('./run.ts');
  return runCommandLine(argv);
}
