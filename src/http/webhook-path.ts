/** Where webhooks are delivered to. By itself, so that what only tells of it loads nothing that serves. */
export const WEBHOOK_PATH = '/webhooks/clerk';
