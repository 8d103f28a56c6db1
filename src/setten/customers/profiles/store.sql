-- name: overview
-- All plain figures of some people in one round trip; each part reads its own index. `owner` says
-- which of the people asked for a number belongs to. Arrays behind a sub-select look the same to
-- the planner every time: so the general plan costs no more than one for these values, and is kept
-- instead of made anew, which took longer than running it.
with people as materialized (
  select a.owner, array_agg(a.identifier_id) as numbers
    from unnest((select :owners::integer[]), (select :identifier_ids::bigint[]))
         as a(owner, identifier_id)
   group by a.owner
)
select p.owner,
  (select max(l.occurred_at)
     from unnest(p.numbers) as i(identifier_id)
    cross join lateral (select occurred_at from customers.timeline t
                         where t.identifier_id = i.identifier_id
                         order by occurred_at desc, position desc limit 1) as l) as last_at,
  (select coalesce(json_object_agg(name, n), '{}')
     from (select name, sum(n) as n from customers.counters
            where identifier_id = any(p.numbers)
            group by name) as c)::text as counters,
  (select coalesce(json_agg(b), '[]')
     from (select channel, currency, location_id,
                  count(*) filter (where total_minor > 0) as n, sum(total_minor) as total_minor,
                  max(occurred_at) filter (where total_minor > 0) as last_at
             from customers.purchases
            where identifier_id = any(p.numbers) and rank < 9
            group by channel, currency, location_id) as b)::text as purchases,
  (select coalesce(json_object_agg(field, value), '{}')
     from (select distinct on (field) field, value
             from customers.traits
            where identifier_id = any(p.numbers)
            order by field, occurred_at desc, identifier_id) as t)::text as traits,
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
            limit :viewed_most) as v)::text as viewed
  from people p;
