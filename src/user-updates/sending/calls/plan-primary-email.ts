import type { ApiUser } from '../../../clerk/api/clerk-api.ts';
import type { Attempt } from '../attempt.ts';
import type { UpdateCall } from '../claimed-update.ts';
import type { Step } from './plan-steps.ts';
import { readBody } from './read-body.ts';

/** What is read of a user. Clerk may leave out any of it. */
interface EmailUser {
  readonly primary_email_address_id?: string | null;
  readonly email_addresses?: readonly {
    readonly id: string;
    readonly email_address?: string;
    readonly verification?: { readonly status?: string } | null;
  }[];
}

interface EmailRequest {
  readonly email_address: string;
  readonly notify_primary_email_address_changed?: boolean | null;
}

/** What the two calls need to know. */
interface Scene {
  readonly userId: string;
  readonly request: EmailRequest;
  readonly calls: readonly UpdateCall[];
  readonly user: EmailUser;
}

/**
 * The calls that give a user, as Clerk has it now, another primary e-mail address: add it as verified and primary, or make
 * the one that is there so; then drop the old one.
 */
export function planPrimaryEmail(
  { update: { userId, request }, calls }: Pick<Attempt, 'update' | 'calls'>,
  user: ApiUser,
): Step[] {
  const scene: Scene = {
    ...{ userId, calls },
    request: readBody<EmailRequest>(request),
    user: readBody<EmailUser>(user.readBody()),
  };
  const wanted = findEmail(scene.user, scene.request.email_address);
  const replaced = calls.findLast(({ replaces }) => replaces !== undefined)?.replaces;
  const primary = scene.user.primary_email_address_id ?? undefined;
  const old = replaced ?? (primary === wanted?.id ? undefined : primary);
  const set = { ...planSet(scene, wanted), ...(old !== undefined && { replaces: old }) };
  return old === undefined ? [set] : [set, planDrop(scene, old)];
}

function planSet({ userId, request, calls, user }: Scene, wanted: ReturnType<typeof findEmail>): Step {
  const { email_address, notify_primary_email_address_changed: notify } = request;
  const flags = {
    verified: true,
    primary: true,
    ...(typeof notify === 'boolean' && { notify_primary_email_address_changed: notify }),
  };
  const isSet = wanted?.id === user.primary_email_address_id && wanted?.verification?.status === 'verified';
  // Whether a mail was sent is not seen anywhere.
  const otherwise = notify === true ? 'unknown' : 'not_applied';
  const check = () => (isSet ? 'applied' : otherwise);
  const isAdded = calls.some(({ call }) => call === 'add_email');
  if (wanted === undefined || (isSet && isAdded)) {
    const body = JSON.stringify({ user_id: userId, email_address, ...flags });
    const path = '/email_addresses';
    return { call: 'add_email', method: 'POST', path, hasOrders: false, check, send: ({ addEmail }) => addEmail(body) };
  }
  const [path, body] = [`/email_addresses/${wanted.id}`, JSON.stringify(flags)];
  const send: Step['send'] = ({ changeEmail }) => changeEmail(wanted.id, body);
  return { call: 'change_email', method: 'PATCH', path, hasOrders: false, check, send };
}

function planDrop({ user }: Scene, id: string): Step {
  const isThere = user.email_addresses?.some((email) => email.id === id) === true;
  return {
    ...{ call: 'drop_email', method: 'DELETE', path: `/email_addresses/${id}`, hasOrders: false },
    check: () => (isThere ? 'not_applied' : 'applied'),
    send: ({ dropEmail }) => dropEmail(id),
  };
}

/** Clerk writes addresses in lower case. */
function findEmail({ email_addresses: emails = [] }: EmailUser, address: string) {
  return emails.find((email) => email.email_address?.toLowerCase() === address.toLowerCase());
}
