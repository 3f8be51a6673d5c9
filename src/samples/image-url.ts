/** Clerk's image addresses end in base64 of a JSON object that names the image. */
export function imageUrl(description: Record<string, string>): string {
  return `https://img.clerk.com/${Buffer.from(JSON.stringify(description)).toString('base64url')}`;
}
