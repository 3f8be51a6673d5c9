/** Reads a variable of the environment, or says which one is missing. */
export function requireVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`Set the variable ${name}.`);
  return value;
}
