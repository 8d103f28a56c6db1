-- Who delivers where, when and for how much.

create table stock.delivery_zones (
  zone_id     text        not null primary key,
  name_ja     text        not null,
  name_en     text        not null,
  updated_at  timestamptz not null
);

-- A postcode belongs to the zone of its longest prefix; no prefix belongs to two.
create table stock.delivery_prefixes (
  prefix   text not null primary key,
  zone_id  text not null references stock.delivery_zones on delete cascade,
  constraint prefix_is_digits check (prefix ~ '^[0-9]{1,7}$')
);
create index delivery_prefixes_zone on stock.delivery_prefixes (zone_id);

create table stock.delivery_services (
  service_id       text        not null primary key,
  name_ja          text        not null,
  name_en          text        not null,
  origin           text        not null references stock.locations,
  zone_id          text        not null references stock.delivery_zones on delete cascade,
  -- At the origin's own clock; what is ordered later goes the next shipping day.
  cut_off          time        not null,
  ship_days        text[]      not null,
  lead_days_min    smallint    not null,
  lead_days_max    smallint    not null,
  fee_minor        bigint      not null,
  -- Goods for this much travel free; null: never.
  free_from_minor  bigint,
  currency         text        not null,
  -- Classes of goods it takes: a parcel service takes no sofa.
  carries          text[]      not null,
  updated_at       timestamptz not null,
  constraint lead_is_ordered check (0 <= lead_days_min and lead_days_min <= lead_days_max),
  constraint fee_is_not_negative check (fee_minor >= 0)
);
create index delivery_services_zone on stock.delivery_services (zone_id, service_id);
