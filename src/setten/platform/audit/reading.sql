-- name: whole
-- Everybody's, by the index of moments.
select entry_id, at, actor, action, customer_id, subject, fields, reason, reason_sealed_id, count
  from audit.entries
 where at >= :since and at < :until
   and (at, entry_id) /*past*/ < (:last_at, :last_id)
 order by at /*way*/ desc, entry_id /*way*/ desc
 limit :most;

-- name: by
-- One actor's, by the index of actors; one action among them is picked out on the way.
select entry_id, at, actor, action, customer_id, subject, fields, reason, reason_sealed_id, count
  from audit.entries
 where actor = :actor and at >= :since and at < :until
   and (at, entry_id) /*past*/ < (:last_at, :last_id)
   and (:action::text = '' or action = :action)
 order by at /*way*/ desc, entry_id /*way*/ desc
 limit :most;

-- name: of
-- One action's, by the index of actions.
select entry_id, at, actor, action, customer_id, subject, fields, reason, reason_sealed_id, count
  from audit.entries
 where action = :action and at >= :since and at < :until
   and (at, entry_id) /*past*/ < (:last_at, :last_id)
 order by at /*way*/ desc, entry_id /*way*/ desc
 limit :most;

-- name: about
-- One person's, under every id she had.
select entry_id, at, actor, action, customer_id, subject, fields, reason, reason_sealed_id, count
  from audit.entries
 where customer_id = any (:customers::uuid[]) and at >= :since and at < :until
   and (at, entry_id) /*past*/ < (:last_at, :last_id)
   and (:actor::text = '' or actor = :actor)
   and (:action::text = '' or action = :action)
 order by at /*way*/ desc, entry_id /*way*/ desc
 limit :most;

-- name: actions
-- From action to action through the index: a plain distinct would read every entry.
with recursive step as (
  (select action from audit.entries order by action limit 1)
  union all
  select (select next.action from audit.entries next
           where next.action > step.action order by next.action limit 1)
    from step where step.action is not null)
select action from step where action is not null;

-- name: counted
-- How often each of some actions was noted, each by the index of actions and no further than `most`.
select a.action,
       (select count(*)
          from (select from audit.entries e
                 where e.action = a.action and e.at >= :since
                 limit :most) as noted)::integer as n
  from unnest(:actions::text[]) as a(action);
