-- name: lock
-- One writer of memberships at a time: the reader, the wake-ups and the filling take turns. Whoever
-- comes this way changes what the others remember: the token is one that nobody has.
update customers.segment_turn set token = gen_random_uuid();

-- name: turn
-- The same for those who remember: is the token theirs, nobody has written in between. The stamp
-- differs when the lines were made anew, and when the timeline passed over an event that we met.
select t.token, to_regclass('customers.timeline')::oid::bigint as lines,
       (select count(*) from log.set_aside s where s.reader = :reader) as passed_over
  from customers.segment_turn t
   for update;

-- name: pass_on
update customers.segment_turn set token = :token;

-- name: live
select s.segment_id, s.name, s.version, v.expression::text as expression
  from customers.segments s
  join customers.segment_versions v using (segment_id, version)
 where s.retired_at is null
 order by s.segment_id;

-- name: people
-- Strongest identifier first, so that the last one written by customer is it.
select customer_id, identifier_id
  from customers.identifiers
 where customer_id = any(:customer_ids::uuid[])
 order by array_position(:strength::text[], kind), first_at, identifier_id;

-- name: identifiers
-- Whose identifiers are, by the place of the customer in the list, the strongest first. As columns:
-- one row of arrays costs the driver a fraction of as many rows.
select coalesce(array_agg(place), '{}') as places, coalesce(array_agg(identifier_id), '{}') as numbers
  from (select c.place - 1 as place, i.identifier_id
          from unnest(:customer_ids::uuid[]) with ordinality as c(customer_id, place)
          join customers.identifiers i using (customer_id)
         order by array_position(:strength::text[], i.kind), i.first_at, i.identifier_id) as one;

-- name: lines
-- What happened, from each identifier's own index, as columns in the order of (place, time, place in
-- the log). A line that may tell a purchase brings the purchase's figures when it is the one that
-- counts; the seconds come as a number because reading a hundred thousand timestamps costs more than
-- evaluating them, and summaries as one text because reading it at once costs less than line by line;
-- of lines that nobody asks for details they are empty. How far the lines go, from the same moment.
-- A purchase is looked up by its key, one at most: left to choose, the planner reads all of them for
-- every batch.
select (select xid::text::bigint from log.cursors where reader = :reader) as xid,
       (select position from log.cursors where reader = :reader) as position,
       coalesce(array_agg(line_position), '{}') as positions,
       coalesce(array_agg(place), '{}') as places, coalesce(array_agg(name), '{}') as names,
       coalesce(array_agg(at), '{}') as ats, coalesce(array_agg(channel), '{}') as channels,
       coalesce(array_agg(location_id), '{}') as locations,
       coalesce(array_agg(total_minor), '{}') as totals,
       coalesce(array_agg(currency), '{}') as currencies,
       '[' || coalesce(string_agg(summary, ','), '') || ']' as summaries
  from (
       select i.place, t.name, t.channel, t.location_id, p.total_minor, p.currency,
              t.position as line_position,
              round(date_part('epoch', t.occurred_at) * 1000000)::bigint as at,
              case when t.name = any(:detailed::text[]) then t.summary::text else '{}' end
                as summary
         from unnest(:identifier_ids::text::bigint[], :places::text::integer[])
              as i(identifier_id, place)
        cross join lateral (
              select name, position, occurred_at, channel, location_id, purchase_key, event_id,
                     summary
                from customers.timeline l
               where l.identifier_id = i.identifier_id
                 and l.name = any(:names::text[])
                 and l.occurred_at > coalesce(:since::timestamptz, '-infinity')
               order by l.occurred_at desc, l.position desc
               limit :most
              ) as t
         left join lateral (
              select total_minor, currency
                from customers.purchases
               where :told and t.name = any(:tells::text[])
                 and purchase_key = t.purchase_key and event_id = t.event_id and rank < 9
               limit 1
              ) as p on true
        order by i.place, at, t.position
       ) as lines;

-- name: traits
select identifier_id, field, value::text as value, occurred_at
  from customers.traits
 where identifier_id = any(:identifier_ids::text::bigint[]) and field = any(:fields::text[]);

-- name: stages
select customer_id, stage from customers.stages where customer_id = any(:customer_ids::uuid[]);

-- name: belonged
-- By the place of the customer in the list, as columns.
select coalesce(array_agg(c.place - 1), '{}') as places,
       coalesce(array_agg(m.segment_id), '{}') as segment_ids
  from unnest(:customer_ids::uuid[]) with ordinality as c(customer_id, place)
  join customers.segment_members m using (customer_id);

-- name: move
-- Who enters and leaves, the passage, the sizes and the history: one statement for them all. Places
-- are those of the customers in their list, from 1; numbers come as the text of an array, which the
-- driver need not look into. Whose turn it is knows who belongs where: looking whether somebody is in
-- already cost a sixth of it all, and if it were ever so, the batch would fail and be read anew.
with moves as materialized (
  select c.customer_id, m.segment_id, m.entered, c.cause, c.event_id
    from unnest(:places::text::integer[], :segment_ids::text::integer[],
                :entereds::text::boolean[]) as m(place, segment_id, entered)
    join unnest(:customer_ids::text::uuid[], :causes::text[], :event_ids::text[])
         with ordinality as c(customer_id, cause, event_id, place) using (place)
), entered as (
  insert into customers.segment_members (customer_id, segment_id, entered_at, event_id)
  select customer_id, segment_id, :at, event_id from moves where entered
), gone as (
  delete from customers.segment_members m
   using moves n
   where not n.entered and m.customer_id = n.customer_id and m.segment_id = n.segment_id
), noted as (
  insert into customers.segment_passages (segment_id, at, customer_id, entered, cause, event_id)
  select segment_id, :at, customer_id, entered, cause, event_id from moves
), changed as (
  select segment_id, count(*) filter (where entered)::integer as entered,
         count(*) filter (where not entered)::integer as gone
    from moves
   group by segment_id
), sized as (
  update customers.segments s
     set size = s.size + n.entered - n.gone
    from changed n
   where s.segment_id = n.segment_id
  returning s.segment_id, s.size
)
insert into customers.segment_flows as f (segment_id, hour_at, entered, gone, size)
select n.segment_id, date_trunc('hour', :at::timestamptz, 'UTC'), n.entered, n.gone, s.size
  from changed n
  join sized s using (segment_id)
on conflict (segment_id, hour_at) do update
   set entered = f.entered + excluded.entered, gone = f.gone + excluded.gone,
       size = excluded.size;

-- name: wakes
-- By the place of the customer in the list, as columns.
select coalesce(array_agg(c.place - 1), '{}') as places,
       coalesce(array_agg(round(date_part('epoch', w.due_at) * 1000000)::bigint), '{}') as dues
  from unnest(:customer_ids::uuid[]) with ordinality as c(customer_id, place)
  join customers.segment_wakes w using (customer_id);

-- name: arm
insert into customers.segment_wakes as w (customer_id, due_at)
select customer_id, due_at
  from unnest(:customer_ids::uuid[], :due_ats::timestamptz[]) as n(customer_id, due_at)
on conflict (customer_id) do update set due_at = excluded.due_at;

-- name: disarm
delete from customers.segment_wakes where customer_id = any(:customer_ids::uuid[]);

-- name: due
select customer_id from customers.segment_wakes
 where due_at <= :now
 order by due_at
 limit :most;

-- name: unfilled_from
-- Where the filling that is least far stands; the filled ones need none.
select filled_through, true as is_wanted
  from customers.segments
 where filled_at is null and retired_at is null
 order by filled_through nulls first
 limit 1;

-- name: next_customers
select customer_id from customers.customers
 where (:after::uuid is null or customer_id > :after) and merged_into is null
 order by customer_id
 limit :most;

-- name: filled
-- All that are being filled were evaluated; whoever is further already stays there.
update customers.segments
   set filled_through = greatest(filled_through, :through),
       filled_at = case when :is_end then :now::timestamptz end
 where filled_at is null and retired_at is null;

-- name: is_waiting
-- Whether any definition waits for its filling, or its members for their leave: asked each second.
select exists (select from customers.segments
                where (retired_at is null and filled_at is null)
                   or (retired_at is not null and size > 0));

-- name: is_due
select exists (select from customers.segment_wakes where due_at <= :now);

-- name: retired_members
select m.customer_id, m.segment_id
  from customers.segments s
  join customers.segment_members m using (segment_id)
 where s.retired_at is not null and s.size > 0
 limit :most;

-- name: retired
select segment_id, name, version from customers.segments where segment_id = any(:segment_ids::integer[]);

-- name: insert_segment
insert into customers.segments (name, version, created_at)
values (:name, 1, :at)
on conflict (name) where retired_at is null do nothing
returning segment_id;

-- name: put_version
insert into customers.segment_versions (segment_id, version, expression, at, by, reason)
values (:segment_id, :version, :expression::json, :at, :by, :reason);

-- name: next_version
-- Filled anew from the beginning: others may belong now.
update customers.segments
   set version = version + 1, filled_through = null, filled_at = null
 where segment_id = :segment_id and retired_at is null
returning version;

-- name: retire
update customers.segments set retired_at = :at
 where segment_id = :segment_id and retired_at is null
returning name;

-- name: segments
select s.segment_id, s.name, s.version, v.expression::text as expression, s.size, s.created_at,
       s.filled_at is not null as is_filled
  from customers.segments s
  join customers.segment_versions v using (segment_id, version)
 where s.retired_at is null and (:segment_id::integer is null or s.segment_id = :segment_id)
 order by s.name
 limit :most;

-- name: versions
select version, expression::text as expression, at, by, reason
  from customers.segment_versions
 where segment_id = :segment_id
 order by version desc
 limit :most;

-- name: both
-- Two index-only walks; asked for by a person who compares, never with a list.
select count(*)
  from customers.segment_members a
  join customers.segment_members b using (customer_id)
 where a.segment_id = :a and b.segment_id = :b;

-- name: members
select customer_id, entered_at, event_id
  from customers.segment_members
 where segment_id = :segment_id
   and (entered_at, customer_id) /*past*/ > (:after_at, :after_id)
 order by entered_at /*way*/ asc, customer_id /*way*/ asc
 limit :most;

-- name: passages
select at, customer_id, entered, cause, event_id
  from customers.segment_passages
 where segment_id = :segment_id and at >= :since and at < :until
 order by at desc
 limit :most;

-- name: flows
select hour_at, entered, gone, size
  from customers.segment_flows
 where segment_id = :segment_id and hour_at >= :since
 order by hour_at
 limit :most;

-- name: memberships
-- By the key of the members, for each look-up: the array behind a sub-select lets one plan be kept.
segments_memberships as (
  select m.customer_id, s.segment_id, s.name, s.version
    from customers.segment_members m
    join customers.segments s using (segment_id)
   where m.customer_id = any((select :customer_ids::uuid[])::uuid[]) and s.retired_at is null
)

-- name: memberships_told
select (select coalesce(json_agg(m order by m.name), '[]') from segments_memberships m)::text as inside;
