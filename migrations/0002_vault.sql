-- The one place of personal data. Values are sealed under a key of the identifier they came with;
-- each such key is wrapped by the master key, which is never in the database.
create schema vault;

create table vault.master_keys (
  generation  smallint    not null primary key,
  -- A known text sealed under the master key: a wrong key is refused at start, not at first read.
  proof       bytea       not null,
  created_at  timestamptz not null default now()
);

create table vault.identifiers (
  identifier_id  bigint      not null primary key,   -- random: says nothing about order or person
  kind           text        not null,
  token          uuid        not null,               -- keyed hash of kind and normalised value
  wrapped_key    bytea       not null,
  generation     smallint    not null references vault.master_keys,
  sealed         bytea       not null,               -- the value as written, and normalised
  created_at     timestamptz not null default now(),
  constraint identifier_is_positive check (identifier_id > 0)
);
create unique index identifiers_token on vault.identifiers (token);

-- What one event or note said of a person, as one envelope; the event carries only the number.
create table vault.envelopes (
  sealed_id      bigint not null generated always as identity primary key,
  identifier_id  bigint not null,
  sealed         bytea  not null
);

-- The newest value of each personal trait, per identifier it was said under.
create table vault.traits (
  identifier_id  bigint      not null references vault.identifiers,
  field          text        not null,
  sealed         bytea       not null,
  occurred_at    timestamptz not null,
  primary key (identifier_id, field)
) with (fillfactor = 80);

-- Blind index: equality only, on parts a person at a counter would say.
create table vault.search_tokens (
  token          uuid   not null,
  identifier_id  bigint not null references vault.identifiers,
  field          text   not null,
  primary key (token, identifier_id, field)
);
create index search_tokens_of on vault.search_tokens (identifier_id, field);
