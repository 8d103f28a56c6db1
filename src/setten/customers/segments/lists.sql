-- name: ready_named
select list_id from customers.lists where name = :name and ready_at is not null;

-- name: begin
insert into customers.lists (name, made_at, made_by) values (:name, :at, :by)
returning list_id;

-- name: enter
insert into customers.list_entries (list_id, identifier_id, is_waiting)
select :list_id, identifier_id, is_waiting
  from unnest(:identifier_ids::bigint[], :waits::boolean[]) as n(identifier_id, is_waiting)
on conflict do nothing;

-- name: take_place_of
delete from customers.lists where name = :name and ready_at is not null and list_id <> :list_id;

-- name: finish
update customers.lists
   set ready_at = :at, rows = :rows, matched = :matched, unmatched = :unmatched,
       refused = :refused, refused_sealed = :refused_sealed
 where list_id = :list_id;

-- name: lists
select list_id, name, made_at, made_by, rows, matched, unmatched, refused,
       refused_sealed is not null as has_refused
  from customers.lists
 where ready_at is not null and (:list_id::integer is null or list_id = :list_id)
 order by made_at desc, list_id desc
 limit :most;

-- name: refused_of
select refused_sealed from customers.lists where list_id = :list_id and ready_at is not null;

-- name: forget_refused
update customers.lists set refused_sealed = null
 where refused_sealed is not null and made_at < :before;

-- name: forget_unready
delete from customers.lists where ready_at is null and made_at < :before;
