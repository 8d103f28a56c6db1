-- What segments must know of stock and carts: small copies of their own, fed by facts.
create table customers.segment_places (
  location_id  text             not null primary key,
  lat          double precision not null,
  lon          double precision not null
);

-- Places where something can be promised; a row goes when nothing can.
create table customers.segment_stock (
  sku          text not null,
  location_id  text not null,
  constraint segment_stock_pkey primary key (sku, location_id)
);

create table customers.segment_carts (
  identifier_id  bigint not null,
  sku            text   not null,
  constraint segment_carts_pkey primary key (identifier_id, sku)
);
-- Whose cart has what came back.
create index segment_carts_sku on customers.segment_carts (sku);
