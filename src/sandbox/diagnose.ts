// Turns a fence that did not start into its cause and the exact remedy. Reads the system, changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import type { SandboxUnavailable } from '../protocol/sandbox.ts';

/** Facts that decide between causes; read once, pure afterwards. */
export interface SystemFacts {
  /** Content of /proc/version. */
  version: string;
  apparmorRestricts: boolean;
  userNamespacesOff: boolean;
  /** True inside a container or under another program's seccomp filter. */
  isContained: boolean;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

export function readSystemFacts(): SystemFacts {
  const status = read('/proc/self/status');
  return {
    version: read('/proc/version'),
    apparmorRestricts: read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1',
    userNamespacesOff:
      read('/proc/sys/kernel/unprivileged_userns_clone') === '0' ||
      read('/proc/sys/user/max_user_namespaces') === '0',
    isContained:
      /^Seccomp:\s*2/m.test(status) || existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
  };
}

export function isWsl1(version: string): boolean {
  return /microsoft/i.test(version) && !/WSL2|microsoft-standard/i.test(version);
}

const INSTALL_REMEDY =
  'Install it: apt-get install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora), pacman -S bubblewrap (Arch), apk add bubblewrap (Alpine).';

const APPARMOR_REMEDY =
  'Allow it for bwrap alone: sudo apt-get install apparmor-profiles && sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict. Do not switch the restriction off for everybody.';

export function explainMissingBwrap(missing: string): SandboxUnavailable {
  return { reason: missing, remedy: INSTALL_REMEDY };
}

/** `output`: what bwrap printed. */
export function explainBwrapFailure(output: string, facts: SystemFacts): SandboxUnavailable {
  const said = output.trim().split('\n').at(-1) ?? '';
  const quote = said === '' ? '' : ` (${said.slice(0, 200)})`;
  if (isWsl1(facts.version)) {
    return {
      reason: `WSL 1 has no namespaces, so bubblewrap cannot work${quote}.`,
      remedy: 'Convert the distribution: wsl --set-version NAME 2 (in PowerShell).',
    };
  }
  if (/unknown option|unrecognized option/i.test(said)) {
    return { reason: `bubblewrap is too old${quote}.`, remedy: 'Install bubblewrap 0.5 or newer.' };
  }
  if (facts.apparmorRestricts && /RTM_NEWADDR|uid map|permission|not permitted|namespace/i.test(said)) {
    return {
      reason: `AppArmor keeps bubblewrap from using user namespaces${quote}.`,
      remedy: APPARMOR_REMEDY,
    };
  }
  if (facts.userNamespacesOff) {
    return {
      reason: `User namespaces are switched off on this machine${quote}.`,
      remedy:
        'Ask the administrator for kernel.unprivileged_userns_clone=1 or user.max_user_namespaces > 0, as the distribution provides.',
    };
  }
  if (facts.isContained) {
    return {
      reason: `The container does not let bubblewrap make namespaces${quote}.`,
      remedy:
        'Start the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or let skua use Landlock, which needs neither.',
    };
  }
  return {
    reason: `bubblewrap does not work here${quote}.`,
    remedy: 'Run "bwrap --unshare-all --ro-bind / / true" to see why.',
  };
}

export function explainLandlockFailure(detail: string): SandboxUnavailable {
  return {
    reason: `Landlock does not work here: ${detail}`,
    remedy: 'Use Linux 6.2 or newer with "landlock" in the lsm= list of the kernel, and the skua executable.',
  };
}
