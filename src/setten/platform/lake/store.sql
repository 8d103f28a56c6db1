-- name: lock
-- One compaction at a time.
select pg_advisory_xact_lock(5_000_051);

-- name: put_file
insert into lake.files (path, part, rows, bytes, written_at)
values (:path, :part, :rows, :bytes, :at);

-- name: files
select path, part, rows, bytes, written_at from lake.files order by path;

-- name: drop_files
delete from lake.files where path = any(:paths::text[]) returning path;

-- name: written_to
-- How fresh the lake is.
select updated_at from log.cursors where reader = :reader;
