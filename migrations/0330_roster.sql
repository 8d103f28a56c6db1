-- One row for each customer of whom more is known than a browser, for the list of all of them: what it
-- is filtered and sorted by, kept by a reader of what changes it. No name and no address is here.
create table customers.roster (
  customer_id uuid primary key,
  stage text not null,
  location_id text,
  last_at timestamptz not null,
  total_minor bigint not null,
  currency text not null,
  channels text[] not null
) with (fillfactor = 80);
comment on column customers.roster.location_id is 'the shop that is hers, as her profile says it';
comment on column customers.roster.last_at is 'her last touch; a mere visit is added by night';
comment on column customers.roster.total_minor is 'all she ever bought, less returns, in the currency she buys in most';
comment on column customers.roster.channels is 'through which she agreed to be written to, and it arrives';
create index roster_last on customers.roster (last_at, customer_id);
create index roster_total on customers.roster (total_minor, customer_id);
create index roster_stage_last on customers.roster (stage, last_at, customer_id);
create index roster_stage_total on customers.roster (stage, total_minor, customer_id);
create index roster_home_last on customers.roster (location_id, last_at, customer_id);
-- Few may be reached through a rare channel: then these are looked up and put in order.
create index roster_channels on customers.roster using gin (channels);

-- How far a walk over everybody has come. The first begins here: who came before is listed soon.
create table customers.roster_walks (
  is_only boolean primary key default true check (is_only),
  after uuid not null
);
insert into customers.roster_walks (after) values ('00000000-0000-0000-0000-000000000000');
