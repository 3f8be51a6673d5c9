/** What is done with one parameter of a connection string. */
interface Rule {
  /** The values that are accepted. Absent: any value. */
  readonly accepts?: RegExp;
  /** Completes "NAME in DATABASE_URL …": why another value, or the parameter itself, is refused. */
  readonly problem?: string;
}

const OBEYED: Rule = {};
const FLAG: Rule = { accepts: /^(?:true|false)$/, problem: 'must be true or false.' };
const COUNT: Rule = { accepts: /^-?\d{1,9}$/, problem: 'must be a whole number.' };
const TLS_VERSION: Rule = { accepts: /^TLSv1(?:\.[123])?$/, problem: 'must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3.' };

/** Accepted, but without effect here. The reason is beside each. */
const IGNORED: Rule = {};

function oneOf(...values: string[]): Rule {
  return { accepts: new RegExp(`^(?:${values.join('|')})$`), problem: `must be one of ${values.join(', ')}.` };
}

function only(accepts: RegExp, problem: string): Rule {
  return { accepts, problem };
}

function refused(advice: string): Rule {
  return { accepts: /^$/, problem: `is not supported. ${advice}` };
}

/**
 * Every parameter of libpq, and those that providers of Postgres and other drivers put into the strings that people copy.
 * postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
export const connectionParameters: Readonly<Record<string, Rule>> = {
  host: OBEYED,
  port: OBEYED,
  dbname: OBEYED,
  user: OBEYED,
  password: OBEYED,
  hostaddr: refused('Name the address as the host.'),
  passfile: refused('Put the password into DATABASE_URL or PGPASSWORD.'),
  service: refused('Put what the service file says into DATABASE_URL.'),
  servicefile: refused('Put what the service file says into DATABASE_URL.'),
  connect_timeout: COUNT,
  application_name: OBEYED,
  // The program has names of its own to fall back to.
  fallback_application_name: IGNORED,
  options: OBEYED,
  client_encoding: only(/^(?:auto|utf-?8|unicode)$/i, 'must be UTF8 or auto: everything from Clerk is UTF-8.'),
  replication: only(/^(?:false|off|no|0)$/, 'must be off: clerk-sync does not replicate.'),
  target_session_attrs: only(
    /^(?:any|read-write|primary)$/,
    'must be any, read-write or primary: clerk-sync writes, so a standby or a read-only server is of no use to it.',
  ),
  load_balance_hosts: only(/^disable$/, 'must be disable: hosts are tried in their order.'),

  sslmode: oneOf('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'),
  sslnegotiation: oneOf('postgres', 'direct'),
  sslrootcert: OBEYED,
  sslcert: OBEYED,
  sslkey: OBEYED,
  sslpassword: OBEYED,
  sslcrl: OBEYED,
  sslcrldir: refused('Put all revocation lists into one file, and name it in sslcrl.'),
  sslcertmode: only(/^(?:disable|allow)$/, 'must be disable or allow.'),
  ssl_min_protocol_version: TLS_VERSION,
  ssl_max_protocol_version: TLS_VERSION,
  sslsni: only(/^1$/, 'must be 1: the name of the host is always sent.'),
  sslkeylogfile: refused('Start Node with --tls-keylog in its place.'),
  // No TLS library compresses any more.
  sslcompression: IGNORED,
  requiressl: only(/^[01]$/, 'must be 0 or 1; better, write sslmode.'),
  channel_binding: oneOf('disable', 'prefer', 'require'),
  require_auth: refused('Ask for sslmode=verify-full instead, so that only the right server gets the password.'),
  requirepeer: refused('Protect the folder of the Unix socket instead.'),
  scram_client_key: refused('Use a password.'),
  scram_server_key: refused('Use a password.'),
  oauth_issuer: refused('Use a password or a client certificate.'),
  oauth_client_id: refused('Use a password or a client certificate.'),
  oauth_client_secret: refused('Use a password or a client certificate.'),
  oauth_scope: refused('Use a password or a client certificate.'),
  // Kerberos is not supported, so only a demand for it matters.
  gssencmode: only(/^(?:disable|prefer)$/, 'must be disable: use TLS instead, with sslmode.'),
  krbsrvname: IGNORED,
  gsslib: IGNORED,
  gssdelegation: IGNORED,
  // The driver uses version 3.0, which every server accepts.
  min_protocol_version: only(/^3\.0$/, 'must be 3.0.'),
  max_protocol_version: IGNORED,
  // The driver keeps connections alive, and the pool drops those that do not answer in time.
  keepalives: IGNORED,
  keepalives_idle: IGNORED,
  keepalives_interval: IGNORED,
  keepalives_count: IGNORED,
  tcp_user_timeout: IGNORED,

  // Drivers for Node.
  ssl: oneOf(
    'true',
    'false',
    '1',
    '0',
    'disable',
    'allow',
    'prefer',
    'require',
    'verify-ca',
    'verify-full',
    'no-verify',
  ),
  prepare: FLAG,
  uselibpqcompat: IGNORED,
  // The pool is clerk-sync's own: DATABASE_POOL_SIZE is its size.
  max: IGNORED,
  idle_timeout: IGNORED,
  max_lifetime: IGNORED,
  keep_alive: IGNORED,

  // Prisma, and with it Supabase.
  pgbouncer: FLAG,
  statement_cache_size: COUNT,
  sslaccept: oneOf('strict', 'accept_invalid_certs'),
  sslidentity: refused('Name the certificate and its key in sslcert and sslkey.'),
  // The schema of the application. The tables of clerk-sync have their own.
  schema: IGNORED,
  connection_limit: IGNORED,
  pool_timeout: IGNORED,
  socket_timeout: IGNORED,
  max_connection_lifetime: IGNORED,
  max_idle_connection_lifetime: IGNORED,
  single_use_connections: IGNORED,
  // Marks that Vercel's integration of Supabase leaves.
  supa: IGNORED,
  workaround: IGNORED,
};

/**
 * What is wrong with the parameters, a sentence each. An unknown parameter is named by its position, because its name may be a
 * piece of a password that was not percent-encoded.
 */
export function findParameterProblems(given: ReadonlyMap<string, string>): string[] {
  const names = [...given.keys()].filter((name) => !['host', 'port', 'user', 'password', 'dbname'].includes(name));
  return [...given].flatMap(([name, value]) => {
    const rule = Object.hasOwn(connectionParameters, name) ? connectionParameters[name] : undefined;
    if (rule === undefined) {
      return `Parameter ${names.indexOf(name) + 1} of DATABASE_URL, counted from its question mark, is not known. Check its spelling. Write a setting of the server as options=-c%20name%3Dvalue.`;
    }
    return rule.accepts?.test(value) === false ? `${name} in DATABASE_URL ${rule.problem}` : [];
  });
}
