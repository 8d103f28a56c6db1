-- name: put
insert into stock.locations (
  location_id, name_ja, name_en, kind, lat, lon, timezone, hours, updated_at)
select n.location_id, n.name_ja, n.name_en, n.kind, n.lat, n.lon, n.timezone, n.hours::jsonb, :now
  from unnest(:location_ids::text[], :names_ja::text[], :names_en::text[], :kinds::text[],
              :lats::float8[], :lons::float8[], :timezones::text[], :hours::text[])
       as n(location_id, name_ja, name_en, kind, lat, lon, timezone, hours)
 order by n.location_id
on conflict (location_id) do update
   set name_ja = excluded.name_ja, name_en = excluded.name_en, kind = excluded.kind,
       lat = excluded.lat, lon = excluded.lon, timezone = excluded.timezone,
       hours = excluded.hours, updated_at = excluded.updated_at;

-- name: bump
update stock.locations_version set version = version + 1;

-- name: version
-- Also whether there are sets at all: who sells none asks for none.
select version, exists (select 1 from stock.set_parts) as sells_sets from stock.locations_version;

-- name: all
-- Shops from north to south, as chains list theirs; then what is no shop.
select location_id, name_ja, name_en, kind, lat, lon, timezone, hours::text as hours
  from stock.locations
 order by kind <> 'shop', lat desc nulls last, location_id;

-- name: by_id
select location_id, name_ja, name_en, kind, lat, lon, timezone, hours::text as hours
  from stock.locations
 where location_id = any(:location_ids::text[]);

-- name: known
select location_id from stock.locations where location_id = any(:location_ids::text[]);
