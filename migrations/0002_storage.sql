-- Room on each page for the next version of its rows: an update that changes no indexed column then touches one page
-- and no index. Vacuum comes at a fiftieth of a table and not at a fifth, so that a large table's is never long.
ALTER TABLE "clerk"."users" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);--> statement-breakpoint
ALTER TABLE "clerk"."email_addresses" SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);--> statement-breakpoint
ALTER TABLE "clerk"."external_accounts" SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
