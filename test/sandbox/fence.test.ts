// Escapes from both Linux fences, tried for real, and the ordinary work that must go on inside them.
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FenceJob, FenceResult } from './fence-driver.ts';
import { findProtectionGaps } from '../../src/sandbox/protection-gaps.ts';
import { protectedPathsFor } from '../../src/sandbox/protected-paths.ts';
import { git, makeRepository, makeScratch, RUNTIMES, runFence } from './run-driver.ts';

const tiers = ['A', 'B'] as const;
const reasons = new Map<string, string>();

for (const tier of tiers) {
  if (process.platform !== 'linux' || RUNTIMES.bun === null) {
    reasons.set(tier, 'needs Linux and Bun');
    continue;
  }
  const result = await runFence({ tier, workspace: '/', mode: 'read-only', script: 'true' });
  if (result.code !== 0)
    reasons.set(tier, result.unavailable?.map(({ reason }) => reason).join(' ') ?? 'failed');
}
for (const [tier, reason] of reasons) console.warn(`sandbox tier ${tier} is not tested here: ${reason}`);

const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

const python = (code: string) => `${PYTHON} -c '${code}'`;

function fileAttacks(workspace: string, outside: string) {
  return {
    direct: `echo x > ${outside}/new`,
    overwrite: `echo x > ${outside}/victim`,
    symlink: 'echo x > link/new',
    ownSymlink: `ln -s ${outside} own && echo x > own/new`,
    hardLink: `ln ${outside}/victim ${workspace}/alias && echo x > ${workspace}/alias`,
    truncate: python(`import os; os.truncate("${outside}/victim", 0)`),
    rename: `mv ${outside}/victim ${workspace}/stolen && mv ${workspace}/stolen ${outside}/victim`,
    delete: `rm ${outside}/victim`,
    moveWorkspace: `mv ${workspace} ${workspace}.moved && mv ${workspace}.moved ${workspace}`,
  };
}

/** Live ones: each succeeds without a fence, as the last test of this file shows. */
function networkAttacks(at: { port: number; socket: string; abstract: string }) {
  return {
    tcp: python(`import socket; socket.create_connection(("127.0.0.1", ${at.port}), 2)`),
    unix: python(`import socket; socket.socket(socket.AF_UNIX).connect("${at.socket}")`),
    unixDatagramPair: python(
      `import socket; a,b=socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.connect("${at.socket}.d")`,
    ),
    abstract: python(`import socket; socket.socket(socket.AF_UNIX).connect("\\0${at.abstract}")`),
    netlink: python('import socket; socket.socket(16, socket.SOCK_RAW, 4)'),
  };
}

/** Live for every user; the rest of the kernel's surface wants privileges before it can be shown. */
function processAttacks(pid: number) {
  return {
    environment: `head -c1 /proc/${pid}/environ`,
    signal: `kill -0 ${pid}`,
    keyring: python('import ctypes; exit(ctypes.CDLL(None).syscall(250, 0, -3, 0, 0, 0) < 0)'),
    clone: python('import ctypes; exit(ctypes.CDLL(None).unshare(0x10000000) < 0)'),
  };
}

async function listen(folder: string, name: string) {
  const socket = join(folder, 'socket');
  const abstract = `skua-test-${process.pid}-${name}`;
  const serve = () => createServer((connection) => connection.on('error', () => {}).end('reached'));
  const [tcp, unix, hidden] = [serve(), serve(), serve()];
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => unix.listen(socket, resolve));
  await new Promise<void>((resolve) => hidden.listen(`\0${abstract}`, resolve));
  const datagram = spawn(PYTHON, [
    '-c',
    `import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("${socket}.d"); print("up", flush=True); sys.stdin.read()`,
  ]);
  await new Promise((resolve) => datagram.stdout.once('data', resolve));
  return {
    port: (tcp.address() as { port: number }).port,
    socket,
    abstract,
    close: () => {
      datagram.stdin.end();
      for (const server of [tcp, unix, hidden]) server.close();
    },
  };
}

function listCommands(): string[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readFileSync(`/proc/${name}/cmdline`, 'latin1')] : [];
    } catch {
      return [];
    }
  });
}

/** Runs each attack alone; returns the names of those that succeeded. */
async function tryAll(
  attacks: Record<string, string>,
  run: (script: string) => Promise<FenceResult>,
): Promise<string[]> {
  const script = Object.entries(attacks)
    .map(([name, attack]) => `( ${attack}\n) >/dev/null 2>&1 && echo "ESCAPED ${name}"`)
    .join('\n');
  const result = await run(`${script}\necho finished`);
  expect(result.output).toContain('finished');
  return [...(result.output ?? '').matchAll(/^ESCAPED (.*)$/gm)].map((match) => match[1] as string);
}

describe.each(tiers)('tier %s', (tier) => {
  const skip = reasons.has(tier);
  let scratch: ReturnType<typeof makeScratch>;
  let count = 0;
  let workspace = '';
  let outside = '';

  beforeAll(() => {
    scratch = makeScratch();
  });
  afterAll(() => scratch.remove());
  beforeEach(() => {
    count += 1;
    workspace = join(scratch.path, `ws${count}`);
    outside = join(scratch.path, `outside${count}`);
    if (!skip) makeRepository(workspace);
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'intact');
  });

  const run = (script: string, job: Partial<FenceJob> = {}): Promise<FenceResult> =>
    runFence({ tier, workspace, script, ...job });
  const attempt = (attacks: Record<string, string>, job: Partial<FenceJob> = {}): Promise<string[]> =>
    tryAll(attacks, (script) => run(script, job));

  test.skipIf(skip)('writes stay inside the workspace', async () => {
    symlinkSync(outside, join(workspace, 'link'));
    const escaped = await attempt(
      {
        ...fileAttacks(workspace, outside),
        etc: 'echo x >> /etc/hosts',
        home: 'touch "$HOME/.skua-escape"',
      },
      { env: { HOME: outside } },
    );
    expect(escaped).toEqual([]);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('intact');
    expect(readdirSync(outside)).toEqual(['victim']);
  });

  test.skipIf(skip)('read-only mode writes nowhere', async () => {
    const escaped = await attempt(
      {
        workspace: 'echo x > new',
        tmp: 'touch /tmp/skua-ro-escape',
        git: 'git commit -q --allow-empty -m x',
      },
      { mode: 'read-only' },
    );
    expect(escaped).toEqual([]);
    expect(existsSync(join(workspace, 'new'))).toBe(false);
  });

  test.skipIf(skip)('protected names end up unchanged, existing and missing', async () => {
    mkdirSync(join(workspace, '.claude'));
    writeFileSync(join(workspace, '.claude', 'settings.json'), '{}');
    const config = readFileSync(join(workspace, '.git', 'config'), 'utf8');
    const hooks = readdirSync(join(workspace, '.git', 'hooks'));
    await run(`
      echo x > .claude/settings.json; echo x > .claude/new; rm -rf .claude; mv .claude .c2
      mkdir -p .codex .agents .gemini .skua; for d in .codex .agents .gemini .skua; do echo x > $d/evil; done
      echo '{}' > .mcp.json
      echo x > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
      git config core.fsmonitor evil; echo '[core] fsmonitor = evil' >> .git/config
      printf '[core]\\nfsmonitor=evil\\n' > .git/config.worktree
      mkdir evil; echo ../evil > .git/commondir
      echo '* filter=evil' > .git/info/attributes
      mv .git/hooks .git/hooks2; mv .git/config .git/config2; rm -rf .git/hooks .git/config
    `);
    expect(readFileSync(join(workspace, '.claude', 'settings.json'), 'utf8')).toBe('{}');
    expect(existsSync(join(workspace, '.claude', 'new'))).toBe(false);
    for (const name of ['.codex', '.agents', '.gemini', '.skua', '.mcp.json']) {
      expect(existsSync(join(workspace, name)), name).toBe(false);
    }
    expect(readFileSync(join(workspace, '.git', 'config'), 'utf8')).toBe(config);
    const after = readdirSync(join(workspace, '.git', 'hooks')).filter(
      (name) => !name.includes('.replaced-'),
    );
    expect(after.toSorted()).toEqual(hooks.toSorted());
    for (const name of ['commondir', 'config.worktree', 'info/attributes', 'skua-mounts']) {
      expect(existsSync(join(workspace, '.git', name)), name).toBe(false);
    }
  });

  test.skipIf(skip || tier === 'B')('protected names cannot even be changed for a moment', async () => {
    mkdirSync(join(workspace, '.claude'));
    const escaped = await attempt({
      hook: 'echo x > .git/hooks/pre-commit',
      config: 'git config a.b c',
      configAppend: 'echo >> .git/config',
      commondir: 'echo ../x > .git/commondir',
      worktreeConfig: 'echo > .git/config.worktree',
      attributes: 'echo > .git/info/attributes',
      moveGit: 'mv .git .git2',
      moveHooks: 'mv .git/hooks .git/h2',
      removeConfig: 'rm -f .git/config && ! test -e .git/config',
      existing: 'echo x > .claude/x',
      moveExisting: 'mv .claude .c2',
      missing: 'echo x > .codex/x',
      makeMissing: 'mkdir .agents',
      mcp: 'echo x > .mcp.json',
    });
    expect(escaped).toEqual([]);
  });

  test.skipIf(skip)('leaves nothing behind, also beside a stand-in of a killed process', async () => {
    mkdirSync(join(workspace, '.codex', '.skua-mount-999999-1'), { recursive: true });
    const before = git(workspace, 'status', '--porcelain');
    const result = await run('git status --porcelain; echo done > new && rm new');
    expect(result.output).toBe('');
    expect(git(workspace, 'status', '--porcelain')).toBe(before);
    if (tier === 'A') expect(existsSync(join(workspace, '.codex'))).toBe(false);
    expect(readdirSync(workspace).filter((name) => !['.codex', '.git', 'file'].includes(name))).toEqual([]);
  });

  test.skipIf(skip)(
    'git commit works in the workspace, in a subfolder, a worktree and a submodule',
    async () => {
      const commit = 'echo two >> file && git add file && git commit -qm second && git log --format=%s -1';
      expect((await run(commit)).output).toBe('second\n');
      mkdirSync(join(workspace, 'sub'));
      const inSub = await run('echo x > f && git add f && git commit -qm third && git log --format=%s -1', {
        workspace: join(workspace, 'sub'),
      });
      expect(inSub.output).toBe('third\n');
      const worktree = `${workspace}-wt`;
      git(workspace, 'worktree', 'add', '-q', worktree, '-b', 'side');
      const inWorktree = await run(commit.replace('second', 'fourth'), { workspace: worktree });
      expect(inWorktree.output).toBe('fourth\n');
      await run(`echo x > ${workspace}/.git/hooks/evil; echo x > ${workspace}/file`, { workspace: worktree });
      expect(existsSync(join(workspace, '.git', 'hooks', 'evil'))).toBe(false);
      expect(readFileSync(join(workspace, 'file'), 'utf8')).not.toBe('x\n');
      const upper = `${workspace}-super`;
      makeRepository(upper);
      git(upper, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', workspace, 'mod');
      git(join(upper, 'mod'), 'config', 'user.email', 'a@localhost');
      git(join(upper, 'mod'), 'config', 'user.name', 'a');
      const inModule = await run(`cd mod && ${commit.replace('second', 'fifth')}`, { workspace: upper });
      expect(inModule.output).toBe('fifth\n');
      await run('echo x > .git/modules/mod/hooks/evil; echo >> .git/modules/mod/config', {
        workspace: upper,
      });
      expect(existsSync(join(upper, '.git/modules/mod/hooks/evil'))).toBe(false);
      const onlyModule = await run(commit.replace('second', 'sixth'), { workspace: join(upper, 'mod') });
      expect(onlyModule.output).toBe('sixth\n');
    },
  );

  test.skipIf(skip)('a forged .git pointer opens no other folder', async () => {
    const foreign = join(scratch.path, `foreign${count}`);
    makeRepository(foreign);
    git(foreign, 'worktree', 'add', '-q', `${foreign}-wt`, '-b', 'side');
    for (const target of [
      join(foreign, '.git'),
      join(foreign, '.git', 'worktrees', `foreign${count}-wt`),
      outside,
    ]) {
      const forged = join(scratch.path, `forged${count}-${target.length}`);
      mkdirSync(forged);
      writeFileSync(join(forged, '.git'), `gitdir: ${target}\n`);
      await run(`echo x > ${target}/evil; echo x > ${foreign}/.git/evil`, { workspace: forged });
      expect(existsSync(join(target, 'evil'))).toBe(false);
      expect(existsSync(join(foreign, '.git', 'evil'))).toBe(false);
    }
  });

  test.skipIf(skip)('the network is off', async () => {
    const listeners = await listen(outside, `${tier}${count}`);
    const escaped = await attempt({
      ...networkAttacks(listeners),
      udp: python(
        'import socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("192.0.2.1", 53)); s.send(b"x")',
      ),
      vsock: python('import socket; socket.socket(40, socket.SOCK_STREAM)'),
      packet: python('import socket; socket.socket(17, socket.SOCK_RAW)'),
      audit: python('import socket; socket.socket(16, socket.SOCK_RAW, 9)'),
      alg: python('import socket; socket.socket(38, socket.SOCK_SEQPACKET)'),
    });
    listeners.close();
    expect(escaped).toEqual([]);
  });

  test.skipIf(skip)('no way into other processes or the kernel', async () => {
    const escaped = await attempt({
      ...processAttacks(process.pid),
      ptrace: python(`import ctypes; exit(ctypes.CDLL(None).ptrace(16, ${process.pid}, 0, 0) != 0)`),
      memory: `head -c1 /proc/${process.pid}/mem`,
      corePattern: python('import os; os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))'),
      sysrq: python('import os; os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))'),
      userns: 'unshare -U true',
      usernsRoot: 'unshare -Ur true',
      clone3: python(
        'import ctypes; b=(ctypes.c_uint64*11)(); b[0]=0x10000000; b[4]=17; r=ctypes.CDLL(None).syscall(435, b, 88); exit(r < 0)',
      ),
      mount: 'mount -t tmpfs none /mnt',
      remount: 'mount -o remount,bind,rw /',
      ioUring: python(
        'import ctypes; exit(ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120)) < 0)',
      ),
      bpf: python(
        'import ctypes; exit(ctypes.CDLL(None).syscall(321, 0, ctypes.create_string_buffer(120), 120) < 0)',
      ),
      userfault: python('import ctypes; exit(ctypes.CDLL(None).syscall(323, 1) < 0)'),
      modules: python(
        'import ctypes; l=ctypes.CDLL(None, use_errno=True); l.syscall(175, 0, 0, b""); exit(ctypes.get_errno() != 14)',
      ),
    });
    expect(escaped).toEqual([]);
  });

  test.skipIf(skip)('descriptors, secrets of the launcher and daemons', async () => {
    const marker = `97${process.pid}${count}`;
    const result = await run(
      `ls -l /proc/self/fd | wc -l; env; setsid sleep ${marker} >/dev/null 2>&1 & sleep 0.1; echo end`,
      {
        env: { MINE: 'visible', LD_LIBRARY_PATH: '/nonexistent', SSH_AUTH_SOCK: '/tmp/agent' },
      },
    );
    expect(result.output).toContain('MINE=visible');
    expect(result.output).toContain('LD_LIBRARY_PATH=/nonexistent');
    expect(result.output).not.toContain('SSH_AUTH_SOCK');
    expect(result.output).not.toContain('VITEST');
    // 0, 1, 2, the listing itself, and the line "total".
    expect(result.output).toMatch(/^5$/m);
    if (tier === 'A') {
      expect(listCommands()).not.toContain(`sleep\0${marker}\0`);
    }
  });

  test.skipIf(skip)('paths on the deny_read list cannot be read', async () => {
    writeFileSync(join(workspace, 'secret'), 'TOPSECRET');
    const result = await run(
      `cat secret; cat ${outside}/victim; ls ${outside}; ln -s secret s2; cat s2; cat file; mv secret moved; cat moved`,
      { denyRead: [join(workspace, 'secret'), outside] },
    );
    expect(result.output).not.toContain('TOPSECRET');
    expect(result.output).not.toContain('intact');
    expect(result.output).toContain('one');
  });

  test.skipIf(skip)('a terminal works, and its input queue is out of reach', async () => {
    const tiocsti = python('import fcntl,sys; [fcntl.ioctl(0, 0x5412, c.encode()) for c in "x"]');
    const result = await run(
      `tty; ${tiocsti} 2>/dev/null && echo ESCAPED; stty size; read line; echo "got $line"`,
      {
        terminal: true,
        answer: { when: '24 80', text: 'hello\n' },
      },
    );
    expect(result.output).toContain('24 80');
    expect(result.output).toContain('got hello');
    expect(result.output).not.toContain('ESCAPED');
  });

  test.skipIf(skip)('Ctrl-C in a terminal reaches the command, which may go on', async () => {
    const result = await run('trap "echo caught; exit 7" INT; echo ready; while :; do sleep 0.1; done', {
      terminal: true,
      answer: { when: 'ready', text: '\u0003' },
    });
    expect(result).toMatchObject({ code: 7, output: expect.stringContaining('caught') });
  });

  test.skipIf(skip)('a polite signal reaches the command, and the hard one everything', async () => {
    const polite = await run('trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.1; done', {
      kill: { when: 'ready', signal: 'SIGTERM' },
    });
    expect(polite).toMatchObject({ code: 9, output: expect.stringContaining('caught') });
    const marker = `96${process.pid}${count}`;
    const hard = await run(`setsid sleep ${marker} & echo ready; sleep ${marker}`, {
      kill: { when: 'ready', signal: 'SIGKILL' },
    });
    expect(hard.signal).toBe('SIGKILL');
    const isGone = () => !listCommands().includes(`sleep\0${marker}\0`);
    await expect.poll(isGone, { timeout: 5000 }).toBe(true);
  });

  test.skipIf(skip)('a new repository: refused in tier A, kept in tier B only when it is plain', async () => {
    const fresh = join(scratch.path, `fresh${count}`);
    mkdirSync(fresh);
    const identity = '-c user.name=a -c user.email=a@localhost';
    const init = await run(`git init -q . && git ${identity} commit -q --allow-empty -m x`, {
      workspace: fresh,
    });
    expect(init.code === 0).toBe(tier === 'B');
    expect(existsSync(join(fresh, '.git'))).toBe(tier === 'B');
    const evil = join(scratch.path, `evil${count}`);
    mkdirSync(evil);
    await run('git init -q . && git config core.fsmonitor evil', { workspace: evil });
    expect(existsSync(join(evil, '.git'))).toBe(false);
  });

  test.skipIf(skip)('ordinary work goes on', async () => {
    const result = await run(`set -e
      ${process.execPath} -e 'console.log("node", require("child_process").execSync("echo child").toString().trim())'
      ${PYTHON} -c 'import multiprocessing as m
def f(x): return x*x
if __name__ == "__main__":
  print("pool", sum(m.get_context("fork").Pool(2).map(f, range(4))))'
      git status --short | cat; echo a | tr a b; cat <<X
heredoc
X
      echo tmp > /tmp/skua-work-$$ && cat /tmp/skua-work-$$ && rm /tmp/skua-work-$$
      echo x > /dev/null; echo y > /dev/stdout
      touch newfile && mkdir -p d/e && mv newfile d/e/ && rm -r d
      tar cf - file | tar tf -
      sleep 0.01 & wait; echo finished`);
    expect(result.code).toBe(0);
    for (const text of ['node child', 'pool 14', 'b\n', 'heredoc', 'tmp', 'y\n', 'file', 'finished']) {
      expect(result.output).toContain(text);
    }
  });

  test.skipIf(skip || tier === 'B')('servers and Unix sockets inside one command work', async () => {
    const result = await run(`${process.execPath} -e '
      const http = require("http"), net = require("net");
      const s = http.createServer((q, r) => r.end("served")).listen(0, "127.0.0.1", async () => {
        const r = await fetch("http://localhost:" + s.address().port); console.log("tcp", await r.text()); s.close();
      });
      const u = net.createServer((c) => c.end("x")).listen("u.sock", () => net.connect("u.sock").on("data", () => {
        console.log("unix ok"); u.close();
      }));'`);
    expect(result.output).toContain('tcp served');
    expect(result.output).toContain('unix ok');
  });

  test.skipIf(skip || tier === 'B')('a swapped link at a protected name is put back', async () => {
    mkdirSync(join(workspace, 'shared'));
    symlinkSync('shared', join(workspace, '.claude'));
    await run('rm .claude && mkdir .claude && echo x > .claude/evil; echo x > shared/evil');
    expect(readdirSync(join(workspace, '.claude'))).toEqual([]);
    expect(existsSync(join(workspace, 'shared', 'evil'))).toBe(false);
  });

  test.skipIf(skip)('a hard link made before is the limit that the report names', async () => {
    linkSync(join(workspace, '.git', 'config'), join(workspace, 'alias'));
    const { output } = await run('test -e alias && echo there');
    expect(output).toBe('there\n');
    const policy = {
      mode: 'workspace-write',
      workspace,
      writableRoots: [],
      writableTmp: { tmpdir: false, slashTmp: false },
      denyRead: [],
      protectedPaths: protectedPathsFor([workspace], '/nonexistent'),
      network: 'off',
    } as const;
    expect(findProtectionGaps(policy)).toEqual([expect.stringMatching(/config has 2 names/)]);
  });

  test.runIf(!skip && tier === 'A' && process.getuid?.() === 0)(
    'root works in a workspace of somebody else, and nowhere else',
    async () => {
      chownSync(workspace, 65_533, 65_533);
      chmodSync(workspace, 0o700);
      const result = await run('echo x > new && cat new; grep CapEff /proc/self/status');
      expect(result.output).toMatch(/^x\nCapEff:\s*0000000000000002\n$/);
      const escaped = await attempt({
        direct: `echo x > ${outside}/victim`,
        etc: 'echo x >> /etc/hosts',
        hook: 'echo x > .git/hooks/x',
        corePattern: python('import os; os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))'),
        chown: 'chown 65533 new',
        remount: 'mount -o remount,bind,rw /',
        ...processAttacks(process.pid),
      });
      expect(escaped).toEqual([]);
    },
  );

  test.skipIf(skip)('a policy that needs a proxy is refused', async () => {
    await expect(run('true', { network: 'proxy' as 'off' })).rejects.toThrow(/proxy/);
  });
});

describe.skipIf(process.platform !== 'linux' || RUNTIMES.bun === null)('without a fence', () => {
  test('the same attacks succeed, so the tests above can fail', async () => {
    const scratch = makeScratch();
    const workspace = join(scratch.path, 'ws');
    const outside = join(scratch.path, 'outside');
    mkdirSync(workspace);
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'intact');
    symlinkSync(outside, join(workspace, 'link'));
    const listeners = await listen(outside, 'control');
    try {
      const attacks = {
        ...networkAttacks(listeners),
        ...processAttacks(process.pid),
        ...fileAttacks(workspace, outside),
      };
      // A machine that forbids user namespaces forbids this one by itself.
      const { clone, ...live } = attacks;
      const escaped = await tryAll({ clone, ...live }, (script) =>
        runFence({ tier: 'A', workspace, mode: 'danger-full-access', script }),
      );
      expect(escaped.filter((name) => name !== 'clone')).toEqual(Object.keys(live));
    } finally {
      listeners.close();
      scratch.remove();
    }
  });
});
