-- name: by_ids
-- Links as evidence, with the number that pages show.
select link_id, a, b, kind, event_id, occurred_at, source_id, verdict, decided_at
  from customers.links
 where link_id = any(:link_ids::bigint[])
 order by link_id;

-- name: between
-- What a person has parted between two sets of identifiers, and the one pair asked for.
select a, b, kind, event_id, occurred_at, source_id, verdict, decided_at
  from customers.links
 where (a = :a and b = :b)
    or (verdict = 'parted'
        and ((a = any(:ours::bigint[]) and b = any(:theirs::bigint[]))
             or (a = any(:theirs::bigint[]) and b = any(:ours::bigint[]))));

-- name: parted_from
-- From whom links were parted last.
select distinct on (d.a, d.b) d.a, d.b, d.customer_id
  from unnest(:firsts::bigint[], :seconds::bigint[]) as n(a, b)
  join customers.link_decisions d using (a, b)
 where d.decision = 'parted'
 order by d.a, d.b, d.decision_id desc;

-- name: put_decisions
insert into customers.link_decisions
       (a, b, decision, decided_at, decided_by, reason_sealed_id, customer_id)
select a, b, decision, :decided_at, :decided_by, :reason_sealed_id, :customer_id
  from unnest(:firsts::bigint[], :seconds::bigint[], :decisions::text[]) as n(a, b, decision);
