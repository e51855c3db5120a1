-- 1. The last hundred alerts.
SELECT time, severity, rule_name, host, user_domain, user_name, process_command_line
FROM tripline_alerts FINAL WHERE kind = 'alert' ORDER BY time DESC LIMIT 100;

-- 2. How many a day, by rule?
SELECT day, rule_name, uniqExactMerge(alerts) AS alerts FROM tripline_daily GROUP BY day, rule_name ORDER BY day, rule_name;

-- 3. Which hosts have most, in 30 days?
SELECT host, uniqExactMerge(alerts) AS alerts FROM tripline_daily WHERE day > today() - 30 GROUP BY host ORDER BY alerts DESC LIMIT 20;

-- 4. Which accounts?
SELECT user_domain, user_name, uniqExact(id) AS alerts, uniqExact(host) AS hosts, max(time) AS last
FROM tripline_alerts WHERE kind = 'alert' GROUP BY user_domain, user_name ORDER BY alerts DESC LIMIT 20;

-- 5. Which rule fired on a host for the first time, in 7 days?
SELECT rule_name, host, min(time) AS first FROM tripline_alerts WHERE kind = 'alert'
GROUP BY rule_name, host HAVING first > now() - 7 * 86400 ORDER BY first DESC;

-- 6. Which hosts are silent: none of their heartbeats for 15 minutes?
SELECT host, maxMerge(heartbeat) AS last FROM tripline_hosts GROUP BY host HAVING last < now() - 900 ORDER BY last;

-- 7. Which command lines were seen on more than one host?
SELECT process_command_line, uniqExact(host) AS hosts, uniqExact(id) AS alerts
FROM tripline_alerts WHERE kind = 'alert' GROUP BY process_command_line HAVING hosts > 1 ORDER BY hosts DESC LIMIT 50;

-- 8. What starts what is found?
SELECT parent_executable, process_executable, uniqExact(id) AS alerts
FROM tripline_alerts WHERE kind = 'alert' GROUP BY parent_executable, process_executable ORDER BY alerts DESC LIMIT 50;

-- 9. When: alerts by hour, in 7 days.
SELECT toStartOfHour(time) AS hour, uniqExact(id) AS alerts
FROM tripline_alerts WHERE kind = 'alert' AND time > now() - 7 * 86400 GROUP BY hour ORDER BY hour;

-- 10. What came late: over an hour between the event and its alert?
SELECT host, uniqExact(id) AS alerts, max(toUnixTimestamp(created) - toUnixTimestamp(time)) AS seconds
FROM tripline_alerts WHERE kind = 'alert' AND toUnixTimestamp(created) - toUnixTimestamp(time) > 3600
GROUP BY host ORDER BY seconds DESC;
