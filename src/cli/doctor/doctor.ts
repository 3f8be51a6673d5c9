import { type Diagnosis, runDoctor } from '../../doctor/run-doctor.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { formatJson } from '../output/format-values.ts';
import { formatDiagnosis } from './format-diagnosis.ts';
import { openExamined } from './open-examined.ts';

/** The flags of `doctor`. */
export interface DoctorCommandOptions {
  json?: boolean;
}

const EXIT_CODES: Readonly<Record<Diagnosis['status'], ExitCode>> = { ok: 0, warning: 3, failed: 1 };

/** `doctor`: runs all checks and prints what each has found. A broken configuration is one of its findings. */
export async function doctor(options: DoctorCommandOptions, context: CommandContext): Promise<ExitCode> {
  const examined = await openExamined(context);
  let diagnosis: Diagnosis;
  try {
    diagnosis = await runDoctor(examined.options);
  } finally {
    await examined.close();
  }
  context.stdout(options.json === true ? formatJson(diagnosis) : formatDiagnosis(diagnosis, context.width));
  return EXIT_CODES[diagnosis.status];
}
