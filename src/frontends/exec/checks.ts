// What can be told to be wrong before a request is made: the folder, the schema file, the output path, the images.
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../protocol/error.ts';
import type { JsonSchema } from '../../protocol/model.ts';

/** Refuses to work outside a repository unless somebody said that this is meant. */
export function checkFolder(input: {
  cwd: string;
  isInsideRepository: boolean;
  isTrusted: boolean;
  isWaived: boolean;
}): void {
  if (input.isInsideRepository || input.isTrusted || input.isWaived) return;
  throw new UsageError(
    `Not inside a trusted directory and --skip-git-repo-check was not specified.\n${input.cwd} is no git repository, so changes could not be undone. Run in a repository, or add --skip-git-repo-check.`,
  );
}

export function readOutputSchema(path: string, base: string): JsonSchema {
  const file = resolve(base, path);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Failed to read output schema file ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Output schema file ${file} is not valid JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new UsageError(`Output schema file ${file} must hold a JSON object (a JSON Schema).`);
  }
  return schema as JsonSchema;
}

/** Throws when the file for the last message could not be written at the end of the run. */
export function checkOutputPath(path: string, base: string): string {
  const file = resolve(base, path);
  const explain = (reason: string): UsageError =>
    new UsageError(`--output-last-message ${file} cannot be written: ${reason}. Nothing was run.`);
  let exists = false;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw explain('it is a folder');
    exists = true;
  } catch (error) {
    if (error instanceof UsageError) throw error;
  }
  try {
    accessSync(exists ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw explain((error as Error).message);
  }
  return file;
}

export function checkImages(images: readonly string[], base: string): string[] {
  return images.map((image) => {
    const file = resolve(base, image);
    try {
      accessSync(file, constants.R_OK);
    } catch (error) {
      throw new UsageError(`The image ${file} cannot be read: ${(error as Error).message}`, { cause: error });
    }
    return file;
  });
}
