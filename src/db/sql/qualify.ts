import { quoteIdentifier, quoteName, quoteText } from './quote-identifier.ts';

/** The schema that statements and texts name. `target.schema` replaces it. */
const DEFAULT_SCHEMA = 'clerk';

/**
 * The order makes each part of a statement match once: a comment, a name that is looked up, a literal, our quoted qualifier,
 * another quoted name, the schema as such, our qualifier.
 */
const PARTS =
  /--[^\n]*|\bto_reg(?:namespace|class)\('clerk(?:\.\w+)?'\)|'(?:[^']|'')*'|"clerk"\.|"(?:[^"]|"")*"|\bschema clerk\b|(?<![\w$.])clerk\.(?=[\w"])/gi;

/** In prose. Clerk's own addresses end in "clerk.com". */
const NAMES = /(?<![\w$.@/-])clerk\.(?!com\b)(?=[\w"<])|\bschema clerk\b/g;

type Rewrite = (text: string) => string;

const qualifiers = new Map<string, Rewrite>();

/**
 * Statements name `clerk.users`. This puts another schema into them, and changes nothing else. Each text is rewritten once.
 * With the default schema it stays the same.
 */
export function getQualifier(schema: string): Rewrite {
  if (schema === DEFAULT_SCHEMA) return (statement) => statement;
  const known = qualifiers.get(schema) ?? remember(createQualifier(schema));
  qualifiers.set(schema, known);
  return known;
}

function createQualifier(schema: string): Rewrite {
  const name = quoteIdentifier(schema);
  const rewritePart = (part: string) => {
    switch (part.toLowerCase()) {
      case '"clerk".':
      case 'clerk.':
        return `${name}.`;
      case "'clerk'":
        return quoteText(schema);
      case 'schema clerk':
        return `${part.slice(0, -DEFAULT_SCHEMA.length)}${name}`;
      default:
        return /^to_reg/i.test(part) ? part.replace(DEFAULT_SCHEMA, () => name.replaceAll("'", "''")) : part;
    }
  };
  return (statement) => statement.replaceAll(PARTS, rewritePart);
}

/** Commands compose their texts, so there may be any number. Texts beyond this limit are rewritten each time. */
const MOST_REMEMBERED = 1000;

function remember(rewrite: Rewrite): Rewrite {
  const texts = new Map<string, string>();
  return (statement) => {
    const known = texts.get(statement);
    if (known !== undefined) return known;
    const text = rewrite(statement);
    if (texts.size < MOST_REMEMBERED) texts.set(statement, text);
    return text;
  };
}

/** The same for a text that a person reads, such as the advice of `doctor`. */
export function nameSchema(text: string, schema: string): string {
  if (schema === DEFAULT_SCHEMA) return text;
  const name = quoteName(schema);
  return text.replaceAll(NAMES, (part) => part.replace(DEFAULT_SCHEMA, () => name));
}
