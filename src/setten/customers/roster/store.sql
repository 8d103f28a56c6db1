-- name: lock
-- Two who write rows may meet at some customers, in any order: one at a time. The number is arbitrary.
select pg_advisory_xact_lock(7310593);

-- name: stages
select customer_id, stage
  from customers.stages
 where customer_id = any(:customer_ids::uuid[]);

-- name: put
insert into customers.roster as r
       (customer_id, stage, location_id, last_at, total_minor, currency, channels)
select customer_id, stage, location_id, last_at, total_minor, currency,
       string_to_array(channels, ' ')
  from unnest(:customer_ids::uuid[], :stages::text[], :location_ids::text[],
              :last_ats::timestamptz[], :totals_minor::bigint[], :currencies::text[],
              :channels::text[])
       as n(customer_id, stage, location_id, last_at, total_minor, currency, channels)
on conflict (customer_id) do update
   set stage = excluded.stage, location_id = excluded.location_id, last_at = excluded.last_at,
       total_minor = excluded.total_minor, currency = excluded.currency,
       channels = excluded.channels
 where (r.stage, r.location_id, r.last_at, r.total_minor, r.currency, r.channels)
       is distinct from
       (excluded.stage, excluded.location_id, excluded.last_at, excluded.total_minor,
        excluded.currency, excluded.channels);

-- name: drop
delete from customers.roster where customer_id = any(:customer_ids::uuid[]);

-- name: note
-- In the order of ids: two who note the same people do not wait for each other in a ring.
insert into customers.roster_due (customer_id)
select customer_id from unnest(:customer_ids::uuid[]) as n(customer_id) order by customer_id
on conflict (customer_id) do update set noted = default;

-- name: due
select customer_id, noted from customers.roster_due order by noted limit :most;

-- name: done
-- Who was noted again meanwhile stays.
delete from customers.roster_due d
 using unnest(:customer_ids::uuid[], :noteds::bigint[]) as n(customer_id, noted)
 where d.customer_id = n.customer_id and d.noted = n.noted;

-- name: begin_walk
insert into customers.roster_walks (after) values ('00000000-0000-0000-0000-000000000000')
on conflict (is_only) do update set after = excluded.after;

-- name: walk
-- Locked, so that two processes do not go the same steps.
select after from customers.roster_walks for update skip locked;

-- name: move_walk
update customers.roster_walks set after = :after;

-- name: end_walk
delete from customers.roster_walks;

-- name: step
-- Customers come in the order of their ids, so that a walk meets each once, whoever comes meanwhile.
select distinct customer_id
  from customers.identifiers
 where customer_id > :after
 order by customer_id
 limit :most;

-- name: changed
-- Of these, who is missing though more is known than a browser, or was seen since: the first some.
select p.customer_id
  from unnest(:customer_ids::uuid[]) as p(customer_id)
  left join customers.roster r using (customer_id)
 where case when r.customer_id is null
            then exists (select from customers.identifiers i
                          where i.customer_id = p.customer_id
                            and i.kind <> all(:nameless::text[]))
              or exists (select from customers.stages s where s.customer_id = p.customer_id)
            else exists (select from customers.identifiers i
                          cross join lateral (
                                select t.occurred_at
                                  from customers.timeline t
                                 where t.identifier_id = i.identifier_id
                                   and t.name <> all(:not_hers::text[])
                                 order by t.occurred_at desc, t.position desc
                                 limit 1) as l
                          where i.customer_id = p.customer_id and l.occurred_at > r.last_at)
       end
 order by p.customer_id
 limit :most;

-- name: sweep
-- Who is nobody any more, of those whom a step went past.
delete from customers.roster r
 where r.customer_id > :after and r.customer_id <= :last
   and not exists (select from customers.identifiers i where i.customer_id = r.customer_id);

-- name: currency
-- That of who bought most.
select currency
  from customers.roster
 where total_minor > 0
 order by total_minor desc, customer_id desc
 limit 1;

-- name: plan_each
-- Whether many or few are asked for decides what is quick: of many the order is walked, few are looked
-- up and put in order. A general plan of a million took seconds for a shop that nobody goes to.
select set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: by_last
select customer_id, stage, location_id, last_at, total_minor, currency, channels
  from customers.roster
 where (last_at, customer_id) /*past*/ < (:last_at, :customer_id)
   and (:stage::text is null or stage = :stage)
   and (:location_id::text is null or location_id = :location_id)
   and (:channel::text is null or channels @> array[:channel::text])
   and last_at >= :from_at and last_at < :until_at
   and total_minor >= :least_minor
 order by last_at /*way*/ desc, customer_id /*way*/ desc
 limit :most;

-- name: by_total
select customer_id, stage, location_id, last_at, total_minor, currency, channels
  from customers.roster
 where (total_minor, customer_id) /*past*/ < (:total_minor, :customer_id)
   and (:stage::text is null or stage = :stage)
   and (:location_id::text is null or location_id = :location_id)
   and (:channel::text is null or channels @> array[:channel::text])
   and last_at >= :from_at and last_at < :until_at
   and total_minor >= :least_minor
 order by total_minor /*way*/ desc, customer_id /*way*/ desc
 limit :most;
