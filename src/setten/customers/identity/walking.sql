-- name: try_lock
-- One process at a time walks; a dead one's lock goes with its connection.
select pg_try_advisory_lock(5_000_002);

-- name: unlock
select pg_advisory_unlock(5_000_002);

-- name: to_do
select change_id, body::text as body, state, reached
  from customers.rule_changes
 where state in ('counting', 'applying');

-- name: next_of_kinds
select identifier_id
  from customers.identifiers
 where kind = any(:kinds::text[]) and identifier_id > :after
 order by identifier_id
 limit :most;

-- name: neighbours
select n.identifier_id
  from (select b as identifier_id from customers.links where a = :identifier_id and b > :after
        union all
        select a as identifier_id from customers.links where b = :identifier_id and a > :after) n
 order by n.identifier_id
 limit :most;

-- name: flag_blocked
update customers.identifiers i
   set is_blocked = n.is_blocked
  from unnest(:identifier_ids::bigint[], :blocked::boolean[]) as n(identifier_id, is_blocked)
 where i.identifier_id = n.identifier_id and i.is_blocked <> n.is_blocked;

-- name: blocked_among
select identifier_id from customers.blocked_values
 where identifier_id = any(:identifier_ids::bigint[]);

-- name: note_count
update customers.rule_changes
   set state = :state, reached = :reached, examined = :examined, merges = :merges,
       splits = :splits, samples = coalesce(:samples::text::json, samples)
 where change_id = :change_id and state = 'counting';

-- name: note_applied
update customers.rule_changes
   set reached = greatest(reached, :reached), examined = examined + :examined,
       merged = merged + :merged, split = split + :split
 where change_id = :change_id;

-- name: end_applying
update customers.rule_changes
   set state = 'applied', ended_at = :now
 where change_id = :change_id;

-- name: members
select identifier_id, kind, customer_id from customers.identifiers
 where customer_id = any(:customer_ids::uuid[])
 order by customer_id, identifier_id
 limit :most;
