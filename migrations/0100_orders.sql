-- Orders of our own, beside those that other systems of record tell; and what was paid for them.

-- Where it was sold (a shop, or the online shop); what goods and way cost; who took it.
alter table stock.orders
  add column location_id     text,
  add column tax_included    boolean not null default true,
  add column shipping_minor  bigint  not null default 0,
  add column state           text    not null default 'placed',
  add column placed_by       text,
  add column cart_id         uuid,
  -- The envelope of the vault with name and address it is sent to.
  add column address_id      bigint,
  -- What is no longer wanted of it, so that total_minor - cancelled_minor is due.
  add column cancelled_minor bigint  not null default 0,
  add constraint state_is_known check (state in ('placed', 'cancelled')),
  add constraint cancelled_is_part_of_it
    check (cancelled_minor >= 0 and cancelled_minor <= coalesce(total_minor, cancelled_minor));
create index orders_placed on stock.orders (placed_at, order_id);
create index orders_location on stock.orders (location_id, placed_at) where location_id is not null;
-- A number is all that somebody says at a counter.
create index orders_by_number on stock.orders (order_ref);
-- A cart becomes one order, whoever presses twice.
create unique index orders_cart on stock.orders (cart_id) where cart_id is not null;

-- How a line gets to its customer: carried away, collected at a place, or sent. Null: told by others.
alter table stock.order_lines
  add column unit_price_minor  bigint,
  add column tax_rate          numeric(5, 4),
  add column method            text,
  add column location_id       text,
  add column cancelled_qty     integer not null default 0,
  add constraint method_is_known check (method in ('carry', 'pickup', 'ship')),
  add constraint cancelled_is_part_of_it check (cancelled_qty between 0 and greatest(qty, 0));

-- One row a rate: tax is rounded once for each, as a qualified invoice asks.
create table stock.order_taxes (
  order_id      uuid           not null references stock.orders,
  rate          numeric(5, 4)  not null,
  -- What the goods (and the way) of this rate cost, tax included; and the tax inside it.
  amount_minor  bigint         not null,
  tax_minor     bigint         not null,
  primary key (order_id, rate)
);

-- The holds that keep an order's promise. What becomes of them is the fulfilment's.
create table stock.order_holds (
  hold_id   uuid not null primary key,
  order_id  uuid not null references stock.orders
);
create index order_holds_order on stock.order_holds (order_id);

create table stock.order_cancels (
  order_id      uuid        not null references stock.orders,
  line_no       smallint    not null,
  qty           integer     not null,
  amount_minor  bigint      not null,
  reason        text,
  cancelled_by  text        not null,
  at            timestamptz not null,
  constraint qty_is_positive check (qty > 0)
);
create index order_cancels_order on stock.order_cancels (order_id);

-- What is to be paid for an order and how far that has come. No card number passes through here.
create table stock.payments (
  payment_id        uuid        not null primary key,
  order_id          uuid        not null references stock.orders,
  method            text        not null,
  provider          text,
  -- The provider's own name for it.
  reference         text,
  currency          text        not null,
  intended_minor    bigint      not null,
  authorised_minor  bigint      not null default 0,
  captured_minor    bigint      not null default 0,
  refunded_minor    bigint      not null default 0,
  is_voided         boolean     not null default false,
  made_at           timestamptz not null,
  constraint intended_is_positive check (intended_minor > 0),
  constraint no_more_than_intended
    check (authorised_minor between 0 and intended_minor
           and captured_minor between 0 and intended_minor),
  constraint no_more_back_than_taken check (refunded_minor between 0 and captured_minor)
);
create index payments_order on stock.payments (order_id, made_at);

-- Append-only: each step of a payment, once by its reference.
create table stock.payment_steps (
  step_id       uuid        not null primary key,
  payment_id    uuid        not null references stock.payments,
  kind          text        not null,
  amount_minor  bigint      not null,
  reference     text,
  made_by       text        not null,
  at            timestamptz not null,
  constraint kind_is_known check (kind in ('intended', 'authorised', 'captured', 'refunded',
    'reversed', 'voided', 'failed'))
);
create index payment_steps_payment on stock.payment_steps (payment_id, at);
create unique index payment_steps_once on stock.payment_steps (payment_id, kind, reference)
  where reference is not null;
