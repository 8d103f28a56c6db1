-- One stock: goods, places, what is where and to whom it is promised.
create schema stock;

create table stock.items (
  sku           text        not null primary key,
  name_ja       text        not null,
  name_en       text        not null,
  -- 14 digits, zero-padded, so that every length of GTIN compares; and as the caller wrote it.
  gtin          text,
  gtin_written  text,
  product_id    text,
  attributes    jsonb       not null default '{}',
  price_minor   bigint,
  currency      text,
  tax_rate      numeric(5, 4),
  tax_included  boolean     not null default true,
  updated_at    timestamptz not null,
  constraint gtin_is_14_digits check (gtin ~ '^[0-9]{14}$'),
  constraint price_has_currency check ((price_minor is null) or (currency is not null)),
  constraint price_is_not_negative check (price_minor >= 0)
);
create index items_gtin on stock.items (gtin) where gtin is not null;
create index items_product on stock.items (product_id) where product_id is not null;

create table stock.locations (
  location_id  text        not null primary key,
  name_ja      text        not null,
  name_en      text        not null,
  kind         text        not null,
  lat          float8,
  lon          float8,
  timezone     text        not null,
  -- Opening hours by weekday, and days that differ: see stock/hours.py.
  hours        jsonb       not null default '{}',
  updated_at   timestamptz not null,
  constraint kind_is_known check (kind in ('shop', 'warehouse', 'online')),
  constraint point_is_whole check ((lat is null) = (lon is null)),
  constraint point_is_on_earth check (lat between -90 and 90 and lon between -180 and 180)
);

-- One row. Every process keeps the places in memory and looks here whether they changed.
create table stock.locations_version (
  is_only  boolean not null primary key default true check (is_only),
  version  bigint  not null default 0
);
insert into stock.locations_version default values;

create table stock.accounts (
  account  smallint not null primary key,
  name     text     not null unique
);
insert into stock.accounts (account, name) values
  (1, 'supplier'), (2, 'on_hand'), (3, 'held'), (4, 'in_transit'), (5, 'quarantine'),
  (6, 'sold'), (7, 'returned'), (8, 'shrinkage'), (9, 'opening');

-- What is where now. Only the ledger writes the four account columns, in the transaction of its
-- entries; `setten reconcile` proves that they agree.
create table stock.balances (
  sku          text    not null,
  location_id  text    not null,
  -- On the shelf and promised to nobody. Below zero when a till sold what we did not know of.
  on_hand      integer not null default 0,
  -- On the shelf (or picked) and promised. Physically there: on_hand + held.
  held         integer not null default 0,
  -- Sent from here less arrived here; over all places it is what is on the road.
  in_transit   integer not null default 0,
  quarantine   integer not null default 0,
  -- Kept back from promises. Promisable: on_hand - safety.
  safety       integer not null default 0,
  shelf        text,
  primary key (sku, location_id),
  constraint held_is_not_negative check (held >= 0),
  constraint safety_is_not_negative check (safety >= 0)
) with (fillfactor = 50);
create index balances_location on stock.balances (location_id, sku);

comment on column stock.balances.on_hand is 'physically there and promised to nobody';
comment on column stock.balances.held is 'physically there and promised; physical = on_hand + held';

-- Append-only. Each row takes qty units out of one account and puts them into another, so the sum
-- over all accounts is zero by shape.
create table stock.ledger (
  entry_id      bigint      not null generated always as identity primary key,
  at            timestamptz not null,
  sku           text        not null,
  location_id   text        not null,
  -- Numbers of stock.accounts. Checked here: a foreign key would lock those few rows in every
  -- transaction that moves stock, and all of them would meet there.
  from_account  smallint    not null,
  to_account    smallint    not null,
  qty           integer     not null,
  -- What moved it: movement, hold, receipt …, and which one.
  cause         text        not null,
  cause_id      uuid        not null,
  constraint qty_is_positive check (qty > 0),
  constraint accounts_are_known check (from_account between 1 and 9 and to_account between 1 and 9),
  constraint goes_somewhere check (from_account <> to_account)
);
create index ledger_of_row on stock.ledger (sku, location_id, entry_id);

create function stock.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'stock.ledger is append-only: correct it with a new entry';
end $$;
create trigger ledger_is_append_only before update or delete on stock.ledger
  for each statement execute function stock.refuse_change();

create table stock.movements (
  movement_id  uuid        not null primary key,
  kind         text        not null,
  sku          text        not null,
  location_id  text        not null,
  -- As asked: for a count the units counted, for an adjustment the signed difference.
  qty          integer     not null,
  reason       text,
  ref          text,
  actor        text        not null,
  at           timestamptz not null,
  constraint kind_is_known check (kind in ('receive', 'sell', 'return', 'adjust', 'count',
    'transfer_out', 'transfer_in'))
);
create unique index movements_ref on stock.movements (ref, kind, sku, location_id)
  where ref is not null;
create index movements_of_row on stock.movements (sku, location_id, at);

create table stock.holds (
  hold_id        uuid        not null primary key,
  -- The identifier it happened under; who that is now, customers.identity knows.
  identifier_id  bigint,
  location_id    text        not null,
  code           text        not null,
  purpose        text        not null,
  channel        text        not null,
  state          text        not null default 'held',
  placed_at      timestamptz not null,
  expires_at     timestamptz not null,
  ready_at       timestamptz,
  ended_at       timestamptz,
  ended_by       text,
  placed_by      text        not null,
  constraint state_is_known check (state in ('held', 'ready', 'collected', 'released', 'expired',
    'short')),
  constraint ended_when_over check ((ended_at is null) = (state in ('held', 'ready'))),
  constraint code_is_digits check (code ~ '^[0-9]{6,9}$')
) with (fillfactor = 80);
-- Also finds a hold by its code alone.
create unique index holds_code on stock.holds (code, location_id) where ended_at is null;
create index holds_due on stock.holds (expires_at) where ended_at is null;
create index holds_queue on stock.holds (location_id, hold_id) where ended_at is null;
create index holds_ended on stock.holds (location_id, state, hold_id) where ended_at is not null;
create index holds_identifier on stock.holds (identifier_id, hold_id)
  where identifier_id is not null;

create table stock.hold_lines (
  -- Written together with its hold, by one verb; a foreign key would look at each row again.
  hold_id       uuid    not null,
  sku           text    not null,
  location_id   text    not null,
  qty           integer not null,
  state         text    not null default 'held',
  -- The hold is collected at another place than where this line lies.
  is_elsewhere  boolean not null default false,
  -- The receipt that paid for it, so that hand-over and till do not take the goods twice.
  receipt_id    uuid,
  primary key (hold_id, sku, location_id),
  constraint qty_is_positive check (qty > 0),
  constraint state_is_known check (state in ('held', 'picked', 'collected', 'released', 'expired',
    'short'))
) with (fillfactor = 80);
-- Which holds stand on a row of stock: found when a till sells what was promised.
create index hold_lines_open on stock.hold_lines (sku, location_id, hold_id)
  where state in ('held', 'picked');
create index hold_lines_elsewhere on stock.hold_lines (location_id, hold_id) where is_elsewhere;

-- Wrong pickup codes, so that a code cannot be guessed.
create table stock.code_failures (
  hold_id    uuid        not null,
  failed_at  timestamptz not null
);
create index code_failures_hold on stock.code_failures (hold_id, failed_at);

-- Work for the people of a shop.
create table stock.tasks (
  task_id      uuid        not null primary key,
  kind         text        not null,
  location_id  text        not null,
  hold_id      uuid        references stock.holds,
  sku          text,
  qty          integer,
  -- The nearest other place that has it, when there is one.
  alternative  text,
  opened_at    timestamptz not null,
  done_at      timestamptz,
  done_by      text,
  constraint kind_is_known check (kind in ('hold_short', 'put_back')),
  constraint done_whole check ((done_at is null) = (done_by is null))
);
create index tasks_open on stock.tasks (location_id, task_id) where done_at is null;
create index tasks_hold on stock.tasks (hold_id) where hold_id is not null;

create table stock.receipts (
  receipt_id     uuid        not null primary key,
  location_id    text        not null,
  register       text        not null,
  sequence       text        not null,
  business_day   date        not null,
  occurred_at    timestamptz not null,
  recorded_at    timestamptz not null,
  mode           text        not null,
  channel        text        not null default 'store',
  identifier_id  bigint,
  -- What the till took for the lines, after discounts; signed: a return is below zero.
  total_minor    bigint      not null,
  currency       text        not null,
  tax_included   boolean     not null default true,
  line_count     integer     not null,
  -- Kinds and amounts only. Card numbers are never kept.
  tenders        jsonb       not null default '[]',
  tax            jsonb       not null default '[]',
  coupons        text[]      not null default '{}',
  order_system   text,
  order_ref      text,
  content_hash   uuid        not null,
  -- Whether its lines moved stock: history that is loaded later does not.
  moved_stock    boolean     not null,
  event_id       text        not null,
  replaced_by    uuid,
  constraint mode_is_known check (mode in ('ask', 'tell')),
  constraint order_is_whole check ((order_system is null) = (order_ref is null))
);
create unique index receipts_key on stock.receipts (location_id, business_day, register, sequence)
  where replaced_by is null;
create index receipts_identifier on stock.receipts (identifier_id, occurred_at)
  where identifier_id is not null;
create index receipts_order on stock.receipts (order_system, order_ref)
  where order_ref is not null;

create table stock.receipt_lines (
  receipt_id      uuid     not null,
  line_no         smallint not null,
  sku             text     not null,
  qty             integer  not null,
  -- What was taken for the whole line, after discounts; signed.
  amount_minor    bigint   not null,
  discount_minor  bigint   not null default 0,
  coupon_minor    bigint   not null default 0,
  tax_rate        numeric(5, 4),
  -- The goods were not in the catalogue when the receipt came.
  is_unknown      boolean  not null default false,
  primary key (receipt_id, line_no)
);

-- Kept as sums by day, so that no page counts receipts.
create table stock.receipt_totals (
  location_id    text    not null,
  business_day   date    not null,
  currency       text    not null,
  receipts       bigint  not null,
  lines          bigint  not null,
  total_minor    bigint  not null,
  primary key (location_id, business_day, currency)
) with (fillfactor = 70);

create table stock.orders (
  order_id       uuid        not null primary key,
  system         text        not null,
  order_ref      text        not null,
  identifier_id  bigint,
  channel        text        not null,
  total_minor    bigint,
  currency       text,
  placed_at      timestamptz not null,
  event_id       text        not null
);
create unique index orders_ref on stock.orders (system, order_ref);
create index orders_identifier on stock.orders (identifier_id, placed_at)
  where identifier_id is not null;

create table stock.order_lines (
  order_id      uuid     not null references stock.orders,
  line_no       smallint not null,
  sku           text     not null,
  qty           integer  not null,
  amount_minor  bigint,
  primary key (order_id, line_no)
);

-- Other tellings of an order: evidence for attribution, never revenue.
create table stock.order_evidence (
  event_id     text        not null primary key,
  system       text,
  order_ref    text        not null,
  kind         text        not null,
  channel      text        not null,
  occurred_at  timestamptz not null
);
create index order_evidence_ref on stock.order_evidence (order_ref, system);
