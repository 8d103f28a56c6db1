-- Carts: each under the identifier that it was filled under. A customer's cart is the open carts of
-- all her identifiers together, so a merge of people moves nothing and a split is exact.
create table stock.carts (
  cart_id         uuid        not null primary key,
  identifier_id   bigint      not null,
  channel         text        not null,
  state           text        not null default 'open',
  opened_at       timestamptz not null,
  touched_at      timestamptz not null,
  closed_at       timestamptz,
  -- When it was noticed that nobody touches it any more; null again with the next touch.
  left_at         timestamptz,
  -- What the last try to check out, or the last look, met: for the reason of a left cart.
  refusal         text,
  shipping_minor  bigint,
  constraint state_is_known check (state in ('open', 'ordered', 'given', 'dropped')),
  constraint closed_when_over check ((closed_at is null) = (state = 'open'))
) with (fillfactor = 80);
create unique index carts_open on stock.carts (identifier_id) where state = 'open';
create index carts_touched on stock.carts (touched_at, cart_id) where state = 'open';
create index carts_untold on stock.carts (touched_at) where state = 'open' and left_at is null;

create table stock.cart_lines (
  cart_id      uuid        not null references stock.carts,
  sku          text        not null,
  -- Zero: taken out. The row stays, so that a version is never used twice.
  qty          integer     not null,
  version      integer     not null default 1,
  method       text        not null,
  location_id  text,
  channel      text        not null,
  added_at     timestamptz not null,
  touched_at   timestamptz not null,
  primary key (cart_id, sku),
  constraint qty_is_not_negative check (qty >= 0),
  constraint method_is_known check (method in ('carry', 'pickup', 'ship')),
  constraint place_when_there check ((method = 'ship') = (location_id is null))
) with (fillfactor = 70);

-- A cart on its way from one screen to another. The code is said at a counter, the token is in the
-- QR picture; only its hash is kept.
create table stock.cart_codes (
  code        text        not null,
  token_hash  uuid        not null primary key,
  cart_id     uuid        not null references stock.carts,
  made_at     timestamptz not null,
  expires_at  timestamptz not null,
  used_at     timestamptz,
  constraint code_is_digits check (code ~ '^[0-9]{6,9}$')
);
create unique index cart_codes_code on stock.cart_codes (code) where used_at is null;
create index cart_codes_due on stock.cart_codes (expires_at);
create index cart_codes_cart on stock.cart_codes (cart_id);

-- Wrong codes by who said them, so that codes cannot be guessed.
create table stock.cart_code_failures (
  said_by    text        not null,
  failed_at  timestamptz not null
);
create index cart_code_failures_by on stock.cart_code_failures (said_by, failed_at);
create index cart_code_failures_due on stock.cart_code_failures (failed_at);
