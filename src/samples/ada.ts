import { createEmailAddress, createPasskey, createPhoneNumber, createWeb3Wallet } from './identifications.ts';
import { createGoogleAccount } from './linked-accounts.ts';
import type { Random } from './random.ts';
import { createBareUser, type SampleUser } from './sample-user.ts';

/** The sample user: the one whom the queries of the documentation ask for. What tells her apart, no other sample has. */
export function createAda(random: Random, atMs: number): SampleUser {
  const holder = { firstName: 'Ada', lastName: 'Lovelace', username: 'ada', email: 'ada@gmail.example' };
  const email = createEmailAddress(random, atMs, 'ada@example.com');
  const phone = { ...createPhoneNumber(random, atMs), phone_number: '+12025550123' };
  const wallet = { ...createWeb3Wallet(random, atMs), web3_wallet: '0x71c7656ec7ab88b098defb751b7401b5f6d8976f' };
  return {
    ...createBareUser('user_ada', atMs),
    email_addresses: [email],
    external_accounts: [createGoogleAccount(random, atMs, holder)],
    external_id: 'customer-42',
    first_name: holder.firstName,
    last_name: holder.lastName,
    passkeys: [createPasskey(random, atMs)],
    phone_numbers: [phone],
    primary_email_address_id: email.id,
    primary_phone_number_id: phone.id,
    primary_web3_wallet_id: wallet.id,
    private_metadata: { stripe_customer_id: 'cus_123' },
    public_metadata: { plan: 'pro' },
    username: holder.username,
    web3_wallets: [wallet],
  };
}
