-- A transaction left open for minutes keeps every version of the rows that were finished
-- meanwhile. When it ends, cleaning up is to take seconds: at the server's default pace
-- (200 per round of 2 ms) a table of some GB takes minutes.
ALTER TABLE predictions SET (autovacuum_vacuum_cost_limit = 2000);
