-- Where each part of an order comes from, and how far it has come.

-- Which places send goods, how far, and how many a day. A place without a row sends when it is a
-- warehouse or the online shop.
create table stock.sending_places (
  location_id   text        not null primary key references stock.locations,
  ships         boolean     not null,
  -- The farthest customer, as the crow flies; null for any.
  max_km        float8,
  -- Parcels that may wait there at once; null for any number.
  open_max      integer,
  -- The lower is asked first among places that cover the same.
  rank          smallint    not null default 0,
  paused_until  timestamptz,
  set_by        text        not null,
  set_at        timestamptz not null,
  constraint limits_are_positive check (max_km > 0 and open_max > 0)
);

create table stock.fulfilments (
  fulfilment_id  uuid        not null primary key,
  order_id       uuid        not null references stock.orders,
  -- Null while no place has its goods.
  location_id    text,
  -- The hold that keeps its goods; what the counter does with it is the truth of a pickup.
  hold_id        uuid,
  way            text        not null,
  state          text        not null,
  opened_at      timestamptz not null,
  changed_at     timestamptz not null,
  service_id     text,
  ships_on       date,
  arrives_from   date,
  arrives_to     date,
  carrier        text,
  carrier_ref    text,
  -- Why its place could not, and the fulfilments that came in its stead point back here.
  reason         text,
  instead_of     uuid,
  told_late_at   timestamptz,
  -- Why the other places were not chosen: [{location_id, reason}].
  excluded       jsonb       not null default '[]',
  constraint way_is_known check (way in ('carry', 'pickup', 'ship')),
  constraint state_is_known check (state in ('routed', 'accepted', 'picked', 'packed', 'shipped',
    'delivered', 'rejected', 'cancelled', 'waiting')),
  constraint a_promise_is_kept_somewhere
    check ((hold_id is not null and location_id is not null) or state in ('waiting', 'cancelled'))
);
create index fulfilments_order on stock.fulfilments (order_id, fulfilment_id);
create unique index fulfilments_hold on stock.fulfilments (hold_id) where hold_id is not null;
create index fulfilments_queue on stock.fulfilments (location_id, fulfilment_id)
  where state in ('routed', 'accepted', 'picked', 'packed');
create index fulfilments_due on stock.fulfilments (ships_on)
  where state in ('routed', 'accepted', 'picked', 'packed') and told_late_at is null;
create index fulfilments_waiting on stock.fulfilments (fulfilment_id) where state = 'waiting';

create table stock.fulfilment_lines (
  fulfilment_id  uuid     not null references stock.fulfilments,
  -- Of the order; 0 for a part of a set that was ordered as one.
  line_no        smallint not null,
  sku            text     not null,
  qty            integer  not null,
  primary key (fulfilment_id, line_no, sku),
  constraint qty_is_positive check (qty > 0)
);

-- Append-only: each step, who took it, when.
create table stock.fulfilment_steps (
  step_id        uuid        not null primary key,
  fulfilment_id  uuid        not null references stock.fulfilments,
  state          text        not null,
  reason         text,
  made_by        text        not null,
  at             timestamptz not null
);
create index fulfilment_steps_of on stock.fulfilment_steps (fulfilment_id, step_id);
