-- Goods that come back, wherever they were bought.

-- The rules of returning; the last row is law, the others say what was law when.
create table stock.return_policies (
  policy_id           bigint      not null generated always as identity primary key,
  -- Days after the purchase; faulty goods come back whenever.
  days                integer     not null,
  -- Returns of one customer in so many days; more need somebody who may decide.
  per_customer_max    integer     not null,
  per_customer_days   integer     not null,
  -- What goods without proof of purchase may be worth together.
  unproven_max_minor  bigint      not null,
  set_by              text        not null,
  set_at              timestamptz not null,
  constraint days_are_sane check (days between 0 and 3650 and per_customer_days between 1 and 3650),
  constraint limits_are_not_negative check (per_customer_max >= 0 and unproven_max_minor >= 0)
);
insert into stock.return_policies (
  days, per_customer_max, per_customer_days, unproven_max_minor, set_by, set_at)
values (30, 10, 90, 10000, 'system:setten', '2026-01-01T00:00:00Z');

create table stock.returns (
  return_id         uuid        not null primary key,
  -- The number that people say.
  return_no         text        not null unique,
  location_id       text        not null,
  at                timestamptz not null,
  taken_by          text        not null,
  -- The purchase: one key for an order and all receipts of it, so that nothing comes back twice.
  root              text,
  order_id          uuid,
  receipt_id        uuid,
  identifier_id     bigint,
  reason            text        not null,
  currency          text        not null,
  -- What had been paid for the goods, tax included.
  total_minor       bigint      not null,
  tax               jsonb       not null,
  -- How it went back: [{kind, amount_minor}].
  refunds           jsonb       not null,
  -- Why somebody decided beyond the rules, when they did.
  override_reason   text,
  -- Goods taken instead: the hold that keeps them, and what they cost.
  exchange_hold_id  uuid,
  exchange_minor    bigint      not null default 0,
  event_id          text        not null,
  constraint total_is_not_negative check (total_minor >= 0 and exchange_minor >= 0)
);
create index returns_root on stock.returns (root) where root is not null;
create index returns_identifier on stock.returns (identifier_id, at) where identifier_id is not null;
create index returns_location on stock.returns (location_id, return_id);

create table stock.return_lines (
  return_id     uuid     not null references stock.returns,
  line_no       smallint not null,
  root          text,
  -- The line of the order or receipt that it was sold on.
  sold_line     smallint,
  sku           text     not null,
  qty           integer  not null,
  condition     text     not null,
  amount_minor  bigint   not null,
  tax_rate      numeric(5, 4),
  primary key (return_id, line_no),
  constraint qty_is_positive check (qty > 0),
  constraint condition_is_known check (condition in ('resaleable', 'damaged', 'unusable'))
);
create index return_lines_root on stock.return_lines (root, sku) where root is not null;
