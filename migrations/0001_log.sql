-- The spine. One append-only log, partitioned by the day of arrival.
create schema log;

create sequence log.position as bigint;

create table log.events (
  arrived_on   date        not null,
  -- Readers order by (xid, position): a position is drawn before its transaction commits, so
  -- position alone can pass a row that commits later.
  xid          xid8        not null default pg_current_xact_id(),
  position     bigint      not null default nextval('log.position'),
  event_id     text        not null,
  name         text        not null,
  occurred_at  timestamptz not null,
  received_at  timestamptz not null,
  sent_at      timestamptz,
  original_at  timestamptz,
  source_id    integer,
  channel      text        not null,
  location_id  text,
  -- Numbers of the vault, strongest identifier first. Never a mail address, phone or cookie.
  identifiers  bigint[]    not null,
  sealed_id    bigint,
  -- json, not jsonb: written once, read whole; and a \u0000 in a client's text must not fail it.
  body         json        not null,
  constraint event_id_is_short check (length(event_id) between 1 and 100),
  constraint name_is_short check (length(name) between 1 and 100)
) partition by range (arrived_on);

create index events_order on log.events (xid, position);
create table log.events_elsewhere partition of log.events default;

-- Makes the partitions of `first` … `first + days - 1` where they are absent.
create function log.ensure_partitions(first date, days integer) returns void
language plpgsql as $$
declare
  day date;
begin
  for offset_days in 0 .. days - 1 loop
    day := first + offset_days;
    if to_regclass(format('log.events_%s', to_char(day, 'YYYYMMDD'))) is null then
      execute format(
        'create table log.events_%s partition of log.events for values from (%L) to (%L)',
        to_char(day, 'YYYYMMDD'), day, day + 1);
    end if;
  end loop;
end $$;

select log.ensure_partitions((now() at time zone 'UTC')::date, 14);

-- Which ids the log has, for as long as it has them. The day comes from the client's own timestamp
-- text, which a re-send repeats; led by the day, the index stays warm at any size.
create table log.seen (
  day         date   not null,
  hash        uuid   not null,
  position    bigint not null,
  xid         xid8   not null default pg_current_xact_id(),
  arrived_on  date   not null,
  primary key (day, hash)
);

create table log.cursors (
  reader      text        not null primary key,
  xid         xid8        not null default '0',
  position    bigint      not null default 0,
  arrived_on  date        not null default '-infinity',
  updated_at  timestamptz not null default now()
);

-- What could not be taken in: kept sealed, with its reason, to be mended and replayed.
create table log.dead_letters (
  dead_letter_id  bigint      not null generated always as identity primary key,
  received_at     timestamptz not null,
  source_id       integer,
  hash            uuid,
  reason          text        not null,
  field           text,
  sealed          bytea       not null,
  ended_at        timestamptz,
  ended_by        text,
  ending          text,
  constraint ending_is_known check (ending in ('replayed', 'discarded')),
  constraint ended_whole check ((ended_at is null) = (ending is null))
);
create index dead_letters_open on log.dead_letters (dead_letter_id) where ended_at is null;
create index dead_letters_hash on log.dead_letters (hash) where ended_at is null;

-- Answers that were given for an Idempotency-Key. Holds hashes, never the key's owner.
create schema combine;
create table combine.claims (
  key_hash      uuid        not null primary key,
  request_hash  uuid        not null,
  claimed_at    timestamptz not null default now(),
  status        smallint,
  answer        bytea
) with (fillfactor = 60);
create index claims_age on combine.claims using brin (claimed_at);
