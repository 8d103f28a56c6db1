-- name: mark
-- In the transaction of the rows that it counts, so that both are there or neither.
insert into imports.runs as r (run_key, kind, rows_done, refused_bytes, summary, started_at,
                               updated_at, ended_at)
values (:run_key, :kind, :rows_done, :refused_bytes, :summary, :now::timestamptz,
        :now::timestamptz, case when :has_ended::boolean then :now::timestamptz end)
on conflict (run_key) do update
   set rows_done = excluded.rows_done, refused_bytes = excluded.refused_bytes,
       summary = excluded.summary, updated_at = excluded.updated_at, ended_at = excluded.ended_at;

-- name: run
select rows_done, refused_bytes, summary, ended_at from imports.runs where run_key = :run_key;

-- name: forget
-- Runs that nobody will resume any more.
delete from imports.runs where updated_at < :before;

-- name: try_lock
-- For the connection, not for a transaction: a run has many of those. It goes with the connection.
select pg_try_advisory_lock(hashtextextended(:run_key::text, 155));

-- name: unlock
select pg_advisory_unlock(hashtextextended(:run_key::text, 155));

-- name: latest
-- Runs, the last moved first: a short table, dropped after KEPT.
select kind, rows_done, summary, started_at, updated_at, ended_at
  from imports.runs
 order by updated_at desc
 limit :most;
