import { users } from 'clerk-sync/schema';
import { desc, isNull } from 'drizzle-orm';
import { database } from '@/lib/database';

/** Read at each request, and not when the application is built. */
export const dynamic = 'force-dynamic';

export default async function Page() {
  const found = await database.query.users.findMany({
    columns: { id: true, first_name: true, last_name: true },
    where: isNull(users.deleted_at),
    with: { email_addresses: { columns: { email_address: true } } },
    orderBy: desc(users.created_at),
    limit: 50,
  });
  return (
    <main>
      <h1>Users</h1>
      <ul>
        {found.map(({ id, first_name, last_name, email_addresses }) => (
          <li key={id}>
            {first_name} {last_name} {email_addresses.map(({ email_address }) => email_address).join(', ')}
          </li>
        ))}
      </ul>
    </main>
  );
}
