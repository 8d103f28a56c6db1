-- name: put
insert into stock.regions as r (region_id, name_ja, name_en, updated_at)
select n.region_id, n.name_ja, n.name_en, :now
  from unnest(:region_ids::text[], :names_ja::text[], :names_en::text[])
       as n(region_id, name_ja, name_en)
 order by n.region_id
on conflict (region_id) do update
   set name_ja = excluded.name_ja, name_en = excluded.name_en, updated_at = excluded.updated_at;

-- name: drop_places
delete from stock.region_places where region_id = any(:region_ids::text[]);

-- name: put_places
insert into stock.region_places (region_id, location_id)
select p.region_id, p.location_id
  from unnest(:region_ids::text[], :location_ids::text[]) as p(region_id, location_id)
 order by p.region_id, p.location_id;

-- name: forget
-- Regions that were written without places are gone; what was promised for them stays.
delete from stock.regions r
 where r.region_id = any(:region_ids::text[])
   and not exists (select 1 from stock.region_places p where p.region_id = r.region_id);

-- name: all
select r.region_id, r.name_ja, r.name_en, array_agg(p.location_id order by p.location_id) as places
  from stock.regions r
  join stock.region_places p on p.region_id = r.region_id
 group by r.region_id, r.name_ja, r.name_en
 order by r.region_id
 limit :most;

-- name: places_of
select location_id from stock.region_places where region_id = :region_id order by location_id;

-- name: note
insert into stock.regional_holds (hold_id, location_ids, region_id, lat, lon, asked_at)
values (:hold_id, :location_ids, :region_id, :lat, :lon, :now);

-- name: by_ids
select hold_id, location_ids, region_id, rejected, lat, lon, asked_at, routed_at
  from stock.regional_holds
 where hold_id = any(:hold_ids::uuid[]);

-- name: unplaced
-- Promised, and no place named yet: oldest first, of one region or of all. Each hold is looked up by
-- its number: open ones of the whole chain are many more than wait here.
select r.hold_id, r.location_ids, r.region_id, r.rejected, r.lat, r.lon, r.asked_at, r.routed_at
  from stock.regional_holds r
 where r.routed_at is null
   and (select h.ended_at is null and h.expires_at > :now
          from stock.holds h
         where h.hold_id = r.hold_id)
   and (:region_id::text is null or r.region_id = :region_id)
   and (r.asked_at, r.hold_id) /*past*/ > (:after_at::timestamptz, :after_id::uuid)
 order by r.asked_at /*way*/ asc, r.hold_id /*way*/ asc
 limit :most;

-- name: count_unplaced
-- By region; null for those asked near a point. Only few wait at a time: a job names their places.
select r.region_id, count(*) as holds
  from (select x.hold_id, x.region_id
          from stock.regional_holds x
         where x.routed_at is null
         order by x.asked_at
         limit :most) as r
  join stock.holds h on h.hold_id = r.hold_id
 where h.ended_at is null and h.expires_at > :now
 group by r.region_id;

-- name: set_routed
update stock.regional_holds
   set routed_at = :now, rejected = :rejected
 where hold_id = :hold_id;

-- name: keep
update stock.regional_holds set routed_at = :now where hold_id = :hold_id and routed_at is null;

-- name: rows_of
-- The rows that a region has of some goods, to be locked in the one order of all rows.
select b.sku, b.location_id
  from stock.balances b
 where b.sku = any(:skus::text[]) and b.location_id = any(:location_ids::text[]);

-- name: waiting
-- Asked a while ago and routed by nobody.
select r.hold_id
  from stock.regional_holds r
 where r.routed_at is null and r.asked_at <= :before
 order by r.asked_at, r.hold_id
 limit :most;

-- name: settle_ended
-- Promises that ended before they were routed wait for nothing.
update stock.regional_holds r
   set routed_at = :now
  from stock.holds h
 where h.hold_id = r.hold_id and r.routed_at is null
   and (h.ended_at is not null or h.expires_at <= :now);
