-- name: open_change
-- The one that is being counted, waits, or is being applied.
select change_id, body::text as body, reason_sealed, state, proposed_at, proposed_by, applied_at,
       applied_by, ended_at, reached, examined, total, merges, splits, samples::text as samples,
       merged, split
  from customers.rule_changes
 where state in ('counting', 'counted', 'applying')
   for update;

-- name: change
select change_id, body::text as body, reason_sealed, state, proposed_at, proposed_by, applied_at,
       applied_by, ended_at, reached, examined, total, merges, splits, samples::text as samples,
       merged, split
  from customers.rule_changes
 where change_id = :change_id;

-- name: newest
select change_id, body::text as body, reason_sealed, state, proposed_at, proposed_by, applied_at,
       applied_by, ended_at, reached, examined, total, merges, splits, samples::text as samples,
       merged, split
  from customers.rule_changes
 order by proposed_at desc, change_id
 limit :most;

-- name: put_change
insert into customers.rule_changes
       (change_id, body, reason_sealed, state, proposed_at, proposed_by, total)
values (:change_id, :body::text::json, :reason_sealed, 'counting', :proposed_at, :proposed_by,
        :total);

-- name: to_walk
-- How many identifiers a change looks at: those of its kinds, and of values that it blocks or frees
-- all whom they were linked with, who may be ten thousand of one value.
select (select count(*) from customers.identifiers
         where kind = any(:kinds::text[]) or identifier_id = any(:numbers::bigint[]))
     + (select count(*) from customers.links where a = any(:numbers::bigint[]))
     + (select count(*) from customers.links where b = any(:numbers::bigint[])) as n;

-- name: withdraw
update customers.rule_changes
   set state = 'withdrawn', ended_at = :now
 where change_id = :change_id;

-- name: begin_applying
update customers.rule_changes
   set state = 'applying', applied_at = :now, applied_by = :applied_by, reached = 0, examined = 0
 where change_id = :change_id;

-- name: put_rule
insert into customers.identity_rules (kind, is_weak, most, shared_after, priority)
values (:kind, :is_weak, :most, :shared_after, :priority)
on conflict (kind) do update
   set is_weak = excluded.is_weak, most = excluded.most, shared_after = excluded.shared_after,
       priority = excluded.priority;

-- name: drop_rule
delete from customers.identity_rules where kind = :kind;

-- name: block_values
insert into customers.blocked_values (identifier_id, kind, blocked_at)
select identifier_id, kind, :now
  from unnest(:identifier_ids::bigint[], :kinds::text[]) as n(identifier_id, kind)
on conflict (identifier_id) do nothing;

-- name: unblock_values
delete from customers.blocked_values where identifier_id = any(:identifier_ids::bigint[]);

-- name: put_patterns
insert into customers.blocked_patterns (pattern_id, kind, sealed, blocked_at)
select pattern_id, kind, sealed, :now
  from unnest(:pattern_ids::uuid[], :kinds::text[], :seals::bytea[]) as n(pattern_id, kind, sealed)
on conflict (pattern_id) do nothing;

-- name: drop_patterns
delete from customers.blocked_patterns where pattern_id = any(:pattern_ids::uuid[]);

-- name: blocked_values
select identifier_id, kind, blocked_at from customers.blocked_values
 order by blocked_at desc, identifier_id
 limit :most;

-- name: count_blocked
select (select count(*) from customers.blocked_values)
     + (select count(*) from customers.blocked_patterns);

-- name: blocked_among
select identifier_id from customers.blocked_values
 where identifier_id = any(:identifier_ids::bigint[]);
