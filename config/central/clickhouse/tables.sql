-- Alerts, and what else the agents send: kind is 'alert', of a follow-up 'event', of a heartbeat 'metric'.
-- One row an id once parts are merged; with FINAL at any time.
CREATE TABLE IF NOT EXISTS tripline_alerts
(
    id String,
    time DateTime,
    created DateTime,
    event_time String,
    kind String,
    rule_id String,
    rule_name String,
    severity String,
    host String,
    user_domain String,
    user_name String,
    process_executable String,
    process_command_line String,
    process_pid UInt32,
    parent_executable String,
    parent_command_line String,
    document String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (time, id);

-- Alerts by day, rule and host. What comes twice counts once. Read it with uniqExactMerge(alerts).
CREATE MATERIALIZED VIEW IF NOT EXISTS tripline_daily
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, rule_name, host)
AS SELECT toDate(time) AS day, rule_name, host, uniqExactState(id) AS alerts
FROM tripline_alerts
WHERE kind = 'alert'
GROUP BY day, rule_name, host;

-- The last heartbeat of each host.
CREATE MATERIALIZED VIEW IF NOT EXISTS tripline_hosts
ENGINE = AggregatingMergeTree
PARTITION BY tuple()
ORDER BY host
AS SELECT host, maxState(created) AS heartbeat
FROM tripline_alerts
WHERE kind = 'metric'
GROUP BY host;
