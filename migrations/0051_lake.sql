-- The lake's files. One counts only when it stands here, and it is entered in the transaction that
-- moves the writer's cursor: so each event is in exactly one file that counts, whatever dies when.
create schema lake;

create table lake.files (
  path        text        not null primary key,
  -- 'fresh' as written, else the month of what happened, 2026-11.
  part        text        not null,
  rows        bigint      not null,
  bytes       bigint      not null,
  written_at  timestamptz not null,
  constraint path_is_inside check (path ~ '^[a-z]+/[0-9a-zA-Z_.-]+$')
);
create index files_part on lake.files (part);
