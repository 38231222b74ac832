/*
id     = "interface-failure-rate"
number = 9
title  = { zh = "接口失败率（按日、按接口）", en = "Interface failure rate by day and interface" }
about  = { zh = "超时、连接中断和服务器错误占调用的比例。业务上的拒绝（如库存不足）是接口正常的回答，不算失败。指标是最差的一日一接口。", en = "Timeouts, broken connections and server errors among the calls. A refusal for business reasons (no stock) is an answer like others. The figure is that of the worst day and interface." }
unit   = { zh = "%", en = "%" }
figure = "max"
needs  = ["api"]
want   = { zh = "有结果的接口调用", en = "interface calls with their results" }

[params.threshold]
default = 5
unit    = "%"
about   = { zh = "超过此比例报警", en = "above this share it is an alert" }

[params.min_calls]
default = 20
unit    = "calls"
about   = { zh = "一日一接口的调用少于此数不计比例", en = "fewer calls of an interface in a day give no rate" }

[words]
calls = { zh = "调用", en = "calls" }
failures = { zh = "失败", en = "failures" }
timeouts = { zh = "其中超时", en = "of them timed out" }
percent = { zh = "比例 %", en = "share %" }
p95_ms = { zh = "95% 分位耗时（毫秒）", en = "95th percentile (ms)" }
*/
-- A 500 that an application writes beside a person's action is its word for a refusal, not the protocol's.
-- An interface whose log mostly has no answers tells of attempts only; in one that has them, a missing answer is a failure.
WITH calls AS (
    SELECT started_us AS us, (ended_us - started_us) / 1e3 AS ms, outcome,
           regexp_replace(regexp_replace(coalesce(endpoint, action), '[?#].*$', ''), '/[^/]*[0-9]{3}[^/]*', '/*', 'g') AS endpoint,
           paired = 'unanswered' OR outcome = 'unknown' AND coalesce(status_code, error) IS NULL AS silent,
           -- answered at once at the receiver's end; that the sender's log has no answers is no time-out
           outcome IN ('timeout', 'unknown') AND NOT (served AND coalesce(status_code, '') LIKE '2__' AND coalesce(ended_us - started_us < 10000000, false)) OR outcome = 'fail' AND (coalesce(TRY_CAST(status_code AS INTEGER) BETWEEN 500 + (operator IS NOT NULL)::INT AND 599, false)
               OR regexp_matches(lower(coalesce(error, '')), 'refused|reset|unreachable|no route|timed? ?out|broken pipe|deadlock|lock wait|exception|连接|超时|断开|(系统|服务|接口|网络|数据库)异常')) AS failed
    FROM api_calls WHERE started_us IS NOT NULL AND coalesce(endpoint, action) IS NOT NULL
), answering AS (
    SELECT endpoint, avg(silent::INT) < 0.5 AS yes FROM calls GROUP BY endpoint
)
SELECT min(us) AS us, CASE WHEN count(*) >= $min_calls THEN round(100 * avg(failed::INT), 2) ELSE 0 END AS figure, count(*) AS of, endpoint, count(*) AS calls,
       count(*) FILTER (failed) AS failures, count(*) FILTER (failed AND outcome = 'timeout') AS timeouts, round(100 * avg(failed::INT), 1) AS percent, round(quantile_cont(ms, 0.95))::BIGINT AS p95_ms
FROM calls JOIN answering USING (endpoint) WHERE yes
GROUP BY endpoint, CAST(local_time(us) AS DATE)
ORDER BY figure DESC, failures DESC, us DESC
