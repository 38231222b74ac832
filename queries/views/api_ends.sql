/*
name  = "api_ends"
uses  = ["api_store", "api_frames"]
about = { zh = "每一端记录的一次调用（请求与应答已合并）", en = "one row per call and end that logged it, halves already joined" }
*/
SELECT a.rowid AS id, f.* EXCLUDE (frame, same, answers, last_us), a.* EXCLUDE (frame, half, upstream),
       CASE WHEN NOT a.half THEN 'whole' WHEN a.res_source IS NULL THEN 'unanswered' WHEN a.inferred THEN 'order' ELSE 'request_id' END AS paired,
       coalesce(a.upstream, []) AS upstream
FROM api_store a JOIN api_frames f USING (frame)
