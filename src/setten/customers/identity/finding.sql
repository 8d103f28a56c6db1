-- name: people_named
-- Everybody whose identifiers have these tokens, each person whole, in one round trip; `token` is
-- the one that an identifier was asked by. Arrays behind a sub-select: see `people` in store.sql.
identity_asked as (
  select v.token, v.identifier_id, i.customer_id
    from vault.identifiers v
    join customers.identifiers i using (identifier_id)
   where v.token = any((select :tokens::uuid[])::uuid[])
), identity_named as (
  select coalesce(json_agg(n order by n.strength, n.first_at, n.identifier_id), '[]')::text as people
    from (select a.token, i.identifier_id, i.kind, i.customer_id, i.born_as, i.first_at,
                 i.is_shared, array_position(:strength::text[], i.kind) as strength,
                 (select array_agg(g.customer_id order by g.customer_id)
                    from customers.customers g
                   where g.merged_into = i.customer_id) as merged
            from (select distinct customer_id from identity_asked) as l
            join customers.identifiers i using (customer_id)
            left join identity_asked a using (identifier_id)
           order by strength, i.first_at, i.identifier_id
           limit :most) as n
)

-- name: named
select n.people from identity_named n;
