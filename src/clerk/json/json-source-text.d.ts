/** ECMAScript's "JSON.parse source text access", in Node since 22 and not yet in TypeScript's library. */
interface JSON {
  rawJSON(text: string): { readonly rawJSON: string };
  isRawJSON(value: unknown): boolean;
}
