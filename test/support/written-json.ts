import fc from 'fast-check';

/** A JSON value as it is sent, and as Postgres is to hold it: two JSON texts. */
export interface WrittenJson {
  readonly sent: string;
  readonly stored: string;
  /** How many of its texts and numbers must be replaced to be storable. */
  readonly replaced: number;
}

const digits = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength });
const whole = digits(40).map((text) => text.replace(/^0+(?=\d)/, ''));

/** Any number that JSON can write and `numeric` can hold: 40 digits, long fractions, exponents, -0. */
const storableNumber = fc
  .tuple(
    fc.constantFrom('', '-'),
    whole,
    fc.option(digits(40), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(400)), { nil: undefined }),
  )
  .map(([sign, integer, fraction, exponent]) => {
    const text = `${sign}${integer}${fraction === undefined ? '' : `.${fraction}`}${exponent?.join('') ?? ''}`;
    return { sent: text, stored: text, replaced: 0 };
  });

/** Beyond what `numeric` can hold, on either side of the decimal point: becomes its own text. */
const tooLongNumber = fc
  .tuple(fc.constantFrom('', '-'), fc.integer({ min: 1, max: 9 }), fc.constantFrom('e131072', 'E+999999', 'e-16384'))
  .map((parts) => ({ sent: parts.join(''), stored: JSON.stringify(parts.join('')), replaced: 1 }));

/** A piece of text as one code point, or half of one, and whether it is sent as an escape. */
const piece = fc.tuple(
  fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }),
    fc.integer({ min: 0, max: 0xff_ff }),
    fc.integer({ min: 0x1_00_00, max: 0x10_ff_ff }),
    fc.constantFrom(0, 0xd8_00, 0xdb_ff, 0xdc_00, 0xdf_ff, 0xff_fd, 0xfe_ff, 0x20_28, 0x22, 0x5c, 0x0a, 0x1_f6_00),
  ),
  fc.boolean(),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => writeText(joinHalves(pieces)));

const literal = fc
  .constantFrom('null', 'true', 'false', '""', '[]', '{}')
  .map((sent) => ({ sent, stored: sent, replaced: 0 }));

/** Keys that mean something to JavaScript, to this program or to its order of keys, among any others. */
const key = fc.oneof(
  fc
    .constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'rawJSON', 'hasOwnProperty', '10', '9', '')
    .map((name) => ({ sent: JSON.stringify(name), stored: JSON.stringify(name), replaced: 0 })),
  text,
);

/** Any JSON value of at most four levels, in any notation that JSON has for it. */
export const anyWrittenJson = fc.letrec<{ value: WrittenJson; array: WrittenJson; object: WrittenJson }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'json' },
    literal,
    text,
    storableNumber,
    { arbitrary: tooLongNumber, weight: 1 },
    tie('array'),
    tie('object'),
  ),
  array: fc
    .tuple(fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'json' }), fc.constantFrom('', ' ', '\n\t'))
    .map(([items, space]) => join(items, ['[', ']'], space)),
  object: fc
    .tuple(
      fc.uniqueArray(fc.tuple(key, tie('value')), {
        maxLength: 5,
        depthIdentifier: 'json',
        selector: ([name]) => JSON.parse(name.sent),
      }),
      fc.constantFrom('', ' ', '\r\n'),
    )
    .map(([entries, space]) =>
      join(
        entries.map(([name, value]) => join([name, value], ['', ''], '', ':')),
        ['{', '}'],
        space,
      ),
    ),
})).value;

function join(
  parts: readonly WrittenJson[],
  [open, close]: readonly [string, string],
  space: string,
  comma = ',',
): WrittenJson {
  return {
    sent: `${open}${space}${parts.map(({ sent }) => sent).join(`${space}${comma}${space}`)}${space}${close}`,
    stored: `${open}${parts.map(({ stored }) => stored).join(comma)}${close}`,
    replaced: parts.reduce((sum, { replaced }) => sum + replaced, 0),
  };
}

type Piece = readonly [codePoint: number, escaped: boolean];

/** Two halves of a surrogate pair side by side are one character. */
function joinHalves(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const [codePoint, escaped] of pieces) {
    const before = joined.at(-1);
    if (before !== undefined && isHalf(before[0], 0xd8_00) && isHalf(codePoint, 0xdc_00)) {
      joined[joined.length - 1] = [0x1_00_00 + (before[0] - 0xd8_00) * 0x4_00 + (codePoint - 0xdc_00), escaped];
    } else joined.push([codePoint, escaped]);
  }
  return joined;
}

/** True for one of the 1,024 code units from `first` on. */
function isHalf(codePoint: number, first: number): boolean {
  return codePoint >= first && codePoint < first + 0x4_00;
}

function writeText(pieces: readonly Piece[]): WrittenJson {
  const isStorable = (codePoint: number) =>
    codePoint !== 0 && !isHalf(codePoint, 0xd8_00) && !isHalf(codePoint, 0xdc_00);
  const stored = pieces
    .map(([codePoint]) => String.fromCodePoint(isStorable(codePoint) ? codePoint : 0xff_fd))
    .join('');
  return {
    sent: `"${pieces.map((one) => writePiece(one, isStorable(one[0]))).join('')}"`,
    stored: JSON.stringify(stored),
    replaced: pieces.every(([codePoint]) => isStorable(codePoint)) ? 0 : 1,
  };
}

/** Half a pair, a control character, a quotation mark and a backslash can only be sent as escapes. */
function writePiece([codePoint, escaped]: Piece, isStorable: boolean): string {
  const mustEscape = !isStorable || codePoint < 0x20 || codePoint === 0x22 || codePoint === 0x5c;
  const character = String.fromCodePoint(codePoint);
  if (!escaped && !mustEscape) return character;
  const units = Array.from({ length: character.length }, (_, place) => character.charCodeAt(place));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
