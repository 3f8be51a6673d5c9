import { readdirSync, readFileSync } from 'node:fs';

/** What a process, or a group of them, has used. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Resident now, in MiB. */
  readonly rssMiB: number;
}

/** Linux counts CPU time in hundredths of a second (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/** Reads what one process has used, from /proc; zero for one that is gone. */
export function readUsage(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0;
    // Fields 14 to 17 of proc(5): own and waited-for children's time, user and system.
    const ticks = [11, 12, 13, 14].reduce((sum, place) => sum + Number(fields[place]), 0);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, rssMiB: Number(rss) / 1024 };
  } catch {
    return { cpuSeconds: 0, rssMiB: 0 };
  }
}

/** Reads what a process and its living children have used together. */
export function readTreeUsage(pid: number): Usage {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && readParent(Number(name)) === pid);
  return [pid, ...children.map(Number)].map(readUsage).reduce((sum, usage) => ({
    cpuSeconds: sum.cpuSeconds + usage.cpuSeconds,
    rssMiB: sum.rssMiB + usage.rssMiB,
  }));
}

function readParent(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
