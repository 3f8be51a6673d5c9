import { describe, expect, it } from 'vitest';
import { parseUser } from '../../../src/clerk/user/parse-user.ts';
import { getRead } from '../../support/get-read.ts';

/** An external account as it becomes a row; keys that are not stated are left out. */
function parseAccount(account: Record<string, unknown>) {
  const { lists } = getRead(parseUser({ id: 'user_1', external_accounts: [account] }));
  return Object.fromEntries(
    Object.entries(lists.external_accounts?.[0] ?? {}).filter(([, value]) => value !== undefined),
  );
}

const unverified = { verification_status: null, verification_strategy: null };

describe('the shapes of a linked account', () => {
  it('until 2025, Google: the provider is in the type, the names and the picture have names of their own', () => {
    const account = {
      object: 'google_account',
      id: 'idn_A',
      google_id: '100',
      given_name: 'Nia',
      family_name: 'Okoro',
      picture: 'https://example.com/p',
    };
    expect(parseAccount(account)).toEqual({
      id: 'idn_A',
      external_account_id: null,
      provider: 'oauth_google',
      provider_user_id: '100',
      first_name: 'Nia',
      last_name: 'Okoro',
      image_url: 'https://example.com/p',
      ...unverified,
      extra: {},
    });
  });

  it('until 2025, Facebook: likewise', () => {
    const account = {
      object: 'facebook_account',
      id: 'idn_A',
      facebook_id: '200',
      first_name: 'Fay',
      last_name: 'Book',
    };
    expect(parseAccount({ ...account, picture: 'https://example.com/p' })).toEqual({
      id: 'idn_A',
      external_account_id: null,
      provider: 'oauth_facebook',
      provider_user_id: '200',
      first_name: 'Fay',
      last_name: 'Book',
      image_url: 'https://example.com/p',
      ...unverified,
      extra: {},
    });
  });

  it('since 2025: both ids, the old keys repeat the new ones', () => {
    const account = {
      object: 'google_account',
      id: 'idn_A',
      external_account_id: 'eac_B',
      identification_id: 'idn_A',
      provider: 'oauth_google',
      provider_user_id: '100',
      google_id: '100',
      first_name: 'Nia',
      given_name: 'Nia',
      last_name: 'Okoro',
      family_name: 'Okoro',
      avatar_url: 'https://example.com/p',
      image_url: 'https://example.com/i',
      picture: 'https://example.com/p',
    };
    expect(parseAccount(account)).toEqual({
      id: 'idn_A',
      external_account_id: 'eac_B',
      provider: 'oauth_google',
      provider_user_id: '100',
      first_name: 'Nia',
      last_name: 'Okoro',
      avatar_url: 'https://example.com/p',
      image_url: 'https://example.com/i',
      ...unverified,
      extra: {},
    });
  });

  it('everywhere else: id is the account’s own, identification_id the one that is shared', () => {
    const account = { object: 'external_account', id: 'eac_B', identification_id: 'idn_A', provider: 'oauth_github' };
    expect(parseAccount(account)).toEqual({
      id: 'idn_A',
      external_account_id: 'eac_B',
      provider: 'oauth_github',
      provider_user_id: null,
      image_url: null,
      ...unverified,
      extra: {},
    });
  });
});

describe('the normaliser', () => {
  it.each([
    ['google', 'oauth_google'],
    ['oauth_google', 'oauth_google'],
    ['oauth_custom_my_idp', 'oauth_custom_my_idp'],
    ['linkedin_oidc', 'oauth_linkedin_oidc'],
  ])('brings the provider %s to %s', (provider, expected) => {
    expect(parseAccount({ id: 'idn_A', provider }).provider).toBe(expected);
  });

  it.each([
    [{ object: 'google_account', provider: '' }, 'oauth_google'],
    [{ object: 'facebook_account', provider: null }, 'oauth_facebook'],
    [{ object: 'external_account' }, undefined],
    [{}, undefined],
    [{ object: 'constructor' }, undefined],
    [{ object: '__proto__' }, undefined],
  ])('takes the provider of %j from its type', (account, expected) => {
    expect(parseAccount({ id: 'idn_A', ...account }).provider).toBe(expected);
  });

  it.each([
    [{ id: 'eac_B', identification_id: '' }, 'eac_B', 'eac_B'],
    [{ id: 'eac_B', identification_id: null }, 'eac_B', 'eac_B'],
    [{ identification_id: 'idn_A' }, 'idn_A', null],
    [{ id: '', identification_id: 'idn_A', external_account_id: '' }, 'idn_A', null],
    [{ id: 'eac_B', identification_id: 'idn_A', external_account_id: 'eac_C' }, 'idn_A', 'eac_C'],
  ])('reads the ids of %j as %s and %s', (account, id, externalAccountId) => {
    const parsed = parseAccount(account);
    expect([parsed.id, parsed.external_account_id]).toEqual([id, externalAccountId]);
  });

  it.each([
    [{ provider_user_id: '', google_id: '100' }, '100'],
    [{ provider_user_id: '', google_id: '' }, null],
    [{ provider_user_id: null, facebook_id: '200' }, '200'],
    [{ provider_user_id: '300', google_id: '100' }, '300'],
  ])('reads the id at the provider of %j as %s', (account, expected) => {
    expect(parseAccount({ id: 'idn_A', ...account }).provider_user_id).toBe(expected);
  });

  it.each([
    [{ image_url: 'i', avatar_url: 'a', picture: 'p' }, 'i', { picture: 'p' }],
    [{ image_url: null, avatar_url: 'a', picture: 'p' }, 'a', { picture: 'p' }],
    [{ image_url: '', avatar_url: '', picture: 'p' }, 'p', {}],
    [{ image_url: '', avatar_url: '', picture: '' }, null, {}],
  ])('takes the picture of %j from the first that has one', (account, imageUrl, extra) => {
    const parsed = parseAccount({ id: 'idn_A', ...account });
    expect([parsed.image_url, parsed.extra]).toEqual([imageUrl, extra]);
  });

  it('keeps an old key that says something else than the new one', () => {
    const account = { id: 'idn_A', provider_user_id: '1', google_id: '2', first_name: 'A', given_name: 'B' };
    expect(parseAccount({ ...account, last_name: '', family_name: 'C' }).extra).toEqual({
      google_id: '2',
      given_name: 'B',
      family_name: 'C',
    });
  });

  it.each(
    [
      ...[
        'external_account_id',
        'provider',
        'provider_user_id',
        'google_id',
        'facebook_id',
        'first_name',
        'given_name',
      ],
      ...['last_name', 'family_name', 'image_url', 'avatar_url', 'picture'],
    ].flatMap((property) => [5_834_721, { a: 1 }, true, ['a']].map((value) => [property, value] as const)),
  )('is asked only after %s was found to be a text, which %j is not', (property, value) => {
    const user = parseUser({ id: 'user_1', external_accounts: [{ id: 'idn_A', [property]: value }] });
    const error = `external_accounts[0].${property}: Invalid input: expected string, received `;
    expect(user).toMatchObject({ unreadable: { reason: 'invalid_shape', error: expect.stringContaining(error) } });
  });

  it.each([{ provider: 'oauth_x' }, { id: 'idn_A', identification_id: 7 }, { id: {}, identification_id: '' }])(
    'leaves an account that nothing identifies as it was sent: %j',
    (account) => {
      const { lists, extra } = getRead(parseUser({ id: 'user_1', external_accounts: [{ id: 'idn_A' }, account] }));
      expect([lists.external_accounts?.map(({ id }) => id), extra]).toEqual([
        ['idn_A'],
        { external_accounts: [account] },
      ]);
    },
  );
});
