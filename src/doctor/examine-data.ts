import type { ClerkAnswers } from './ask-clerk.ts';
import type { Check, Finding } from './check.ts';
import { checkMixture } from './check-instance.ts';
import { checkProperties } from './check-properties.ts';
import { checkSizes, checkVacuum } from './check-tables.ts';
import { checkUserCount } from './check-users.ts';
import type { Examination } from './examination.ts';
import { countInstances, NO_ANSWER, readValue } from './examine-clerk.ts';
import type { DatabaseFacts } from './gather-facts.ts';
import { EXTRA_TABLES, type UnmappedProperty } from './survey-properties.ts';

/** What is stored, and how it lies there. */
export async function examineData({ options, run, getDatabase, getAnswers }: Examination): Promise<Check[]> {
  return [
    await run('instances', async () => {
      const answers = await getAnswers().catch(() => undefined);
      return checkMixture(await countInstances(getDatabase()), readValue(answers?.instance), options.command);
    }),
    await run('users', async () => examineUsers(await getAnswers(), getDatabase(), options.command)),
    await run('properties', async () => checkProperties(await findProperties(getDatabase()))),
    await run('sizes', async () => checkSizes(await getDatabase().schema())),
    await run('vacuum', async () => {
      const { server, schema } = getDatabase();
      return checkVacuum(await schema(), (await server()).autovacuum);
    }),
  ];
}

async function examineUsers(
  { users: atClerk, instance }: ClerkAnswers,
  { users }: DatabaseFacts,
  command: (line: string) => string,
): Promise<Finding> {
  if (atClerk.status === 'rejected') return NO_ANSWER;
  return checkUserCount(await users(), atClerk.value, readValue(instance)?.id, command);
}

/** One table after another: each has its own time. */
async function findProperties({ properties }: DatabaseFacts): Promise<UnmappedProperty[]> {
  const found: UnmappedProperty[] = [];
  for (const table of EXTRA_TABLES) found.push(...(await properties(table)));
  return found;
}
