import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
}

/** Every process of the machine that still runs: a zombie, whose parent has not asked for its end, does not. */
export async function listProcesses(): Promise<RunningProcess[]> {
  const lines = process.platform === 'linux' ? await readProc() : await runPs('pid=,ppid=,stat=');
  return lines
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

/** The command lines of the processes in which a text occurs, such as the path of a directory that they work on. */
export async function findCommandLines(text: string): Promise<string[]> {
  if (process.platform !== 'linux')
    return (await runPs('args=')).map((words) => words.join(' ')).filter((line) => line.includes(text));
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.replaceAll('\0', ' ')).filter((line) => line.includes(text));
}

/** Small Linux images have no `ps`. The second field of `stat` is the name, in parentheses, and may hold anything. */
async function readProc(): Promise<string[][]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)));
  return stats.flatMap((stat, place) => {
    if (stat === undefined) return [];
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [[pids[place] ?? '', parent, state]];
  });
}

async function runPs(columns: string): Promise<string[][]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', columns]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
}

/** Open TCP sockets of this process. */
export function countSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}
