#include "collectors/eventlog/eventlog_backlog.h"

uint64_t eventlog_log_newest(const struct eventlog_log_info *info)
{
    return info->count == 0 ? 0 : info->oldest + info->count - 1;
}

void eventlog_backlog_observe(struct eventlog_backlog *lag, const struct eventlog_log_info *info, uint64_t now_ms)
{
    uint64_t newest = eventlog_log_newest(info), before = eventlog_log_newest(&lag->info);
    if (lag->has_info && before > 0 && newest >= before && now_ms > lag->at_ms) {
        double elapsed_ms = (double)(now_ms - lag->at_ms);
        double rate = (double)(newest - before) / (elapsed_ms / 1000.0);
        double weight = lag->has_rate ? elapsed_ms / (elapsed_ms + EVENTLOG_BACKLOG_MEMORY_MS) : 1.0;
        lag->records_per_s += weight * (rate - lag->records_per_s);
        lag->has_rate = true;
    }
    lag->has_info = true;
    lag->info = *info;
    lag->at_ms = now_ms;
}

uint64_t eventlog_backlog_records(const struct eventlog_backlog *lag, uint64_t read)
{
    uint64_t newest = eventlog_log_newest(&lag->info);
    if (!lag->has_info || newest <= read)
        return 0;
    uint64_t behind = newest - read;
    return behind < lag->info.count ? behind : lag->info.count;
}

double eventlog_backlog_hours_to_wrap(const struct eventlog_backlog *lag, uint64_t read)
{
    const struct eventlog_log_info *i = &lag->info;
    if (!lag->has_rate || lag->records_per_s <= 0 || i->max_bytes == 0 || i->count == 0 || i->bytes == 0)
        return -1;
    /* A full file keeps what it has; one that still grows, as many records of the same size as it has room for. */
    double most =
        i->bytes >= i->max_bytes ? (double)i->count : (double)i->count * (double)i->max_bytes / (double)i->bytes;
    double room = most - (double)eventlog_backlog_records(lag, read);
    return room <= 0 ? 0 : room / lag->records_per_s / 3600.0;
}
