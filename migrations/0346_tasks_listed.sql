-- Open tasks of the whole chain, oldest first, and those of one kind: who cares for all shops sees
-- every promise that was broken. done_at stands in both so that only these two orders name it, and a
-- place's own tasks are never looked for among everybody's.
create index tasks_open_all on stock.tasks (done_at, task_id) where done_at is null;
create index tasks_open_kind on stock.tasks (kind, done_at, task_id) where done_at is null;
