-- name: clock
-- How far the database's clock is from ours, in seconds.
select abs(extract(epoch from (clock_timestamp() - :now)))::float8;

-- name: jobs_behind
-- Minutes that the latest of all jobs is over its time; null before the first run.
select (extract(epoch from (:now - min(next_run))) / 60)::float8
  from jobs.pgqueuer_schedules;

-- name: silent_sources
-- Senders with a key that never sent anything, made longer ago than a day.
select name from ingest.sources source
 where revoked_at is null and created_at < :before
   and not exists (select from ingest.counters c where c.source_id = source.source_id)
 order by source_id
 limit :most;

-- name: admins
-- Who can let others in: there must be one.
select count(*) from auth.staff where role = 'admin' and disabled_at is null;

-- name: quiet_sources
-- Senders of the last week that stopped, each by its newest hour: one row of the key. Files that were
-- brought in are done, not silent.
select s.source_id, s.name, c.hour_at as last_at
  from ingest.sources s
 cross join lateral (
       select n.hour_at from ingest.counters n
        where n.source_id = s.source_id
        order by n.hour_at desc
        limit 1) as c
 where s.revoked_at is null and s.name not like 'import %'
   and c.hour_at >= :since and c.hour_at < :before
 order by c.hour_at, s.source_id
 limit :most;
