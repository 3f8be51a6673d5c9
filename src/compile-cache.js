import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Stripping types and compiling take longer than all the rest of a start: the second one finds both done. It is
// JavaScript, and `npm start` loads it before anything else, since the first file with types would load the stripper:
// 45 ms. Where the directory can't be written, as in a read-only image, Node goes on without.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/clerk-sync'));
