-- name: inserted
-- Those that met a taken code after all are not written, and come again with another.
holds_inserted as (
  insert into stock.holds (
    hold_id, identifier_id, location_id, code, purpose, channel, placed_at, expires_at, placed_by)
  select h.hold_id, h.identifier_id, h.location_id, h.code, h.purpose, h.channel, :now,
         :now::timestamptz + h.ttl_s * interval '1 second', h.placed_by
    from unnest(:hold_ids::text::uuid[], :identifier_ids::text::bigint[],
                :location_ids::text::text[], :codes::text::text[], :purposes::text::text[],
                :channels::text::text[], :ttls_s::text::integer[], :bys::text::text[])
         as h(hold_id, identifier_id, location_id, code, purpose, channel, ttl_s, placed_by)
   order by h.code, h.location_id
  on conflict (code, location_id) where ended_at is null do nothing
  returning hold_id, code
)

-- name: lines
holds_lines as (
  insert into stock.hold_lines (hold_id, sku, location_id, qty, is_elsewhere)
  select l.hold_id, l.sku, l.location_id, l.qty, l.is_elsewhere
    from unnest(:hold_ids::text::uuid[], :skus::text::text[], :location_ids::text::text[],
                :qtys::text::integer[], :elsewheres::text::boolean[])
         as l(hold_id, sku, location_id, qty, is_elsewhere)
)

-- name: written
-- After `inserted` and what the ledger has posted: all of it, unless a code was taken.
select (select count(*) from holds_inserted) as holds, (select count(*) from ledger_moved) as rows;

-- name: ids_inserted
select array(select hold_id from holds_inserted) as hold_ids;

-- name: known
select h.hold_id from stock.holds h where h.hold_id = any(:hold_ids::uuid[]);

-- name: take_back_due
-- Lines of holds that have run out, on rows that the caller has locked and somebody now wants. They
-- are looked up from the few holds that are due (offset 0), not from the many lines of a wanted sku.
-- Their holds are booked as expired, with all lines, by `tidy`.
with due as materialized (
  select h.hold_id
    from stock.holds h
   where h.ended_at is null and h.expires_at <= :now
), wanted as materialized (
  select l.hold_id, l.sku, l.location_id
    from due d
   cross join lateral (
           select x.hold_id, x.sku, x.location_id
             from stock.hold_lines x
            where x.hold_id = d.hold_id and x.state in ('held', 'picked')
           offset 0) as l
   where (l.sku, l.location_id) in (
           select k.sku, k.location_id from unnest(:skus::text[], :location_ids::text[])
             as k(sku, location_id))
), locked as materialized (
  select h.hold_id
    from stock.holds h
   where h.hold_id in (select w.hold_id from wanted w) and h.ended_at is null
     and h.expires_at <= :now
   order by h.hold_id
     for update
)
update stock.hold_lines l
   set state = 'expired'
  from wanted w
 where l.hold_id = w.hold_id and l.sku = w.sku and l.location_id = w.location_id
   and l.state in ('held', 'picked') and l.hold_id in (select k.hold_id from locked k)
returning l.hold_id, l.sku, l.location_id, l.qty, l.allocated;

-- name: set_allocated
update stock.hold_lines l
   set allocated = n.qty
  from unnest(:hold_ids::uuid[], :skus::text[], :location_ids::text[], :qtys::integer[])
       as n(hold_id, sku, location_id, qty)
 where l.hold_id = n.hold_id and l.sku = n.sku and l.location_id = n.location_id;

-- name: open_keys
select distinct l.sku, l.location_id
  from stock.hold_lines l
 where l.hold_id = any(:hold_ids::uuid[]) and l.state in ('held', 'picked');

-- name: lock_holds
select h.hold_id, h.identifier_id, h.location_id, h.code, h.purpose, h.channel, h.state,
       h.placed_at, h.expires_at, h.ready_at, h.ended_at, h.ended_by, h.placed_by,
       h.length_s
  from stock.holds h
 where h.hold_id = any(:hold_ids::uuid[])
 order by h.hold_id
   for update;

-- name: lines_of
select l.hold_id, l.sku, l.location_id, l.qty, l.state
  from stock.hold_lines l
 where l.hold_id = any(:hold_ids::uuid[])
 order by l.hold_id, l.sku, l.location_id;

-- name: end_lines
-- Answers the lines that took units set aside for their channel: nearly always none.
with ended as (
  update stock.hold_lines l
     set state = :state, receipt_id = :receipt_id
   where l.hold_id = any(:hold_ids::uuid[]) and l.state in ('held', 'picked')
  returning l.hold_id, l.sku, l.location_id, l.allocated
)
select e.hold_id, e.sku, e.location_id, e.allocated
  from ended e
 where e.allocated > 0;

-- name: end_holds
update stock.holds
   set state = :state, ended_at = :now, ended_by = :ended_by
 where hold_id = any(:hold_ids::uuid[]);

-- name: due
select h.hold_id
  from stock.holds h
 where h.ended_at is null and h.expires_at <= :now
 order by h.expires_at
 limit :most;

-- name: set_expiry
-- The first time, how long it was asked for is written down.
update stock.holds h
   set expires_at = :expires_at,
       length_s = coalesce(h.length_s,
                           greatest(1, extract(epoch from h.expires_at - h.placed_at)::integer))
 where h.hold_id = :hold_id;

-- name: soon_over
-- Short holds of somebody that run out soon, next first. Longer ones are none of these: what was
-- placed before `placed_after` has had all that it gets.
select h.hold_id, h.identifier_id, h.placed_at, h.expires_at, h.length_s
  from stock.holds h
 where h.ended_at is null and h.identifier_id is not null
   and (h.expires_at, h.hold_id) > (:after_at::timestamptz, :after_id::uuid)
   and h.expires_at <= :before and h.placed_at > :placed_after
 order by h.expires_at, h.hold_id
 limit :most;

-- name: on_the_last
-- Holds with goods of which nothing is left for anybody else where they lie.
select distinct l.hold_id
  from stock.hold_lines l
  join stock.balances b on b.sku = l.sku and b.location_id = l.location_id
 where l.hold_id = any(:hold_ids::uuid[]) and l.state in ('held', 'picked')
   and b.on_hand - b.safety - b.display - b.allocated <= 0;

-- name: pick
update stock.hold_lines l
   set state = 'picked'
  from unnest(:skus::text[], :location_ids::text[]) as p(sku, location_id)
 where l.hold_id = :hold_id and l.sku = p.sku and l.location_id = p.location_id
   and l.state = 'held';

-- name: set_ready
update stock.holds set state = 'ready', ready_at = :now where hold_id = :hold_id;

-- name: shorten_lines
update stock.hold_lines l
   set state = 'short'
  from unnest(:hold_ids::uuid[], :skus::text[], :location_ids::text[])
       as s(hold_id, sku, location_id)
 where l.hold_id = s.hold_id and l.sku = s.sku and l.location_id = s.location_id
   and l.state in ('held', 'picked');

-- name: promises_on
-- Youngest first: who was promised last is told first.
select l.hold_id, l.qty, l.state = 'picked' as is_picked
  from stock.hold_lines l
  join stock.holds h on h.hold_id = l.hold_id
 where l.sku = :sku and l.location_id = :location_id and l.state in ('held', 'picked')
 order by h.placed_at desc, h.hold_id desc
 limit :most;

-- name: without_open_lines
select h.hold_id
  from stock.holds h
 where h.hold_id = any(:hold_ids::uuid[]) and h.ended_at is null
   and not exists (select 1 from stock.hold_lines l
                    where l.hold_id = h.hold_id and l.state in ('held', 'picked'));

-- name: by_ids
select h.hold_id, h.identifier_id, h.location_id, h.code, h.purpose, h.channel, h.state,
       h.placed_at, h.expires_at, h.ready_at, h.ended_at, h.ended_by, h.placed_by,
       h.length_s
  from stock.holds h
 where h.hold_id = any(:hold_ids::uuid[])
 order by h.hold_id;

-- name: by_code
-- A range of one code, in the order of the index on codes, which no other has: so a plan that was
-- made while the table was small is right when it is large.
select h.hold_id
  from stock.holds h
 where h.code between :code and :code and h.ended_at is null
   and (:location_id::text is null or h.location_id = :location_id)
 order by h.code, h.location_id
 limit :most;

-- name: by_identifiers
select h.hold_id
  from stock.holds h
 where h.identifier_id = any(:identifier_ids::bigint[]) and h.hold_id < :before
   and (not :only_open or h.ended_at is null)
 order by h.hold_id desc
 limit :most;

-- name: queue_open
-- Oldest first: who came first is picked first. Holds collected elsewhere whose goods lie here are
-- in the queue too; what is sent is packed elsewhere, and what no place was named for waits.
-- Two lists, each by an index of its own: one condition for both would read every open hold.
with here as (
  select h.hold_id
    from stock.holds h
   where h.location_id = :location_id and h.ended_at is null and h.hold_id > :after
     and (:state::text is null or h.state = :state)
     and h.expires_at > :now and h.purpose <> 'shipment'
     and not exists (select 1 from stock.regional_holds r
                      where r.hold_id = h.hold_id and r.routed_at is null)
   order by h.location_id, h.hold_id
   limit :most
), elsewhere as (
  select o.hold_id
    from (select distinct l.hold_id
            from stock.hold_lines l
           where l.is_elsewhere and l.location_id = :location_id and l.hold_id > :after
             and l.state in ('held', 'picked')) as o
   cross join lateral (
           select 1
             from stock.holds h
            where h.hold_id = o.hold_id and h.state in ('held', 'ready')
              and (:state::text is null or h.state = :state)
              and h.expires_at > :now and h.purpose <> 'shipment'
           offset 0) as h
   where not exists (select 1 from stock.regional_holds r
                      where r.hold_id = o.hold_id and r.routed_at is null)
   order by o.hold_id
   limit :most
)
select hold_id from here
 union
select hold_id from elsewhere
 order by hold_id
 limit :most;

-- name: queue_ended
select h.hold_id
  from stock.holds h
 where h.location_id = :location_id and h.state = :state and h.ended_at is not null
   and h.hold_id > :after
 order by h.hold_id
 limit :most;

-- name: collected
-- What was handed over at a place, the last one first.
select h.hold_id
  from stock.holds h
 where h.location_id = :location_id and h.state = 'collected'
   and (h.ended_at, h.hold_id) < (:before_at::timestamptz, :before_id::uuid)
 order by h.ended_at desc, h.hold_id desc
 limit :most;

-- name: open_here
-- For a list of all that stand promised at a place, whoever keeps or sends them.
select h.hold_id
  from stock.holds h
 where h.location_id = :location_id and h.ended_at is null and h.hold_id /*past*/ < :past
 order by h.hold_id /*way*/ desc
 limit :most;

-- name: ended_here
select h.hold_id
  from stock.holds h
 where h.location_id = :location_id and h.state = :state and h.ended_at is not null
   and h.hold_id /*past*/ < :past
 order by h.hold_id /*way*/ desc
 limit :most;

-- name: open_of_goods
-- What a balance's number of units held is made of.
select l.hold_id
  from stock.hold_lines l
 where l.sku = :sku and l.location_id = :location_id and l.state in ('held', 'picked')
   and l.hold_id /*past*/ < :past
 order by l.hold_id /*way*/ desc
 limit :most;

-- name: waiting_for
-- The oldest hold of a place with a line of these goods that nobody has picked yet. Holds by their
-- key alone: that state `held` has not ended is a constraint, and said here it would offer indexes.
select l.hold_id
  from stock.hold_lines l
 cross join lateral (
         select 1
           from stock.holds h
          where h.hold_id = l.hold_id and h.state = 'held' and h.expires_at > :now
            and h.purpose <> 'shipment'
         offset 0) as h
 where l.sku = any(:skus::text[]) and l.location_id = :location_id
   and l.state in ('held', 'picked') and l.state = 'held'
 order by l.hold_id
 limit 1;

-- name: count_open
select h.state, count(*) as holds
  from stock.holds h
 where h.location_id = :location_id and h.ended_at is null and h.expires_at > :now
   and h.purpose <> 'shipment'
   and not exists (select 1 from stock.regional_holds r
                    where r.hold_id = h.hold_id and r.routed_at is null)
 group by h.state;

-- name: failures
select count(*) from stock.code_failures where hold_id = :hold_id and failed_at > :since;

-- name: note_failure
insert into stock.code_failures (hold_id, failed_at) values (:hold_id, :now);

-- name: forget_failures
delete from stock.code_failures where failed_at < :before;

-- name: collected_unpaid
-- Handed over by code a while ago; the till's receipt for the same goods may still come.
select l.hold_id, l.sku, l.location_id, l.qty
  from stock.holds h
  join stock.hold_lines l on l.hold_id = h.hold_id
 where h.hold_id = any(:hold_ids::uuid[]) and l.state = 'collected' and l.receipt_id is null
 order by l.hold_id, l.sku
   for update of l;

-- name: mark_paid
update stock.hold_lines l
   set receipt_id = m.receipt_id, state = 'collected'
  from unnest(:hold_ids::uuid[], :skus::text[], :location_ids::text[], :receipt_ids::uuid[])
       as m(hold_id, sku, location_id, receipt_id)
 where l.hold_id = m.hold_id and l.sku = m.sku and l.location_id = m.location_id;

-- name: of_owners
-- Holds at a place that a receipt may pay for: named by code or id, or of the card's owner.
select h.hold_id, h.code, h.identifier_id, h.location_id, h.ended_at is null as is_open
  from stock.holds h
 where h.location_id = any(:location_ids::text[])
   and (h.ended_at is null or (h.state = 'collected' and h.ended_at > :since))
   and (h.identifier_id = any(:identifier_ids::bigint[]) or h.code = any(:codes::text[])
        or h.hold_id = any(:hold_ids::uuid[]))
 order by h.hold_id
 limit :most;
