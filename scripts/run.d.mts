// Types of run.mjs, for the tests that start a runtime themselves.
export function findBun(): string | null;
export function findNode(): string | null;
export function runTool(argv: readonly string[], options?: object): Promise<number>;
