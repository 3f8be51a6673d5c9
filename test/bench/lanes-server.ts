import { loadConfig } from '../../src/config/config.ts';
import { createPool } from '../../src/db/pool.ts';
import { createLogger } from '../../src/log/logger.ts';
import { acceptDeliveries } from '../../src/service/accept-deliveries.ts';
import { boundHeap } from '../../src/service/bound-heap.ts';

// The service on a migrated database, with as many lanes and as large batches as the environment says.
const config = loadConfig();
const secrets = config.secrets ?? [];
if (config.database === undefined) throw new Error('DATABASE_URL is not set.');
const target = config.database;
const pool = createPool({ target, size: config.databasePoolSize });
const logger = createLogger({ level: config.logLevel });
const started = new AsyncDisposableStack();
started.defer(() => pool.close());
const [lanes, maxBatch] = [Number(process.env.LANES), Number(process.env.MAX_BATCH)];
const { url } = await acceptDeliveries({ config, secrets, target, pool, logger, lanes, maxBatch }, started);
process.once('SIGTERM', () => void started.disposeAsync());
boundHeap();
console.log(`listening on ${url}`);
