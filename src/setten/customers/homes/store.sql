-- name: points
select code, lat::float8 as lat, lon::float8 as lon
  from customers.postcodes
 where code = any(:codes::text[]);

-- name: put
-- The later word stands; answers whose home is another now. She has moved when a later word names
-- another square; the same word read again by other points of postal codes is no move.
insert into customers.homes as h (identifier_id, lat, lon, occurred_at, since)
select identifier_id, lat::numeric(4, 2), lon::numeric(5, 2), occurred_at, occurred_at
  from unnest(:identifier_ids::bigint[], :lats::float8[], :lons::float8[], :ats::timestamptz[])
       as n(identifier_id, lat, lon, occurred_at)
on conflict (identifier_id) do update
   set lat = excluded.lat, lon = excluded.lon, occurred_at = excluded.occurred_at,
       (since, was_lat, was_lon) = (
         select case when m.has_moved then excluded.occurred_at else h.since end,
                case when m.has_moved then coalesce(h.lat, h.was_lat) else h.was_lat end,
                case when m.has_moved then coalesce(h.lon, h.was_lon) else h.was_lon end
           from (select excluded.occurred_at > h.occurred_at
                        and (excluded.lat, excluded.lon) is distinct from (h.lat, h.lon)
                          as has_moved) as m)
 where h.occurred_at <= excluded.occurred_at
   and (h.lat, h.lon, h.occurred_at) is distinct from
       (excluded.lat, excluded.lon, excluded.occurred_at)
returning identifier_id;

-- name: put_postcodes
insert into customers.postcodes as p (code, lat, lon)
select code, lat::numeric(4, 2), lon::numeric(5, 2)
  from unnest(:codes::text[], :lats::float8[], :lons::float8[]) as n(code, lat, lon)
on conflict (code) do update set lat = excluded.lat, lon = excluded.lon
 where (p.lat, p.lon) is distinct from (excluded.lat, excluded.lon);

-- name: of
-- The newest word, whichever identifier it was said under.
select lat::float8 as lat, lon::float8 as lon, occurred_at
  from customers.homes
 where identifier_id = any(:identifier_ids::bigint[])
 order by occurred_at desc, identifier_id
 limit 1;

-- name: with_homes
-- All who told an address, some at a time, for working homes out again.
select identifier_id from customers.homes
 where identifier_id > :after
 order by identifier_id
 limit :most;
