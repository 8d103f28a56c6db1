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
