-- Where events come from.
create schema ingest;

create table ingest.sources (
  source_id    integer     not null generated always as identity primary key,
  name         text        not null,
  channel      text        not null,
  -- The system it speaks for; with is_record its orders are the truth about money.
  system       text        not null,
  is_record    boolean     not null default false,
  currency     char(3)     not null,           -- for amounts that come without one
  origins      text[]      not null default '{}',  -- empty: any
  rate_per_s   integer     not null,           -- events a second, over all workers
  created_at   timestamptz not null,
  revoked_at   timestamptz,
  constraint name_is_short check (length(name) between 1 and 100),
  constraint channel_is_short check (length(channel) between 1 and 40),
  constraint system_is_short check (length(system) between 1 and 40),
  constraint rate_is_positive check (rate_per_s > 0),
  constraint currency_is_code check (currency ~ '^[A-Z]{3}$')
);
create unique index sources_record_system on ingest.sources (system)
  where is_record and revoked_at is null;

-- Write keys are public (they stand in every page), so they are kept as they are.
-- A rotated key works until its end, so that pages that are open go on.
create table ingest.write_keys (
  write_key   text        not null primary key,
  source_id   integer     not null references ingest.sources,
  created_at  timestamptz not null,
  ends_at     timestamptz
);
create index write_keys_source on ingest.write_keys (source_id);

-- What came per source and hour, kept by a reader of the log, so that no page counts rows live.
create table ingest.counters (
  source_id  integer     not null,
  hour_at    timestamptz not null,
  name       text        not null,
  events     bigint      not null,
  last_at    timestamptz not null,
  primary key (source_id, hour_at, name)
);
