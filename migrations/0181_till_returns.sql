-- What tills took back without an order or a card: of which purchase it was is found by what the
-- till named, else by being the only one that fits, else by a person.
create table stock.till_returns (
  receipt_id     uuid        not null,
  sku            text        not null,
  location_id    text        not null,
  at             timestamptz not null,
  qty            integer     not null,
  amount_minor   bigint      not null,
  currency       text        not null,
  -- How the till paid back.
  tender         text        not null,
  -- The receipt that the till named, if it did.
  said_location  text,
  said_register  text,
  said_sequence  text,
  said_day       date,
  -- matched: its purchase is known. closed: nobody can know. void: the till corrected the receipt.
  state          text        not null default 'open',
  -- Why its purchase is not known yet; null before the first look.
  why            text,
  -- When it is looked at next; null: never again by itself.
  look_at        timestamptz,
  -- The purchase, once known: the same key as of returns over our own counters.
  root           text,
  purchase_id    uuid,
  identifier_id  bigint,
  -- said, only_one or person.
  how            text,
  decided_at     timestamptz,
  decided_by     text,
  note           text,
  primary key (receipt_id, sku),
  constraint qty_is_positive check (qty > 0),
  constraint state_is_known check (state in ('open', 'matched', 'closed', 'void')),
  constraint matched_is_whole check (state <> 'matched' or (root is not null and how is not null))
);
create index till_returns_due on stock.till_returns (look_at) where look_at is not null;
create index till_returns_open on stock.till_returns (location_id, at desc, receipt_id, sku)
  where state = 'open';
create index till_returns_root on stock.till_returns (root) where root is not null;
