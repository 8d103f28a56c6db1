-- When a place's cover was worked out, once for the place: a row that is as it was last night is not
-- written again. Of millions of rows a night changes those that sold.
create table stock.cover_nights (
  location_id  text        not null primary key,
  reckoned_at  timestamptz not null
);
insert into stock.cover_nights (location_id, reckoned_at)
select c.location_id, max(c.reckoned_at) from stock.cover c group by c.location_id;

alter table stock.cover drop column reckoned_at;
