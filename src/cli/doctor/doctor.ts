import { type Diagnosis, runDoctor } from '../../doctor/run-doctor.ts';
import { localizeCommands } from '../output/localize-commands.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { formatDiagnosis } from './format-diagnosis.ts';
import { openExamined } from './open-examined.ts';

/** The options of `doctor`. */
export interface DoctorCommandOptions {
  json?: boolean;
}

const EXIT_CODES: Readonly<Record<Diagnosis['status'], ExitCode>> = { ok: 0, warning: 3, failed: 1 };

/** `doctor`: runs all checks and prints what each has found. A wrong configuration is one of its findings. */
export async function doctor(options: DoctorCommandOptions, context: CommandContext): Promise<ExitCode> {
  const examined = await openExamined(context);
  let diagnosis: Diagnosis;
  try {
    diagnosis = localize(await runDoctor(examined.options), context.invocation);
  } finally {
    await examined.close();
  }
  printAnswer(context, options, { json: () => diagnosis, text: () => formatDiagnosis(diagnosis, context.width) });
  return EXIT_CODES[diagnosis.status];
}

/** With commands that can be typed here, also for `--json`, and before lines are wrapped. */
function localize(diagnosis: Diagnosis, invocation: string): Diagnosis {
  return JSON.parse(localizeCommands(JSON.stringify(diagnosis), invocation));
}
