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

-- name: moved_s
-- Seconds since a reader's place moved: one that reads through a long past is late and well.
select extract(epoch from (clock_timestamp() - updated_at))::float8
  from log.cursors
 where reader = :reader;

-- name: quiet_sources
-- Senders of the last week that stopped, each by its newest hour: one row of the key. Who is late is
-- judged by its own rhythm: the longest pause of its four weeks, half as long again; one that we have
-- hardly heard has none yet. Only those that sent nothing lately are looked at more closely. Files
-- that were brought in are done, not silent.
select s.source_id, s.name, c.hour_at as last_at
  from ingest.sources s
 cross join lateral (
       select n.hour_at from ingest.counters n
        where n.source_id = s.source_id
        order by n.hour_at desc
        limit 1) as c
 cross join lateral (
       select count(*) as hours, max(h.hour_at - h.earlier) as pause
         from (select d.hour_at, lag(d.hour_at) over (order by d.hour_at) as earlier
                 from (select distinct n.hour_at from ingest.counters n
                        where n.source_id = s.source_id
                          and n.hour_at > c.hour_at - :known::interval) as d) as h) as r
 where s.revoked_at is null and s.name not like 'import %'
   and c.hour_at >= :since and c.hour_at < :before
   and c.hour_at < :now::timestamptz - case when r.hours >= :enough then 1.5 * r.pause
                               else greatest(:unknown::interval, 1.5 * r.pause) end
 order by c.hour_at, s.source_id
 limit :most;
