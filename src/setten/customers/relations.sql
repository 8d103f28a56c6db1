-- name: open_between
select relation_id from customers.relations
 where kind = :kind and one = any(:ones::bigint[]) and other = any(:others::bigint[])
   and ended_at is null
 limit 1;

-- name: put
-- No row back: somebody has written the same at the same moment.
insert into customers.relations
       (relation_id, kind, one, other, made_at, made_by, reason_sealed_id)
values (:relation_id, :kind, :one, :other, :made_at, :made_by, :reason_sealed_id)
on conflict (kind, one, other) where ended_at is null do nothing
returning relation_id;

-- name: lock_of
-- An open relation that one of these identifiers stands in.
select relation_id, kind, one, other
  from customers.relations
 where relation_id = :relation_id and ended_at is null
   and (one = any(:numbers::bigint[]) or other = any(:numbers::bigint[]))
   for update;

-- name: finish
update customers.relations
   set ended_at = :ended_at, ended_by = :ended_by
 where relation_id = :relation_id;

-- name: of_many
-- Both directions; whose the far end is, is derived, as everywhere.
select r.relation_id, r.kind, r.one, r.other, r.made_at, r.made_by,
       i.customer_id as one_customer, o.customer_id as other_customer
  from customers.relations r
  join customers.identifiers i on i.identifier_id = r.one
  join customers.identifiers o on o.identifier_id = r.other
 where r.relation_id in (
       select relation_id from customers.relations
        where one = any(:numbers::bigint[]) and ended_at is null
        union
       select relation_id from customers.relations
        where other = any(:numbers::bigint[]) and ended_at is null)
 order by r.made_at, r.relation_id
 limit :most;
