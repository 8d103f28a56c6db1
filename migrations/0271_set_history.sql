-- What each set was made of, and from when: a purchase comes back as what was sold. What was said
-- first holds from 1970 on, since goods are often described after tills have told.

create table stock.set_history (
  set_sku text not null,
  from_at timestamptz not null,
  parts jsonb not null,
  primary key (set_sku, from_at)
);
comment on column stock.set_history.parts is 'units by part; {} where it is no set any more';
create index set_history_parts on stock.set_history using gin (parts);

insert into stock.set_history (set_sku, from_at, parts)
select set_sku, '1970-01-01 00:00:00+00', jsonb_object_agg(part_sku, qty)
  from stock.set_parts
 group by set_sku;
