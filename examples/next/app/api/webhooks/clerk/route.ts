import { clerkSync } from '../../../../lib/clerk-sync.ts';

export const POST = clerkSync.fetch;
