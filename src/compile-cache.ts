import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Stripping types and compiling take longer than all the rest of a start: the second one finds both done. Where the
// directory can't be written, as in a read-only image, Node goes on without.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/clerk-sync'));
