-- Outside systems that own some stock: who is master where, what each last said, where we differ.

-- Who is master of a place, or of one sku there. No row: we are.
create table stock.masters (
  location_id  text        not null,
  -- '' for the whole place; a sku of its own goes before it.
  sku          text        not null default '',
  system       text        not null,
  updated_at   timestamptz not null,
  primary key (location_id, sku),
  constraint system_is_a_word check (system ~ '^[a-z][a-z0-9_-]{0,39}$')
);

-- The newest that each system said of a row. What is older is late and changes nothing.
create table stock.outside_levels (
  system       text        not null,
  sku          text        not null,
  location_id  text        not null,
  level        integer     not null,
  sequence     bigint      not null,
  told_at      timestamptz not null,
  primary key (system, sku, location_id)
);

-- Where an outside system and we say different things, until somebody decides. Ended ones are kept.
create table stock.disagreements (
  disagreement_id  uuid        not null primary key,
  system           text        not null,
  sku              text        not null,
  location_id      text        not null,
  ours             integer     not null,
  theirs           integer     not null,
  first_at         timestamptz not null,
  last_at          timestamptz not null,
  ended_at         timestamptz,
  ended_by         text,
  -- agreed (the numbers met again), theirs (booked), ours (kept).
  outcome          text,
  constraint outcome_is_known check (outcome in ('agreed', 'theirs', 'ours')),
  constraint ended_whole check ((ended_at is null) = (outcome is null))
);
create unique index disagreements_open on stock.disagreements (system, sku, location_id)
  where ended_at is null;
create index disagreements_of_place on stock.disagreements (location_id, disagreement_id)
  where ended_at is null;
