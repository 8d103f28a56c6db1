-- How fast goods sell by place, kept as sums by day; and how long they last, worked out at night.
create table stock.sales_days (
  location_id  text     not null,
  day          date     not null,
  sku          text     not null,
  sold         integer  not null,
  returned     integer  not null default 0,
  primary key (location_id, day, sku)
) with (fillfactor = 70);

insert into stock.sales_days (location_id, day, sku, sold, returned)
select r.location_id, r.business_day, coalesce(p.part_sku, l.sku),
       sum(greatest(l.qty, 0) * coalesce(p.qty, 1)), sum(greatest(-l.qty, 0) * coalesce(p.qty, 1))
  from stock.receipts r
  join stock.receipt_lines l on l.receipt_id = r.receipt_id and not l.is_unknown and l.qty <> 0
  left join stock.set_parts p on p.set_sku = l.sku
 where r.replaced_by is null
 group by r.location_id, r.business_day, coalesce(p.part_sku, l.sku);

create table stock.cover (
  location_id   text        not null,
  sku           text        not null,
  promisable    integer     not null,
  -- Sold less returned in four weeks.
  sold_28       integer     not null,
  last_sold_on  date,
  -- Days that what can be promised lasts at that pace; null where nothing is sold.
  days          float8,
  -- Lies there, was not sold for sixty days, and did not come in the meantime.
  is_dead       boolean     not null,
  reckoned_at   timestamptz not null,
  primary key (location_id, sku)
);
create index cover_short on stock.cover (location_id, days, sku) where days < 7;
create index cover_dead on stock.cover (location_id, promisable desc, sku) where is_dead;
create index cover_sku on stock.cover (sku);
