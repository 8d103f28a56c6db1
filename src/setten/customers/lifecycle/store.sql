-- name: lock
-- One writer of stages at a time: reader, clock and walk may meet at one customer, and each writes
-- what it read. The number is arbitrary.
select pg_advisory_xact_lock(7310592);

-- name: business
-- The thresholds and the newest rhythm, in one row.
select r.r, r.alpha, r.a, r.b, r.usual_gap_days as usual_here, t.loyal_from, t.slow_p, t.slow_gaps, t.lost_p,
       t.lost_gaps
  from customers.stage_thresholds t
 cross join lateral (select r, alpha, a, b, usual_gap_days
                       from customers.rhythms
                      order by rhythm_id desc
                      limit 1) as r;

-- name: put_thresholds
update customers.stage_thresholds
   set loyal_from = :loyal_from, slow_p = :slow_p, slow_gaps = :slow_gaps, lost_p = :lost_p,
       lost_gaps = :lost_gaps;

-- name: put_rhythm
insert into customers.rhythms (r, alpha, a, b, usual_gap_days, people, log_likelihood, fitted_at)
values (:r, :alpha, :a, :b, :usual_gap_days, :people, :log_likelihood, :fitted_at);

-- name: living
-- Of these customers those that are somebody still (not merged away), each with the strongest
-- identifier: facts of a customer stand under that.
select distinct on (customer_id) customer_id, identifier_id
  from customers.identifiers
 where customer_id = any(:customer_ids::uuid[])
 order by customer_id, array_position(:strength::text[], kind), first_at, identifier_id;

-- name: histories
-- What each has bought, over all identifiers. Two purchases on one day of the business are one
-- visit; what was voided (rank 9) or brought back is no purchase.
select i.customer_id,
       count(distinct (p.occurred_at at time zone :timezone)::date)::integer as days,
       min(p.occurred_at) as first_at, max(p.occurred_at) as last_at
  from customers.identifiers i
  join customers.purchases p using (identifier_id)
 where i.customer_id = any(:customer_ids::uuid[]) and p.rank < 9 and p.total_minor > 0
 group by i.customer_id;

-- name: kept
select customer_id, stage, since, days, first_at, last_at, usual_gap_days, slow_at, lost_at
  from customers.stages
 where customer_id = any(:customer_ids::uuid[]);

-- name: standings
-- The same with what they are judged by, in one round trip: this is read with every profile.
lifecycle_standings as (
  select s.customer_id, s.stage, s.since, s.days, s.first_at, s.last_at, s.usual_gap_days,
         s.slow_at, s.lost_at, r.r, r.alpha, r.a, r.b, r.usual_gap_days as usual_here,
         t.loyal_from, t.slow_p, t.slow_gaps, t.lost_p, t.lost_gaps
    from customers.stages s
   cross join customers.stage_thresholds t
   cross join lateral (select r, alpha, a, b, usual_gap_days
                         from customers.rhythms
                        order by rhythm_id desc
                        limit 1) as r
   where s.customer_id = any((select :customer_ids::uuid[])::uuid[])
)

-- name: standings_told
select (select coalesce(json_agg(s), '[]') from lifecycle_standings s)::text as stands;

-- name: put
insert into customers.stages (customer_id, stage, since, days, first_at, last_at, usual_gap_days,
                              slow_at, lost_at, due_at)
select customer_id, stage, since, days, first_at, last_at, usual_gap_days, slow_at, lost_at, due_at
  from unnest(:customer_ids::uuid[], :stages::text[], :sinces::timestamptz[], :days::integer[],
              :first_ats::timestamptz[], :last_ats::timestamptz[], :usual_gaps::float8[],
              :slow_ats::timestamptz[], :lost_ats::timestamptz[], :due_ats::timestamptz[])
       as n(customer_id, stage, since, days, first_at, last_at, usual_gap_days, slow_at, lost_at,
            due_at)
on conflict (customer_id) do update
   set stage = excluded.stage, since = excluded.since, days = excluded.days,
       first_at = excluded.first_at, last_at = excluded.last_at,
       usual_gap_days = excluded.usual_gap_days, slow_at = excluded.slow_at,
       lost_at = excluded.lost_at, due_at = excluded.due_at;

-- name: drop
delete from customers.stages where customer_id = any(:customer_ids::uuid[])
returning customer_id, stage;

-- name: flow
insert into customers.stage_flows as f (day, was, stage, n)
select day, was, stage, n
  from unnest(:days::date[], :wases::text[], :stages::text[], :ns::integer[])
       as u(day, was, stage, n)
on conflict (day, was, stage) do update set n = f.n + excluded.n;

-- name: due
-- Whose stage silence has changed. Lazily: whoever has bought meanwhile is only given a later time.
-- Those merged away are left to the reader, which counts them out.
select s.customer_id
  from customers.stages s
 where s.due_at <= :now
   and exists (select from customers.identifiers i where i.customer_id = s.customer_id)
 order by s.due_at
 limit :most;

-- name: begin_walk
insert into customers.stage_walks (after) values ('00000000-0000-0000-0000-000000000000')
on conflict (is_only) do update set after = excluded.after;

-- name: walk
-- Locked, so that two processes do not go the same steps.
select after from customers.stage_walks for update skip locked;

-- name: step
-- Customers come in the order of their ids, so that a walk meets each once, whoever comes meanwhile.
select distinct customer_id
  from customers.identifiers
 where customer_id > :after
 order by customer_id
 limit :most;

-- name: move_walk
update customers.stage_walks set after = :after;

-- name: end_walk
delete from customers.stage_walks;

-- name: people
-- Who is in a stage as last written, those who came last first.
select customer_id, since
  from customers.stages
 where stage = :stage and (since, customer_id) /*past*/ < (:before_since, :before_id)
   and since >= :from_at and since < :until_at
 order by since /*way*/ desc, customer_id /*way*/ desc
 limit :most;

-- name: histories_sample
-- The histories of about so many people, drawn by a hash of their ids: the same every time, and
-- nobody is likelier for being old.
select days, first_at, last_at
  from customers.stages
 where abs(hashtext(customer_id::text)::bigint) % 1000003
       < 1000003 * (:most::float8 / greatest(:most, (select count(*) from customers.stages)))
 limit 2 * :most;

-- name: count_sizes
-- Acquisition is everybody else who lives.
with bought as (
  select stage, count(*) as n from customers.stages group by stage
), everybody as (
  select count(*) as n
    from (select distinct customer_id from customers.identifiers) as c
), sizes as (
  select stage, n from bought
  union all
  select 'acquisition', greatest(0, (select n from everybody)
                                    - coalesce((select sum(n) from bought), 0))
), emptied as (
  delete from customers.stage_sizes where stage not in (select stage from sizes)
)
insert into customers.stage_sizes (stage, customers, counted_at)
select stage, n, :now from sizes
on conflict (stage) do update
   set customers = excluded.customers, counted_at = excluded.counted_at;

-- name: sizes
select stage, customers, counted_at from customers.stage_sizes;

-- name: spent
-- What some customers, in the order of their ids, have spent since a moment, by stage and currency.
-- The last id of the part comes with each row.
with part as (
  select customer_id, stage
    from customers.stages
   where customer_id > :after
   order by customer_id
   limit :most
), sums as (
  select s.stage, p.currency, count(distinct s.customer_id)::integer as buyers,
         sum(p.total_minor)::bigint as total_minor
    from part s
    join customers.identifiers i using (customer_id)
    join customers.purchases p using (identifier_id)
   where p.rank < 9 and p.occurred_at >= :since and p.currency <> ''
   group by s.stage, p.currency
)
select l.last, s.stage, s.currency, s.buyers, s.total_minor
  from (select max(customer_id::text)::uuid as last from part) as l
  left join sums s on true;

-- name: put_values
insert into customers.stage_values (stage, currency, buyers, total_minor, counted_at)
select stage, currency, buyers, total_minor, :now
  from unnest(:stages::text[], :currencies::text[], :buyers::integer[], :totals::bigint[])
       as n(stage, currency, buyers, total_minor);

-- name: clear_values
delete from customers.stage_values;

-- name: values
select stage, currency, buyers, total_minor, counted_at
  from customers.stage_values
 order by stage, total_minor desc, currency;

-- name: flows
select was, stage, sum(n)::integer as customers
  from customers.stage_flows
 where day between :first_day and :last_day
 group by was, stage
 order by was, stage;
