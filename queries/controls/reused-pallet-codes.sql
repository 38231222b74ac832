/*
id     = "reused-pallet-codes"
number = 1
title  = { zh = "托盘码重复使用，旧绑定未清除", en = "Pallet codes reused before the old binding was cleared" }
about  = { zh = "同一托盘码绑定了新的货物，而之前绑定的货物既没有解绑，也没有出库、过账或装车记录。同一单据、一小时内的混托不算。", en = "A pallet code was bound to other goods although nothing unbound, issued or loaded what it carried before. Mixed pallets of one document or within the hour do not count." }
unit   = { zh = "次", en = "bindings" }
figure = "sum"
needs  = ["binding"]
want   = { zh = "托盘绑定记录，以及解绑、扣减或装车记录", en = "bindings of pallets, and records of how they end: unbinding, deductions or loading" }

[params.threshold]
default = 0
unit    = "bindings"
about   = { zh = "允许的次数", en = "how many are tolerated" }

[params.apart_min]
default = 60
unit    = "min"
about   = { zh = "间隔短于此的两次绑定视为同一次组盘", en = "bindings closer than this are one act of loading a pallet" }

[words]
old_sku = { zh = "原物料", en = "goods before" }
old_batch = { zh = "原批次", en = "batch before" }
old_doc = { zh = "原单据", en = "document before" }
bound_before = { zh = "原绑定时间", en = "bound before" }
*/
WITH ends AS (
    SELECT pallet_key(pallet) AS pallet, us FROM events_ordered
    WHERE pallet IS NOT NULL AND us IS NOT NULL AND (kind = 'binding' AND action = 'unbind' OR kind = 'scan' AND action IN ('load', 'gate') OR kind = 'count' AND qty_counted = 0)
    UNION ALL SELECT pallet_key(pallet), us FROM ledger_rows WHERE pallet IS NOT NULL AND qty < 0 AND us IS NOT NULL
    UNION ALL SELECT pallet_key(pallet), end_us FROM tasks WHERE pallet IS NOT NULL AND doc_type = 'outbound' AND closed
), bound AS (
    SELECT pallet_key(pallet) AS key, pallet, sku, batch, doc, location, operator, us, err_us,
           lag({'us': us, 'sku': sku, 'batch': batch, 'doc': doc}) OVER (PARTITION BY pallet_key(pallet) ORDER BY us, byte_offset) AS old
    FROM events_ordered
    WHERE kind = 'binding' AND action = 'bind' AND pallet IS NOT NULL AND sku IS NOT NULL AND us IS NOT NULL AND EXISTS (FROM ends)
), again AS (
    SELECT * FROM bound
    WHERE old.us < us - $apart_min * 60e6 AND (old.sku <> sku OR old.batch <> batch) AND coalesce(old.doc <> doc, true)
)
SELECT a.us, 1 AS figure, 0 AS of, a.pallet, a.sku, a.batch, a.doc, a.location, a.old.sku AS old_sku, a.old.batch AS old_batch, a.old.doc AS old_doc,
       at_time(a.old.us) AS bound_before
FROM again a ASOF LEFT JOIN ends e ON e.pallet = a.key AND e.us <= a.us + a.err_us
WHERE coalesce(e.us < a.old.us, true)
UNION ALL BY NAME
SELECT min(us) AS us, 0 AS figure, count(*) AS of FROM bound GROUP BY CAST(local_time(us) AS DATE)
ORDER BY figure DESC, us DESC
