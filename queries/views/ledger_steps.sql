/*
name  = "ledger_steps"
uses  = ["ledger_rows"]
materialise = true
about = { zh = "余额链：同一来源同一库存行的过账按次序排列，是否接上前一笔的余额", en = "chains of balances: the postings of one stock row in one source, in order, and whether each starts from what the one before left" }
*/
-- `breaks`: starts from another balance than the one before left. `repeats`: starts from the balance the one before started from.
WITH balances AS NOT MATERIALIZED (
    SELECT id, hash(source, stock_key) AS key, nr, us, qty, qty_before, qty_after
    FROM ledger_rows WHERE qty_before IS NOT NULL AND qty_after IS NOT NULL AND us IS NOT NULL
)
SELECT *, coalesce(qty_before <> lag(qty_after) OVER keyed, false) AS breaks, coalesce(qty_before = lag(qty_before) OVER keyed, false) AS repeats
FROM balances WINDOW keyed AS (PARTITION BY key ORDER BY nr)
