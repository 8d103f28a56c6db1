-- Who they are. Every row about a person keeps the identifier it happened under; which customer
-- that is, is derived, so that a merge or a split rewrites nothing but this.
create schema customers;

-- What one customer may hold of each kind, and when an identifier is taken to be everybody's.
create table customers.identity_rules (
  kind          text    not null primary key,
  -- Weak ones name a browser or a device, not a person: they never join two people.
  is_weak       boolean not null,
  most          integer not null,
  -- Met with more than this many of one personal kind, an identifier stands with none of them:
  -- a kiosk's cookie, the shop's own phone number.
  shared_after  integer not null,
  constraint limits_are_positive check (most > 0 and shared_after > 0)
);
insert into customers.identity_rules (kind, is_weak, most, shared_after) values
  ('user_id',      false,   1, 20),
  ('loyalty_card', false,   5, 20),
  ('line_id',      false,   5, 20),
  ('whatsapp_id',  false,   5, 20),
  ('email',        false,   5, 20),
  ('phone',        false,   5, 20),
  ('device_id',    true,   50, 10),
  -- A browser that forgets weekly, on two devices, for years.
  ('anonymous_id', true,  500, 10);

create table customers.customers (
  customer_id  uuid        not null primary key,
  created_at   timestamptz not null,
  -- Always the living one: a chain of merges is shortened when it grows.
  merged_into  uuid        references customers.customers,
  constraint not_into_itself check (merged_into <> customer_id)
);
create index customers_merged on customers.customers (merged_into) where merged_into is not null;

create table customers.identifiers (
  identifier_id  bigint      not null primary key,
  kind           text        not null,
  customer_id    uuid        not null references customers.customers,
  -- The customer this identifier is the anchor of, living or merged: a split gives it back.
  born_as        uuid        not null,
  first_at       timestamptz not null,
  is_shared      boolean     not null default false
);
create index identifiers_customer on customers.identifiers (customer_id);

-- The whole evidence that two identifiers are one person: for each pair the earliest.
create table customers.links (
  link_id      bigint      not null generated always as identity primary key,
  a            bigint      not null,
  b            bigint      not null,
  kind         text        not null,
  event_id     text        not null,
  source_id    integer,
  occurred_at  timestamptz not null,
  -- Why it does not count, by the present evidence; null when it does.
  refusal      text,
  constraint pair_is_ordered check (a < b),
  constraint kind_is_known check (kind in ('event', 'alias', 'manual')),
  constraint refusal_is_known check (refusal in ('limit', 'weak', 'shared', 'quarantined'))
);
create unique index links_pair on customers.links (a, b);
create index links_b on customers.links (b);

-- Identifiers whose evidence has outgrown what is resolved at once; a person looks at them.
create table customers.quarantines (
  identifier_id  bigint      not null primary key,
  links          integer     not null,
  noted_at       timestamptz not null
);

-- One line per event of a person, with what is needed to draw it.
create table customers.timeline (
  identifier_id  bigint      not null,
  occurred_at    timestamptz not null,
  position       bigint      not null,
  xid            bigint      not null,
  arrived_on     date        not null,
  event_id       text        not null,
  name           text        not null,
  channel        text        not null,
  location_id    text,
  -- The purchase that this line tells of, when it tells of one.
  purchase_key   text,
  summary        json        not null,
  constraint timeline_pkey primary key (identifier_id, occurred_at, position)
);
create index timeline_event on customers.timeline (event_id);
-- An open page asks what is new, whenever it happened.
create index timeline_news on customers.timeline (identifier_id, xid, position);
-- What she looked at last, without reading past everything else she did.
create index timeline_viewed on customers.timeline (identifier_id, occurred_at)
  where name = 'product.viewed';

create table customers.counters (
  identifier_id  bigint  not null,
  name           text    not null,
  channel        text    not null,
  day            date    not null,
  n              integer not null,
  constraint counters_pkey primary key (identifier_id, name, channel, day)
) with (fillfactor = 80);

-- One row per purchase, however many have told of it; the best teller's figures stand.
create table customers.purchases (
  purchase_key   text        not null,
  identifier_id  bigint      not null,
  -- 2 stock's own order, 1 a till's receipt of an order, by the receipt alone 2.
  rank           smallint    not null,
  event_id       text        not null,
  occurred_at    timestamptz not null,
  channel        text        not null,
  location_id    text,
  total_minor    bigint      not null,
  currency       text        not null,
  constraint purchases_pkey primary key (purchase_key)
);
create index purchases_of on customers.purchases (identifier_id, occurred_at);

-- The newest value of each trait that is not personal; personal ones are in the vault.
create table customers.traits (
  identifier_id  bigint      not null,
  field          text        not null,
  value          json        not null,
  occurred_at    timestamptz not null,
  constraint traits_pkey primary key (identifier_id, field)
) with (fillfactor = 80);
