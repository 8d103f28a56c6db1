-- name: meet
insert into audit.met as old (actor, customer_id, until)
select :actor, customer_id, :until from unnest(:customer_ids::uuid[]) as shown (customer_id)
on conflict (actor, customer_id) do update set until = excluded.until
 where old.until < :stale;

-- name: has_met
select exists (
  select from audit.met
   where actor = :actor and customer_id = :customer_id and until > :now);

-- name: met_of
select customer_id
  from audit.met
 where actor = :actor and customer_id = any(:customer_ids::uuid[]) and until > :now;

-- name: forget
delete from audit.met where until <= :now;
