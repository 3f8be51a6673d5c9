CREATE TABLE "clerk"."user_updates" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "clerk"."user_updates_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" text NOT NULL,
	"action" text DEFAULT 'update' NOT NULL,
	"request" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"metadata_mode" text DEFAULT 'replace' NOT NULL,
	"force" boolean DEFAULT false NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lease_until" timestamp with time zone,
	"calls" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"error" jsonb,
	"error_property" text,
	"message_id" text,
	"from_trigger" boolean DEFAULT false NOT NULL,
	"requested_by" text DEFAULT current_user NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "user_updates_action_check" CHECK ("clerk"."user_updates"."action" in ('update', 'ban', 'unban', 'lock', 'unlock', 'delete', 'set_primary_email')),
	CONSTRAINT "user_updates_metadata_mode_check" CHECK ("clerk"."user_updates"."metadata_mode" in ('replace', 'merge')),
	CONSTRAINT "user_updates_state_check" CHECK ("clerk"."user_updates"."state" in ('pending', 'sending', 'succeeded', 'rejected', 'cancelled'))
);
--> statement-breakpoint
CREATE INDEX "user_updates_unsettled_idx" ON "clerk"."user_updates" USING btree ("user_id","id") WHERE "clerk"."user_updates"."state" in ('pending', 'sending');--> statement-breakpoint
CREATE INDEX "user_updates_from_trigger_idx" ON "clerk"."user_updates" USING btree ("user_id","created_at") WHERE "clerk"."user_updates"."from_trigger";--> statement-breakpoint
CREATE INDEX "user_updates_rejected_idx" ON "clerk"."user_updates" USING btree ("settled_at") WHERE "clerk"."user_updates"."state" = 'rejected';--> statement-breakpoint
-- The secrets of a request, each replaced. Their names stay, so that everybody can see what was asked for.
create function clerk.erase_request_secrets(request jsonb) returns jsonb
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select request || coalesce(jsonb_object_agg(name, '[erased]'), '{}')
  from unnest(array['password', 'password_digest', 'totp_secret', 'backup_codes']) as name
  where request ? name
$$;

-- Whether Clerk is known to take digests of this hasher. A new one may come at any time, so the others are not refused.
create function clerk.is_known_hasher(hasher text) returns boolean
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select hasher in (
    'argon2i', 'argon2id', 'awscognito', 'bcrypt', 'bcrypt_peppered', 'bcrypt_sha256_django', 'ldap_ssha', 'md5',
    'md5_phpass', 'md5_salted', 'pbkdf2_sha1', 'pbkdf2_sha256', 'pbkdf2_sha256_django', 'pbkdf2_sha512',
    'pbkdf2_sha512_hex', 'phpass', 'scrypt_firebase', 'scrypt_werkzeug', 'sha256', 'sha256_salted', 'sha512_symfony')
$$;

-- What is wrong with a request, as a sentence that names the property and never quotes its value. Null: nothing is.
create function clerk.find_request_fault(action text, request jsonb) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  rules constant jsonb := case action
    when 'update' then '{
      "external_id": "text", "first_name": "text", "last_name": "text", "username": "text", "locale": "text",
      "primary_email_address_id": "text", "primary_phone_number_id": "text", "primary_web3_wallet_id": "text",
      "notify_primary_email_address_changed": "flag", "profile_image_id": "text",
      "password": "password", "password_digest": "digest", "password_hasher": "digest",
      "skip_password_checks": "flag", "sign_out_of_other_sessions": "flag",
      "totp_secret": "text", "backup_codes": "codes",
      "public_metadata": "object", "private_metadata": "object", "unsafe_metadata": "object",
      "delete_self_enabled": "flag", "create_organization_enabled": "flag", "create_organizations_limit": "limit",
      "legal_accepted_at": "time", "skip_legal_checks": "flag", "created_at": "time", "bypass_client_trust": "flag"
    }'
    when 'set_primary_email' then '{"email_address": "address", "notify_primary_email_address_changed": "flag"}'
    else '{}'
  end;
  date_time constant text :=
    '^(?!0000)([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$';
  name text;
  value jsonb;
  rule text;
  found text;
  must text;
  parts text[];
begin
  if jsonb_typeof(request) <> 'object' then
    return 'request must be an object, such as {"first_name": "Ada"}.';
  end if;
  for name, value in select each.key, each.value from jsonb_each(request) as each loop
    rule := rules ->> name;
    found := jsonb_typeof(value);
    if rule is null then
      return case
        when action in ('update', 'set_primary_email')
        then format('request.%s is not a property that the action %s takes.', left(name, 63), action)
        else format('request must be {} for the action %s, and has the property %s.', action, left(name, 63))
      end;
    end if;
    if found = 'null' then
      continue when rule not in ('digest', 'codes', 'address');
      return format('request.%s must not be null.', name);
    end if;
    must := case
      when rule in ('text', 'password', 'digest', 'address', 'time') and found <> 'string' then 'a text'
      when rule = 'flag' and found <> 'boolean' then 'true, false'
      when rule = 'limit' and found <> 'number' then 'a number'
      when rule = 'object' and found <> 'object' then 'an object'
      when rule = 'codes' and found <> 'array' then 'a list of texts'
    end;
    if must is not null then
      return format(
        'request.%s must be %s%s, and is %s.', name, must,
        case when rule not in ('digest', 'codes', 'address') then ' or null' end,
        case found
          when 'string' then 'a text' when 'number' then 'a number' when 'boolean' then 'true or false'
          when 'array' then 'a list' else 'an object'
        end);
    end if;
    if rule = 'time' then
      parts := regexp_match(value #>> '{}', date_time);
      if parts is null or parts[3]::int not between 1 and extract(
        day from make_date(parts[1]::int, parts[2]::int, 1) + interval '1 month - 1 day') then
        return format('request.%s must be a time as in RFC 3339, such as "2026-01-31T12:00:00Z".', name);
      end if;
    elsif rule = 'limit' and (value #>> '{}') !~ '^[0-9]+$' then
      return format('request.%s must be a whole number, 0 or more.', name);
    elsif rule = 'codes' and jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string")') then
      return format('request.%s must be a list of texts, and one of them is no text.', name);
    elsif rule = 'address' and (value #>> '{}') !~ '^[^\s@]+@[^\s@]+$' then
      return format('request.%s must be an e-mail address.', name);
    end if;
  end loop;
  return case
    when action = 'update' and request = '{}' then 'request must have at least one property.'
    when action = 'set_primary_email' and not request ? 'email_address' then 'request.email_address is missing.'
    when request ? 'password_digest' and not request ? 'password_hasher'
      then 'request.password_digest needs request.password_hasher.'
    when request ? 'password_hasher' and not request ? 'password_digest'
      then 'request.password_hasher needs request.password_digest.'
    when request ->> 'skip_password_checks' is not null and request ->> 'password' is null
      then 'request.skip_password_checks needs request.password.'
    when request ->> 'sign_out_of_other_sessions' is not null and request ->> 'password' is null
      then 'request.sign_out_of_other_sessions needs request.password.'
    when char_length(request ->> 'password') < 8 and request -> 'skip_password_checks' is distinct from 'true'
      then 'request.password must have at least 8 characters, unless request.skip_password_checks is true.'
  end;
end
$$;

-- Checks a new request, puts it in order and gives it its beginning, whoever inserts it. It runs with the rights of the
-- owner, so that the right to insert is enough. It names no schema, so that the schema can be renamed.
create function clerk.accept_user_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  faulty text;
  fault text;
  -- After so many requests a transaction locks all users at once: a server has little room for locks.
  most_locks constant int := 500;
  locked int := coalesce(substring(current_setting('clerk_sync.locked_users', true) from '^[0-9]{1,6}$')::int, 0);
  -- "clerk" in ASCII, cut to four bytes.
  lock_class constant int := 1668048242;
begin
  perform set_config('search_path', format('pg_catalog, %I, pg_temp', tg_table_schema), true);
  if new.user_id is null or new.user_id !~ '^[A-Za-z0-9_-]{1,255}$' or new.user_id in ('count', 'ban', 'unban') then
    faulty := 'user_id';
    fault := 'user_id must be the id of a user at Clerk, such as "user_29w83sxmDNGwOuEthce5gg56FcC".';
  elsif new.action is null
    or new.action not in ('update', 'ban', 'unban', 'lock', 'unlock', 'delete', 'set_primary_email') then
    faulty := 'action';
    fault := 'action must be update, ban, unban, lock, unlock, delete or set_primary_email.';
  elsif new.metadata_mode is null or new.metadata_mode not in ('replace', 'merge') then
    faulty := 'metadata_mode';
    fault := 'metadata_mode must be replace or merge.';
  elsif new.force is null then
    faulty := 'force';
    fault := 'force must be true or false.';
  elsif new.request is null then
    faulty := 'request';
    fault := 'request must be an object, such as {"first_name": "Ada"}.';
  else
    faulty := 'request';
    -- A copy of a settled request would otherwise set this very text as the password.
    select coalesce(
      min(format('request.%s was erased when its request was settled. Give it again.', secret.key)),
      find_request_fault(new.action, new.request))
    into fault
    from jsonb_each(case jsonb_typeof(new.request) when 'object' then erase_request_secrets(new.request) end) as secret
    where secret.value = '"[erased]"' and new.request -> secret.key = secret.value;
  end if;
  if fault is not null then
    raise check_violation using
      message = fault, column = faulty, table = tg_table_name, schema = tg_table_schema,
      hint = 'docs/user-updates.md lists the actions, their properties and the rules.';
  end if;
  if not is_known_hasher(new.request ->> 'password_hasher') then
    raise warning 'request.password_hasher is none of those that Clerk is known to take. It is sent as it is.';
  end if;

  -- The lock first, then the id: another transaction gets an id for this user only after this one has ended.
  if locked < most_locks then
    perform pg_advisory_xact_lock_shared(lock_class, 0), pg_advisory_xact_lock(hashtextextended(new.user_id, lock_class));
  elsif locked = most_locks then
    perform pg_advisory_xact_lock(lock_class, 0);
  end if;
  if locked <= most_locks then
    perform set_config('clerk_sync.locked_users', (locked + 1)::text, true);
  end if;
  new.id := nextval(pg_get_serial_sequence(format('%I.%I', tg_table_schema, tg_table_name), 'id'));

  new.state := 'pending';
  new.attempts := 0;
  new.next_attempt_at := now();
  new.lease_until := null;
  new.calls := '[]';
  new.error := null;
  new.error_property := null;
  new.message_id := null;
  new.created_at := now();
  new.settled_at := null;
  new.from_trigger := pg_trigger_depth() > 1;
  if new.from_trigger and 10 <= (
    select count(*) from user_updates u
    where u.user_id = new.user_id and u.from_trigger and u.created_at > now() - interval '10 minutes'
      and not (u.state = 'rejected' and u.error @> '[{"code": "update_loop"}]')
  ) then
    new.state := 'rejected';
    new.settled_at := now();
    new.request := erase_request_secrets(new.request);
    new.error := jsonb_build_array(jsonb_build_object('code', 'update_loop', 'message',
      'Triggers have inserted 10 requests for this user in the last 10 minutes. This one is not sent, since it looks like a loop.'));
  else
    perform pg_notify('clerk_user_updates', '');
  end if;
  return new;
end
$$;

-- Whoever settles a request, and in whatever way: its secrets go in the same statement.
create function clerk.settle_user_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform set_config('search_path', format('pg_catalog, %I, pg_temp', tg_table_schema), true);
  new.request := erase_request_secrets(new.request);
  new.lease_until := null;
  new.settled_at := coalesce(new.settled_at, now());
  return new;
end
$$;

create trigger accept_user_update before insert on clerk.user_updates
for each row execute function clerk.accept_user_update();

create trigger settle_user_update before update on clerk.user_updates
for each row when (new.state in ('succeeded', 'rejected', 'cancelled'))
execute function clerk.settle_user_update();

comment on trigger accept_user_update on clerk.user_updates is 'clerk-sync: checks a new request, gives it its place in the order, and limits what triggers may insert.';
comment on trigger settle_user_update on clerk.user_updates is 'clerk-sync: erases the secrets of a request that is settled.';
comment on function clerk.accept_user_update() is 'Checks a new request, gives it its place in the order, and limits what triggers may insert.';
comment on function clerk.settle_user_update() is 'Erases the secrets of a request that is settled.';
comment on function clerk.find_request_fault(text, jsonb) is 'What is wrong with a request, as a sentence that quotes no value. Null: nothing.';
comment on function clerk.is_known_hasher(text) is 'Whether Clerk is known to take digests of this hasher.';
comment on function clerk.erase_request_secrets(jsonb) is 'A request with "[erased]" in place of each secret.';
