import type { AccountHolder } from './linked-accounts.ts';
import type { Random } from './random.ts';

/** Names from around the world: accents, other scripts, an apostrophe, a particle. */
const FIRST_NAMES = [
  ...['Ada', 'Alan', 'Amara', 'Anaïs', 'Björn', 'Chidi', 'Dolores', 'Édouard', 'Fatima', 'Grace', 'Hedy', 'Iker'],
  ...['İpek', 'Jonas', 'Katherine', 'Łukasz', 'Mireille', 'Noor', 'Oluwaseun', 'Priya', 'Quentin', 'Renée', 'Søren'],
  ...['Tomás', 'Ursula', 'Vikram', 'Wanjiru', 'Ximena', 'Yuki', 'Zoë', '美咲', 'Дарья', 'محمد', 'नेहा'],
];
const LAST_NAMES = [
  ...['Adeyemi', 'Bergström', 'Castro', 'de la Cruz', 'Eriksen', 'Fernández', 'García', 'Hopper', 'Ivanova', 'Johnson'],
  ...['Kowalczyk', 'Lovelace', 'Mwangi', 'Nguyễn', "O'Brien", 'Patel', 'Rossi', 'Şahin', 'Turing', 'van den Berg'],
  ...['Weiß', 'Yamamoto', 'Zhou', '佐藤', 'Соколова', 'الحسن'],
];

/** A person with an e-mail address at a reserved domain (RFC 2606) and a user name that fits. */
export function createPerson(random: Random, domain?: string): AccountHolder {
  const firstName = random.pick(FIRST_NAMES);
  const lastName = random.pick(LAST_NAMES);
  const username = `${asciiLetters(firstName)}_${random.text(6, '0123456789')}`;
  const host = domain ?? random.pick(['example.com', 'example.net', 'example.org']);
  return { firstName, lastName, username, email: `${username}@${host}` };
}

/** Small letters a to z of the name; a name in another script gives `user`. */
function asciiLetters(name: string): string {
  const letters = name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '');
  return letters === '' ? 'user' : letters;
}
