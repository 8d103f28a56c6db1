-- How far the import of a file has come, so that one that was killed goes on where it was.

create schema imports;

-- Nothing of what stands in a file is here: a run is known by hashes of its bytes and its mapping.
create table imports.runs (
  run_key        uuid        not null primary key,
  kind           text        not null,
  rows_done      bigint      not null,
  -- Bytes of the file of refused rows when these rows were committed: what is beyond is cut off.
  refused_bytes  bigint      not null,
  -- The counts so far, as the summary prints them.
  summary        jsonb       not null,
  started_at     timestamptz not null,
  updated_at     timestamptz not null,
  ended_at       timestamptz,
  constraint rows_are_counted check (rows_done >= 0 and refused_bytes >= 0)
) with (fillfactor = 50);
create index runs_updated on imports.runs (updated_at);
