/** The path for webhooks. It has its own file, so that code that only names it does not load the server. */
export const WEBHOOK_PATH = '/webhooks/clerk';
