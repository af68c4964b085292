// A tiny npm registry on loopback: serves packages made by `npm pack`, so that npm resolves optional dependencies for real.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PublishedPackage {
  /** The content of its package.json; `name` and `version` are needed. */
  manifest: Record<string, unknown> & { name: string; version: string };
  /** Path of the .tgz; null for a package that is listed, but must never be downloaded here. */
  tarball: string | null;
}

export interface Registry extends AsyncDisposable {
  url: string;
  /** Paths that were asked for and are not there. */
  missed: string[];
}

/** Starts a registry that knows `packages` and nothing else. */
export async function startRegistry(packages: readonly PublishedPackage[]): Promise<Registry> {
  const missed: string[] = [];
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host ?? ''}`;
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const found = packages.find(({ manifest }) => manifest.name === path || fileOf(manifest) === path);
    if (!found || (fileOf(found.manifest) === path && found.tarball === null)) {
      missed.push(path);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
      return;
    }
    if (found.manifest.name === path) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(describePackage(found, url)));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.end(readFileSync(found.tarball ?? ''));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    missed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function fileOf(manifest: PublishedPackage['manifest']): string {
  return `${manifest.name}/-/${manifest.name}-${manifest.version}.tgz`;
}

function describePackage({ manifest, tarball }: PublishedPackage, url: string): unknown {
  const bytes = tarball === null ? Buffer.alloc(0) : readFileSync(tarball);
  const dist = {
    tarball: `${url}/${fileOf(manifest)}`,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
  };
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  };
}
