-- name: overview
-- All plain figures of some people in one round trip; each part reads its own index. `owner` says
-- which of the people asked for a number belongs to. Arrays behind a sub-select look the same to
-- the planner every time: so the general plan costs no more than one for these values, and is kept
-- instead of made anew, which took longer than running it.
profiles_people as materialized (
  select a.owner, array_agg(a.identifier_id) as numbers
    from unnest((select :owners::integer[]), (select :identifier_ids::bigint[]))
         as a(owner, identifier_id)
   group by a.owner
), profiles_overview as (
  select coalesce(json_agg(o), '[]')::text as overview
    from (
      select p.owner,
        (select max(l.occurred_at)
           from unnest(p.numbers) as i(identifier_id)
          cross join lateral (select occurred_at from customers.timeline t
                               where t.identifier_id = i.identifier_id
                                 and t.name <> all((select :not_hers::text[])::text[])
                               order by occurred_at desc, position desc limit 1) as l) as last_at,
        (select coalesce(json_object_agg(name, n), '{}')
           from (select name, sum(n) as n from customers.counters
                  where identifier_id = any(p.numbers)
                  group by name) as c) as counters,
        (select coalesce(json_agg(b), '[]')
           from (select channel, currency, location_id,
                        count(*) filter (where total_minor > 0) as n, sum(total_minor) as total_minor,
                        max(occurred_at) filter (where total_minor > 0) as last_at,
                        count(*) filter (where total_minor > 0 and occurred_at >= home.since) as n_since
                   from customers.purchases
                  where identifier_id = any(p.numbers) and rank < 9
                  group by channel, currency, location_id) as b) as purchases,
        told.traits, told.said_ats, home.lat, home.lon, home.since, home.has_moved,
        -- The newest few of each identifier, then of all: distinct skus are picked in Python.
        (select coalesce(json_agg(v), '[]')
           from (select l.occurred_at, l.summary
                   from unnest(p.numbers) as i(identifier_id)
                  cross join lateral (select occurred_at, position, summary
                                        from customers.timeline t
                                       where t.identifier_id = i.identifier_id
                                         and t.name = 'product.viewed'
                                       order by occurred_at desc
                                       limit :viewed_most) as l
                  order by l.occurred_at desc, l.position desc
                  limit :viewed_most) as v) as viewed
        from profiles_people p
       cross join lateral (
             select coalesce(json_object_agg(field, value), '{}') as traits,
                    json_object_agg(field, occurred_at)
                      filter (where field = any(:home_fields::text[])) as said_ats
               from (select distinct on (field) field, value, occurred_at
                       from customers.traits
                      where identifier_id = any(p.numbers)
                      order by field, occurred_at desc, identifier_id) as t
             ) as told
        -- Where she lives, by the newest word, and whether she has lived elsewhere.
        left join lateral (
             select h.lat::float8 as lat, h.lon::float8 as lon, h.since,
                    h.was_lat is not null
                    or exists (select from customers.homes o
                                where o.identifier_id = any(p.numbers)
                                  and (o.lat, o.lon) <> (h.lat, h.lon)) as has_moved
               from customers.homes h
              where h.identifier_id = any(p.numbers)
              order by h.occurred_at desc, h.identifier_id
              limit 1
             ) as home on true
    ) as o
)

-- name: whole
-- Profiles and what the vault has of them, in one round trip.
select o.overview, d.numbers, d.kinds, d.wrapped_keys, d.seals, d.fields, d.sealed_traits, d.said_ats
  from profiles_overview o, vault_dossier d;

-- name: plain
select overview from profiles_overview;

-- name: shops_near
-- Of each home the shop one is used to, while it is near, else the nearest in reach; where there is
-- none, no row. Shops are few: a band of latitude by its index, then their distances.
select h.place, s.location_id
  from unnest(:places::integer[], :lats::float8[], :lons::float8[], :used::text[])
       as h(place, lat, lon, used)
 cross join lateral (
       select d.location_id
         from (select p.location_id,
                      12742.0176 * asin(least(1, sqrt(
                        sin(radians(p.lat - h.lat) / 2) ^ 2
                        + cos(radians(h.lat)) * cos(radians(p.lat))
                          * sin(radians(p.lon - h.lon) / 2) ^ 2))) as km
                 from customers.segment_places p
                where p.lat between h.lat - :reach_km / 110.0::float8
                                and h.lat + :reach_km / 110.0::float8) as d
        where d.km <= :reach_km
        order by (d.location_id is not distinct from h.used and d.km <= :used_km) desc,
                 d.km, d.location_id
        limit 1
       ) as s;
