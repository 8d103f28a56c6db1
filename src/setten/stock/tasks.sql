-- name: open_many
insert into stock.tasks (
  task_id, kind, location_id, hold_id, sku, qty, alternative, about, opened_at)
select t.task_id, t.kind, t.location_id, t.hold_id, t.sku, t.qty, t.alternative, t.about, :now
  from unnest(:task_ids::uuid[], :kinds::text[], :location_ids::text[], :hold_ids::uuid[],
              :skus::text[], :qtys::integer[], :alternatives::text[], :abouts::uuid[])
       as t(task_id, kind, location_id, hold_id, sku, qty, alternative, about);

-- name: list_open
select task_id, kind, location_id, hold_id, sku, qty, alternative, about, opened_at, done_at,
       done_by
  from stock.tasks
 where location_id = :location_id and done_at is null and task_id > :after
 order by task_id
 limit :most;

-- name: open_everywhere
select task_id, kind, location_id, hold_id, sku, qty, alternative, about, opened_at, done_at,
       done_by
  from stock.tasks
 where done_at is null
   and task_id /*past*/ > :after
 order by done_at /*way*/ asc, task_id /*way*/ asc
 limit :most;

-- name: open_of_kind
select task_id, kind, location_id, hold_id, sku, qty, alternative, about, opened_at, done_at,
       done_by
  from stock.tasks
 where kind = :kind and done_at is null
   and task_id /*past*/ > :after
 order by done_at /*way*/ asc, task_id /*way*/ asc
 limit :most;

-- name: open_at
-- A place has some dozens: those of other kinds are stepped over.
select task_id, kind, location_id, hold_id, sku, qty, alternative, about, opened_at, done_at,
       done_by
  from stock.tasks
 where location_id = :location_id and done_at is null
   and (:kind::text is null or kind = :kind)
   and task_id /*past*/ > :after
 order by task_id /*way*/ asc
 limit :most;

-- name: open_at_many
-- Of each place no more than a page, read in its own order; then the first of them all.
select t.task_id, t.kind, t.location_id, t.hold_id, t.sku, t.qty, t.alternative, t.about,
       t.opened_at, t.done_at, t.done_by
  from unnest(:location_ids::text[]) as l(location_id)
 cross join lateral (
         select k.task_id, k.kind, k.location_id, k.hold_id, k.sku, k.qty, k.alternative, k.about,
                k.opened_at, k.done_at, k.done_by
           from stock.tasks k
          where k.location_id = l.location_id and k.done_at is null
            and (:kind::text is null or k.kind = :kind)
            and k.task_id /*past*/ > :after
          order by k.task_id /*way*/ asc
          limit :most) as t
 order by t.task_id /*way*/ asc
 limit :most;

-- name: finish
update stock.tasks
   set done_at = :now, done_by = :done_by
 where task_id = :task_id and done_at is null
returning task_id, kind, location_id, hold_id, sku, qty, alternative, about, opened_at, done_at,
          done_by;

-- name: by_id
select task_id from stock.tasks where task_id = :task_id;

-- name: alternatives
select distinct on (hold_id) hold_id, alternative
  from stock.tasks
 where hold_id = any(:hold_ids::uuid[]) and kind = 'hold_short' and alternative is not null
 order by hold_id, task_id;

-- name: finish_about
update stock.tasks set done_at = :now, done_by = :done_by where about = :about and done_at is null;
