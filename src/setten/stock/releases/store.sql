-- name: put
-- A line that has begun to move keeps its times.
insert into stock.releases as r (
  release_id, name_ja, name_en, location_id, members_from, opens_at, ends_at, per_person,
  per_minute, turn_minutes, needs_customer, updated_at)
values (:release_id, :name_ja, :name_en, :location_id, :members_from, :opens_at, :ends_at,
        :per_person, :per_minute, :turn_minutes, :needs_customer, :now)
on conflict (release_id) do update
   set name_ja = excluded.name_ja, name_en = excluded.name_en, location_id = excluded.location_id,
       members_from = excluded.members_from, opens_at = excluded.opens_at,
       ends_at = excluded.ends_at, per_person = excluded.per_person,
       per_minute = excluded.per_minute, turn_minutes = excluded.turn_minutes,
       needs_customer = excluded.needs_customer, ended_at = null,
       updated_at = excluded.updated_at
 where not r.members_drawn and not r.is_drawn
returning release_id;

-- name: drop_goods
delete from stock.release_goods where release_id = :release_id;

-- name: put_goods
insert into stock.release_goods (release_id, sku, qty)
select :release_id, g.sku, g.qty from unnest(:skus::text[], :qtys::integer[]) as g(sku, qty);

-- name: get
-- Ended before its time it ends then.
select r.release_id, r.name_ja, r.name_en, r.location_id, r.members_from, r.opens_at,
       least(r.ends_at, r.ended_at) as ends_at, r.per_person, r.per_minute, r.turn_minutes, r.needs_customer,
       (select array_agg(g.sku order by g.sku) from stock.release_goods g
         where g.release_id = r.release_id) as skus,
       (select array_agg(g.qty order by g.sku) from stock.release_goods g
         where g.release_id = r.release_id) as qtys
  from stock.releases r
 where r.release_id = :release_id;

-- name: lock
-- Turns are given out one writer at a time. No key: a new ticket points here meanwhile.
select members_drawn, is_drawn, next_turn_at
  from stock.releases
 where release_id = :release_id
   for no key update;

-- name: draw
-- Those who came before the opening, by lot, one step apart.
with waiting as (
  select ticket_id, row_number() over (order by lot) - 1 as number
    from stock.release_tickets
   where release_id = :release_id and turn_at is null and is_member = any(:members::boolean[])
     and joined_at < :opening
), given as (
  update stock.release_tickets t
     set turn_at = :start::timestamptz + w.number * :step::interval
    from waiting w
   where t.ticket_id = w.ticket_id
  returning 1
)
select count(*) from given;

-- name: drawn
update stock.releases
   set members_drawn = members_drawn or :members_drawn, is_drawn = is_drawn or :is_drawn,
       next_turn_at = :next_turn_at
 where release_id = :release_id;

-- name: join
insert into stock.release_tickets (ticket_id, release_id, identifier_id, is_member, joined_at, lot)
values (:ticket_id, :release_id, :identifier_id, :is_member, :now, :lot)
on conflict (release_id, identifier_id) where identifier_id is not null do nothing
returning ticket_id, release_id, identifier_id, is_member, joined_at, turn_at, taken,
       hold_ids;

-- name: of_person
select ticket_id, release_id, identifier_id, is_member, joined_at, turn_at, taken,
       hold_ids
  from stock.release_tickets
 where release_id = :release_id and identifier_id = any(:identifier_ids::bigint[])
 order by joined_at, ticket_id
 limit 1;

-- name: ticket
select ticket_id, release_id, identifier_id, is_member, joined_at, turn_at, taken,
       hold_ids
  from stock.release_tickets
 where ticket_id = :ticket_id;

-- name: lock_ticket
select ticket_id, release_id, identifier_id, is_member, joined_at, turn_at, taken,
       hold_ids
  from stock.release_tickets
 where ticket_id = :ticket_id
   for update;

-- name: give_turn
update stock.release_tickets set turn_at = :turn_at
 where ticket_id = :ticket_id and turn_at is null;

-- name: take
update stock.release_tickets set taken = taken + :qty, hold_ids = hold_ids || :hold_id::uuid
 where ticket_id = :ticket_id;

-- name: page
-- Newest opening first. A chain has some hundreds of releases: a search may look at all of them.
select r.release_id, r.name_ja, r.name_en, r.location_id, r.members_from, r.opens_at,
       least(r.ends_at, r.ended_at) as ends_at, r.per_person, r.per_minute, r.turn_minutes,
       r.needs_customer,
       (select array_agg(g.sku order by g.sku) from stock.release_goods g
         where g.release_id = r.release_id) as skus,
       (select array_agg(g.qty order by g.sku) from stock.release_goods g
         where g.release_id = r.release_id) as qtys
  from stock.releases r
 where (r.opens_at, r.release_id) /*past*/ < (:before_opens::timestamptz, :before_id::text)
   and (:said::text = '' or position(lower(:said::text) in
          lower(r.release_id || ' ' || r.name_ja || ' ' || r.name_en)) > 0)
   and (:phase::text = '' or :phase::text =
          case when least(r.ends_at, r.ended_at) <= :now then 'over'
               when coalesce(r.members_from, r.opens_at) > :now then 'coming'
               else 'open' end)
 order by r.opens_at /*way*/ desc, r.release_id /*way*/ desc
 limit :most;

-- name: line
-- Each counted up to `most`: nobody reads a longer line to the last person.
select (select count(*) from (
          select 1 from stock.release_tickets t
           where t.release_id = :release_id and t.turn_at is null limit :most) as w) as waiting,
       (select count(*) from (
          select 1 from stock.release_tickets t
           where t.release_id = :release_id and t.turn_at > :now limit :most) as w) as ahead,
       (select count(*) from (
          select 1 from stock.release_tickets t
           where t.release_id = :release_id and t.turn_at > :since and t.turn_at <= :now
           limit :most) as w) as having_turn,
       (select count(*) from (
          select 1 from stock.release_tickets t
           where t.release_id = :release_id and t.taken > 0 limit :most) as w) as took,
       (select max(t.turn_at) from stock.release_tickets t
         where t.release_id = :release_id and t.turn_at is not null) as last_turn_at;

-- name: open
-- Whoever was early is drawn at this moment; early access that did not begin yet is over.
update stock.releases
   set opens_at = :now, updated_at = :now,
       members_from = case when members_from < :now then members_from end
 where release_id = :release_id and opens_at > :now and ends_at > :now and ended_at is null
returning release_id;

-- name: end
update stock.releases
   set ended_at = :now, updated_at = :now
 where release_id = :release_id and least(ends_at, ended_at) > :now
returning release_id;
