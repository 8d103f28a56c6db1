-- name: overview
-- All plain figures of a person in one round trip; each part reads its own index.
select
  (select min(first_at) from customers.identifiers
    where identifier_id = any(:identifier_ids::bigint[])) as first_at,
  (select max(l.occurred_at)
     from unnest(:identifier_ids::bigint[]) as i(identifier_id)
    cross join lateral (select occurred_at from customers.timeline t
                         where t.identifier_id = i.identifier_id
                         order by occurred_at desc, position desc limit 1) as l) as last_at,
  (select coalesce(json_object_agg(name, n), '{}')
     from (select name, sum(n) as n from customers.counters
            where identifier_id = any(:identifier_ids::bigint[])
            group by name) as c)::text as counters,
  (select coalesce(json_agg(b), '[]')
     from (select channel, currency, count(*) filter (where total_minor > 0) as n,
                  sum(total_minor) as total_minor
             from customers.purchases
            where identifier_id = any(:identifier_ids::bigint[]) and rank < 9
            group by channel, currency
            order by n desc, channel, currency) as b)::text as purchases,
  (select location_id
     from customers.purchases
    where identifier_id = any(:identifier_ids::bigint[]) and rank < 9 and total_minor > 0
      and location_id is not null
    group by location_id
    order by count(*) desc, max(occurred_at) desc, location_id
    limit 1) as bought_most_at,
  (select coalesce(json_object_agg(field, value), '{}')
     from (select distinct on (field) field, value
             from customers.traits
            where identifier_id = any(:identifier_ids::bigint[])
            order by field, occurred_at desc, identifier_id) as t)::text as traits,
  -- The newest few of each identifier, then of all: distinct skus are picked in Python.
  (select coalesce(json_agg(v), '[]')
     from (select l.occurred_at, l.summary
             from unnest(:identifier_ids::bigint[]) as i(identifier_id)
            cross join lateral (select occurred_at, position, summary
                                  from customers.timeline t
                                 where t.identifier_id = i.identifier_id
                                   and t.name = 'product.viewed'
                                 order by occurred_at desc
                                 limit :viewed_most) as l
            order by l.occurred_at desc, l.position desc
            limit :viewed_most) as v)::text as viewed;
