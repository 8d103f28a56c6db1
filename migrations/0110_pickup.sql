-- Pickup at the counter: parts of a hold, goods taken instead, who came for it, a word before it ends.
alter table stock.holds
  -- The hold whose rest this is: part of that one was handed over, this part waits on.
  add column rest_of      uuid,
  -- When its customer was told that it ends soon; null once it was extended.
  add column reminded_at  timestamptz,
  -- Who may collect in the customer's stead: an envelope of the vault.
  add column collector_id bigint;

create table stock.hand_overs (
  hold_id    uuid        not null primary key,
  at         timestamptz not null,
  by         text        not null,
  -- By its code, or to another person who was named.
  to_whom    text        not null,
  sealed_id  bigint,
  constraint to_whom_is_known check (to_whom in ('code', 'named')),
  constraint a_name_is_sealed check ((to_whom = 'named') = (sealed_id is not null))
);

-- Goods that a customer agreed to take instead of others.
create table stock.substitutions (
  hold_id      uuid        not null,
  location_id  text        not null,
  was_sku      text        not null,
  sku          text        not null,
  qty          integer     not null,
  -- What a unit of it costs this customer.
  price_minor  bigint      not null,
  currency     text        not null,
  -- How the customer agreed, and who of us asked.
  agreed_how   text        not null,
  agreed_with  text        not null,
  at           timestamptz not null,
  primary key (hold_id, location_id, was_sku),
  constraint qty_is_positive check (qty > 0),
  constraint price_is_not_negative check (price_minor >= 0),
  constraint how_is_known check (agreed_how in ('counter', 'phone', 'chat', 'line', 'mail', 'web'))
);
