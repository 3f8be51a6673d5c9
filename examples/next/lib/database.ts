import * as schema from 'clerk-sync/schema';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { requireVariable } from '@/lib/require-variable';

export const database = drizzle(postgres(requireVariable('DATABASE_URL'), { max: 1 }), { schema });
