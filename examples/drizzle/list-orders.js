import * as clerk from 'clerk-sync/schema';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import * as own from './schema.js';

const sql = postgres(process.env.DATABASE_URL);
const database = drizzle(sql, { schema: { ...clerk, ...own } });

const orders = await database.query.orders.findMany({
  with: { user: { columns: { id: true, first_name: true }, with: { email_addresses: true } } },
});
for (const { what, user } of orders) {
  console.log(
    what,
    user.id,
    user.first_name,
    user.email_addresses.map(({ email_address }) => email_address).join(', '),
  );
}
await sql.end();
