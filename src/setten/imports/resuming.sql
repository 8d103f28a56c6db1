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

-- name: help_with
-- Shared by all that help with a run; it goes with the connection.
select pg_advisory_lock_shared(hashtextextended(:run_key::text, 156));

-- name: is_unhelped
-- Whether nobody helps with the run; held for this statement alone.
select pg_try_advisory_xact_lock(hashtextextended(:run_key::text, 156));

-- name: latest
-- Runs, the last moved first: a short table, dropped after KEPT.
select run_key, kind, rows_done, summary, started_at, updated_at, ended_at
  from imports.runs
 where (updated_at, run_key) /*past*/ < (:before_at, :before_key)
   and (:kind::text is null or kind = :kind)
 order by updated_at /*way*/ desc, run_key /*way*/ desc
 limit :most;

-- name: stand
-- Asked by a process that waits for its turn, and who may wait for it meanwhile: for a number of a
-- transaction that it holds, its own or that of a savepoint.
select r.rows_done, r.refused_bytes, r.summary,
       exists (select from pg_locks mine
                 join pg_locks theirs on theirs.transactionid = mine.transactionid
                                     and not theirs.granted
                where mine.pid = pg_backend_pid() and mine.locktype = 'transactionid'
                  and mine.granted) as is_waited_for
  from imports.runs r
 where r.run_key = :run_key;
