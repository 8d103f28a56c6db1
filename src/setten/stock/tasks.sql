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
