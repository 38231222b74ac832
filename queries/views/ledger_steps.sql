/*
name  = "ledger_steps"
uses  = ["ledger_rows"]
materialise = true
about = { zh = "余额链：同一来源同一库存行的过账按次序排列，是否接上前一笔的余额；只留曾跌破零或两笔从同一余额起算的库存行", en = "chains of balances: the postings of one stock row in one source, in order, and whether each starts from what the one before left; of those rows that went below zero or had two postings start from one balance" }
*/
-- `breaks`: starts from another balance than the one before left. `repeats`: starts from the balance the one before started from.
-- Every chain is looked at, but of millions only few are kept: the others tell of no race and no shortage.
WITH balances AS NOT MATERIALIZED (
    SELECT id, hash(source, stock_key) AS key, nr, us, qty, qty_before, qty_after
    FROM ledger_rows WHERE qty_before IS NOT NULL AND qty_after IS NOT NULL AND us IS NOT NULL
), looked_at AS (
    SELECT key, qty < 0 AND qty_before >= 0 AND qty_after < 0 AS crosses,
           qty_before <> lag(qty_after) OVER keyed AND qty_before = lag(qty_before) OVER keyed AS races
    FROM balances WINDOW keyed AS (PARTITION BY key ORDER BY nr)
), of_note AS (
    SELECT DISTINCT key FROM looked_at WHERE crosses OR races
)
SELECT *, coalesce(qty_before <> lag(qty_after) OVER keyed, false) AS breaks, coalesce(qty_before = lag(qty_before) OVER keyed, false) AS repeats
FROM balances WHERE key IN (FROM of_note) WINDOW keyed AS (PARTITION BY key ORDER BY nr)
