-- What else stands between what is there and what may be promised, and what is due.

-- Kept on the row itself: whoever locks it knows all that a promise needs.
alter table stock.balances
  -- On show: there, not for sale but by the shop itself.
  add column display integer not null default 0,
  -- Set aside for some channel and not yet taken by it: the sum of stock.allocations.
  add column allocated integer not null default 0;
alter table stock.balances
  add constraint display_is_not_negative check (display >= 0) not valid,
  add constraint allocated_is_not_negative check (allocated >= 0) not valid;

create table stock.allocations (
  sku          text        not null,
  location_id  text        not null,
  channel      text        not null,
  -- Units still set aside: less with each that the channel takes, more with each it gives back.
  qty          integer     not null,
  -- Then the rest is everybody's.
  until        timestamptz,
  updated_at   timestamptz not null,
  primary key (sku, location_id, channel),
  constraint qty_is_not_negative check (qty >= 0)
);
create index allocations_until on stock.allocations (until) where until is not null;

-- How many of a line were taken out of the hold's channel's allocation.
alter table stock.hold_lines add column allocated integer not null default 0;

-- What suppliers (and other places) will bring, by order and day.
create table stock.inbound (
  inbound_id   uuid        not null primary key,
  ref          text        not null,
  sku          text        not null,
  location_id  text        not null,
  qty          integer     not null,
  received     integer     not null default 0,
  due_on       date        not null,
  -- Of the qty at most so many are promised before they are here.
  cap          integer     not null,
  promised     integer     not null default 0,
  is_open      boolean     not null default true,
  told_at      timestamptz not null,
  constraint qty_is_positive check (qty > 0),
  constraint received_is_not_negative check (received >= 0),
  constraint never_more_than_due check (
    promised >= 0 and promised <= cap and promised <= greatest(qty - received, 0))
);
create unique index inbound_ref on stock.inbound (ref, sku, location_id);
create index inbound_due on stock.inbound (sku, location_id, due_on) where is_open;

-- Promises against what is due. When it comes they become ordinary holds.
create table stock.preorders (
  preorder_id    uuid        not null primary key,
  inbound_id     uuid        not null references stock.inbound,
  identifier_id  bigint,
  sku            text        not null,
  location_id    text        not null,
  qty            integer     not null,
  channel        text        not null,
  state          text        not null default 'waiting',
  due_on         date        not null,
  placed_at      timestamptz not null,
  placed_by      text        not null,
  hold_id        uuid,
  ended_at       timestamptz,
  constraint qty_is_positive check (qty > 0),
  constraint state_is_known check (state in ('waiting', 'held', 'short', 'cancelled')),
  constraint ended_when_over check ((ended_at is null) = (state = 'waiting'))
);
create index preorders_waiting on stock.preorders (inbound_id, preorder_id)
  where state = 'waiting';
create index preorders_identifier on stock.preorders (identifier_id, preorder_id)
  where identifier_id is not null;
