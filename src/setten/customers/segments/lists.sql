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

-- name: get_on
-- How far the reading is, for whoever waits for it, and that it goes on.
update customers.lists set rows = :rows, moved_at = clock_timestamp() where list_id = :list_id;

-- name: fail
update customers.lists set problem = :problem::jsonb where list_id = :list_id and ready_at is null;

-- name: take_place_of
-- A million entries are not deleted while everybody waits for the name: they are swept later.
update customers.lists
   set ready_at = null, problem = '{"code": "list_replaced"}'
 where name = :name and ready_at is not null and list_id <> :list_id;

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

-- name: reading
-- Lists that are being read behind a page, and those that could not be: of the last hour.
select list_id, name, made_at, rows, problem -> 'facts' as facts,
       case when problem is null and moved_at < clock_timestamp() - :still_for::interval
            then 'ended' else problem ->> 'code' end as code
  from customers.lists
 where ready_at is null and made_at >= :since
   and problem ->> 'code' is distinct from 'list_replaced'
 order by list_id desc
 limit :most;

-- name: sweep_entries
-- Entries of lists that nobody has any more, some at a time; answers how many.
with gone as (
  select e.list_id, e.identifier_id
    from customers.lists l
    join customers.list_entries e using (list_id)
   where l.ready_at is null
     and (l.made_at < :before or l.problem ->> 'code' = 'list_replaced')
   limit :most
), swept as (
  delete from customers.list_entries e using gone g
   where e.list_id = g.list_id and e.identifier_id = g.identifier_id
   returning 1
)
select count(*) from swept;

-- name: forget_unready
delete from customers.lists l
 where l.ready_at is null
   and (l.made_at < :before or l.problem ->> 'code' = 'list_replaced')
   and not exists (select from customers.list_entries e where e.list_id = l.list_id);
