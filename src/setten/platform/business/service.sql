-- name: choices
-- Two rows at most.
select name, value from business.choices;

-- name: lock
-- Who changes comes one after the other, so that each knows what it changes from.
select pg_advisory_xact_lock(hashtextextended('business.choices', 241));

-- name: put
insert into business.choices as c (name, value, changed_at)
values (:name, :value, :now)
on conflict (name) do update set value = excluded.value, changed_at = excluded.changed_at;

-- name: note
insert into business.changes (name, was, is_now, actor, at)
values (:name, :was, :is_now, :actor, :now);

-- name: changes
select name, was, is_now, actor, at from business.changes order by change_id desc limit :most;
