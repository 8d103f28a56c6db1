-- Files that staff sent to be brought in: each is tried, changed, taken in behind the pages.

create table imports.files (
  file_id    uuid        not null primary key,
  kind       text        not null,
  -- Who sent it, as the audit calls them.
  sender     text        not null,
  state      text        not null,
  -- Sealed: its name, its headings and how they are read. Anything may stand in a heading.
  about      bytea       not null,
  -- Sealed: what came of it, or why it could not be read.
  outcome    bytea,
  bytes_all  bigint      not null,
  bytes_done bigint      not null default 0,
  rows_done  bigint      not null default 0,
  -- How often its run was begun: one that takes its process down each time is given up.
  tries      integer     not null default 0,
  wants_stop boolean     not null default false,
  sent_at    timestamptz not null,
  moved_at   timestamptz not null,
  constraint state_is_known
    check (state in ('sent', 'trying', 'tried', 'taking', 'done', 'failed', 'stopped')),
  constraint counts_are_counts
    check (bytes_all >= 0 and bytes_done >= 0 and rows_done >= 0 and tries >= 0)
);
-- What waits to be run, oldest first; a handful of rows.
create index files_open on imports.files (moved_at) where state in ('trying', 'taking');

-- How the columns of a kind of file from one system are read, as somebody chose it last.
create table imports.mappings (
  kind       text        not null,
  system     text        not null,
  sealed     bytea       not null,
  changed_at timestamptz not null,
  primary key (kind, system)
);
