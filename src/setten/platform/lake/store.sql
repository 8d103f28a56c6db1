-- name: lock
-- One compaction at a time.
select pg_advisory_xact_lock(5_000_051);

-- name: put_file
insert into lake.files (path, part, rows, bytes, written_at)
values (:path, :part, :rows, :bytes, :at);

-- name: files
-- Those that count: what a rebuild has written does not before it is whole.
select path, part, rows, bytes, written_at from lake.files
 where part <> 'rebuilding'
 order by path;

-- name: all_files
select path from lake.files;

-- name: drop_unfinished
-- What an interrupted rebuild has left; its files are swept away with the strays.
delete from lake.files where part = 'rebuilding';

-- name: reached
select xid::text::bigint as xid, position, arrived_on from log.cursors where reader = :reader;

-- name: goal
-- As far as the writer has come; locked, it stays there until the swap.
select xid::text::bigint as xid, position, arrived_on
  from log.cursors
 where reader = :reader
   for update;

-- name: drop_others
delete from lake.files where path <> all(:paths::text[]) and part <> 'rebuilding';

-- name: take_rebuilt
-- Fewer than were written: another rebuild has begun meanwhile.
update lake.files set part = 'fresh' where path = any(:paths::text[]) and part = 'rebuilding'
returning path;

-- name: drop_files
delete from lake.files where path = any(:paths::text[]) returning path;

-- name: written_to
-- How fresh the lake is.
select updated_at from log.cursors where reader = :reader;
