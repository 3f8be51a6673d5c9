#!/usr/bin/env node
import { askAtTerminal } from './cli/program/ask-at-terminal.ts';
import { describeOldNode } from './cli/program/describe-old-node.ts';
import { runCli } from './cli/program/run-cli.ts';
import { findInvocation, isRunByNpm, loadConfig, loadEnvFile } from './config/config.ts';
import { endWithParent } from './service/end-with-parent.ts';

// A reader such as `head` closes the pipe when it has enough: that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(
    `clerk-sync: The output can't be written (${error.code}). Check the disk, or the program that reads it.\n`,
  );
  process.exit(1);
});

const refusal = describeOldNode(process.versions.node);
if (refusal !== undefined) {
  process.stderr.write(refusal);
  process.exit(2);
}

if (isRunByNpm()) endWithParent();

process.exitCode = await runCli(process.argv.slice(2), {
  loadConfig: (options) => {
    loadEnvFile();
    return loadConfig(undefined, options);
  },
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  stdin: process.stdin,
  ask: process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : undefined,
  progress: process.stderr.isTTY ? process.stderr : undefined,
  width: process.stdout.isTTY ? process.stdout.columns : undefined,
  invocation: findInvocation(process.argv[1] ?? ''),
});
