-- Lists of people brought in as a file. Entries keep the identifier that matched, so that they
-- follow merges and splits; values of the file are in no table.
create table customers.lists (
  list_id      integer     not null generated always as identity primary key,
  name         text        not null,
  made_at      timestamptz not null,
  made_by      text        not null,
  -- Null while it is being read.
  ready_at     timestamptz,
  rows         integer     not null default 0,
  matched      integer     not null default 0,
  unmatched    integer     not null default 0,
  refused      integer     not null default 0,
  -- The refused rows as they came, sealed, for whoever brought the file to mend; not kept for long.
  refused_sealed  bytea,
  constraint name_is_short check (length(name) between 1 and 100)
);
-- One that is being read stands beside the one that it will take the place of.
create unique index lists_name on customers.lists (name) where ready_at is not null;

create table customers.list_entries (
  list_id        integer not null references customers.lists on delete cascade,
  identifier_id  bigint  not null,
  constraint list_entries_pkey primary key (list_id, identifier_id)
);
-- Who is looked at is asked for by what she is called.
create index list_entries_identifier on customers.list_entries (identifier_id, list_id);
