import { clerkSync } from '@/lib/clerk-sync';

export const POST = clerkSync.fetch;
