-- name: untold
-- The next segment that is filled under its first meaning; what another meaning was is no past of it.
select s.segment_id, s.created_at, v.expression::text as expression
  from customers.segments s
  join customers.segment_versions v using (segment_id, version)
 where not s.is_past_told and s.retired_at is null and s.filled_at is not null and s.version = 1
   and s.created_at <= :written_to
 order by s.segment_id
 limit 1;

-- name: put
-- Nobody entered or left while nobody looked: these hours say a size and no more. What stands is kept.
insert into customers.segment_flows (segment_id, hour_at, entered, gone, size)
select :segment_id, n.at, 0, 0, n.size
  from unnest(:ats::timestamptz[], :sizes::bigint[]) as n(at, size)
on conflict (segment_id, hour_at) do nothing;

-- name: told
update customers.segments set is_past_told = true where segment_id = :segment_id;

-- name: born
-- The engine: since when each is somebody, so that nobody counts as "did not" before that.
create or replace temp table born as
select o.subject, min(l."at") as "at"
  from lines l
  join owners o on o.key = l.identifier_id
 group by o.subject;

-- name: size
-- The engine: how many there were.
select count(*)
  from ({statement}) as hits
  join born using (subject)
 where born."at" <= ${number};
