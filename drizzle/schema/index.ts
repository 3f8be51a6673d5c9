export * from './active-users.ts';
export * from './children.ts';
export { clerk } from './clerk-schema.ts';
export * from './messages.ts';
export * from './relations.ts';
export * from './runs.ts';
export * from './user-update-limits.ts';
export * from './user-updates.ts';
export * from './users.ts';
