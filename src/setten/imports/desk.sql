-- name: insert
insert into imports.files (file_id, kind, sender, state, about, bytes_all, sent_at, moved_at)
values (:file_id, :kind, :sender, :state, :about, :bytes_all, :now, :now);

-- name: find
select file_id, kind, sender, state, about, outcome, bytes_all, bytes_done, rows_done, tries,
       wants_stop, sent_at, moved_at
  from imports.files
 where file_id = :file_id;

-- name: newest
-- A short table: what was not taken in goes after a day.
select file_id, kind, sender, state, about, outcome, bytes_all, bytes_done, rows_done, tries,
       wants_stop, sent_at, moved_at
  from imports.files
 order by moved_at desc
 limit :most;

-- name: next
-- What is to be run, the one that waits longest first.
select file_id, kind, sender, state, about, outcome, bytes_all, bytes_done, rows_done, tries,
       wants_stop, sent_at, moved_at
  from imports.files
 where state in ('trying', 'taking')
 order by moved_at, file_id
 limit 1;

-- name: put
-- A new reading of the file, unless it is being run or is done: then no row.
update imports.files
   set state = :state, about = :about, outcome = null, bytes_done = 0, rows_done = 0, tries = 0,
       wants_stop = false, moved_at = :now
 where file_id = :file_id and state in ('sent', 'tried', 'failed', 'stopped');

-- name: take
-- Of two who press at once one begins it. What was stopped or failed goes on where it was.
update imports.files
   set bytes_done = case when state = 'tried' then 0 else bytes_done end,
       rows_done = case when state = 'tried' then 0 else rows_done end,
       -- One that goes on has been begun: where others helped, rows may be in that it never counted.
       state = 'taking', tries = case when state = 'tried' then 0 else 1 end, wants_stop = false,
       moved_at = :now
 where file_id = :file_id and state in ('tried', 'stopped', 'failed');

-- name: stop
-- One that only waits for its turn stands still at once.
update imports.files
   set wants_stop = tries > 0,
       state = case when tries > 0 then state when state = 'trying' then 'sent' else 'stopped' end
 where file_id = :file_id and state in ('trying', 'taking');

-- name: begin
-- No row where it was stopped just now.
update imports.files
   set tries = tries + 1
 where file_id = :file_id and state in ('trying', 'taking');

-- name: is_waited_for
-- Whether another file waits for its turn.
select exists (select from imports.files
                where state in ('trying', 'taking') and file_id <> :file_id);

-- name: give_way
-- Behind all that wait now. It was begun, and did not take its process down.
update imports.files
   set moved_at = :now, tries = 1
 where file_id = :file_id and state = 'taking';

-- name: move
-- How far it is; whether somebody wants it stopped.
update imports.files
   set bytes_done = :bytes_done, rows_done = :rows_done
 where file_id = :file_id
returning wants_stop;

-- name: end
update imports.files
   set state = :state, outcome = :outcome, wants_stop = false, moved_at = :now,
       rows_done = :rows_done
 where file_id = :file_id;

-- name: drop
-- Not while it is being run: stopping comes first.
delete from imports.files
 where file_id = :file_id and state not in ('trying', 'taking');

-- name: stale
delete from imports.files
 where moved_at < :before and state not in ('trying', 'taking');

-- name: ids
select file_id from imports.files;

-- name: mapping
select sealed from imports.mappings where kind = :kind and system = :system;

-- name: remember
insert into imports.mappings as m (kind, system, sealed, changed_at)
values (:kind, :system, :sealed, :now)
on conflict (kind, system) do update
   set sealed = excluded.sealed, changed_at = excluded.changed_at;

-- name: try_lock
-- One import at a time in an installation; the lock goes with the connection, so with its process.
select pg_try_advisory_lock(hashtextextended('imports.files', 240));

-- name: unlock
select pg_advisory_unlock(hashtextextended('imports.files', 240));
