import Link from 'next/link';

export default function Page() {
  return (
    <main>
      <h1>Users of Clerk, from Postgres</h1>
      <Link href="/users">Users</Link>
    </main>
  );
}
