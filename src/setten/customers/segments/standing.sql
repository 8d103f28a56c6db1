-- name: asked_some
-- Before each question below: who is asked about, of a look at some.
with asked as materialized (select unnest(${place}::uuid[]) as customer_id)

-- name: asked_everybody
-- The same of everybody.
with asked as materialized (select customer_id from customers.customers where merged_into is null)

-- name: consent
-- Of several identifiers the stricter word stands: who was merged with somebody that refused is
-- not written to, until she says so anew.
select a.customer_id
  from asked a
  join customers.identifiers i using (customer_id)
  join customers.consents c using (identifier_id)
 where c.purpose = :purpose and c.channel = :channel
 group by a.customer_id
having min(case c.state when 'withdrawn' then 1 when 'refused' then 2 else 3 end) = :state

-- name: reachable
-- Consent as above, and an address of the channel that nothing bounced from; for post, a home.
select a.customer_id
  from asked a
  join customers.identifiers i using (customer_id)
  left join customers.consents c
    on c.identifier_id = i.identifier_id and c.purpose = :purpose and c.channel = :channel
  left join customers.undeliverable u
    on u.identifier_id = i.identifier_id and u.channel = :channel
  left join customers.homes h on h.identifier_id = i.identifier_id
 group by a.customer_id
having bool_and(c.state = 'granted')
   and bool_or(u.identifier_id is null
               and (i.kind = any(:kinds::text[]) or (:channel = 'post' and h.identifier_id is not null)))

-- name: lives_near
-- The newest word of where she lives, whichever identifier it was said under. Distances are worked
-- out once for each square that anybody lives in: a million people share some ten thousand.
, homes as materialized (
  select distinct on (a.customer_id) a.customer_id, h.lat, h.lon
    from asked a
    join customers.identifiers i using (customer_id)
    join customers.homes h using (identifier_id)
   order by a.customer_id, h.occurred_at desc, h.identifier_id
), squares as materialized (
  select c.lat, c.lon
    from (select distinct lat, lon from homes where lat is not null) as c
   where exists (
         select from customers.segment_places p
          where (:location_id::text is null or p.location_id = :location_id)
            and p.lat between c.lat::float8 - :km / 110.0::float8
                          and c.lat::float8 + :km / 110.0::float8
            and 12742.0176 * asin(least(1, sqrt(
                  sin(radians(p.lat - c.lat::float8) / 2) ^ 2
                  + cos(radians(c.lat::float8)) * cos(radians(p.lat))
                    * sin(radians(p.lon - c.lon::float8) / 2) ^ 2
                ))) <= :km)
)
select h.customer_id from homes h join squares using (lat, lon)

-- name: cart_near
-- From the carts, which few have, to the homes of those, to where the goods are. Each pair of goods
-- and square is looked at once.
, wanted as materialized (
  select a.customer_id, c.sku
    from asked a
    join customers.identifiers i using (customer_id)
    join customers.segment_carts c using (identifier_id)
), homes as materialized (
  select distinct on (w.customer_id) w.customer_id, h.lat, h.lon
    from (select distinct customer_id from wanted) w
    join customers.identifiers i using (customer_id)
    join customers.homes h using (identifier_id)
   order by w.customer_id, h.occurred_at desc, h.identifier_id
), near as materialized (
  select g.sku, g.lat, g.lon
    from (select distinct w.sku, h.lat, h.lon
            from wanted w
            join homes h using (customer_id)
           where h.lat is not null) as g
   where exists (
         select from customers.segment_stock s
           join customers.segment_places p using (location_id)
          where s.sku = g.sku
            and p.lat between g.lat::float8 - :km / 110.0::float8
                          and g.lat::float8 + :km / 110.0::float8
            and 12742.0176 * asin(least(1, sqrt(
                  sin(radians(p.lat - g.lat::float8) / 2) ^ 2
                  + cos(radians(g.lat::float8)) * cos(radians(p.lat))
                    * sin(radians(p.lon - g.lon::float8) / 2) ^ 2
                ))) <= :km)
)
select distinct w.customer_id
  from wanted w
  join homes h using (customer_id)
  join near n on n.sku = w.sku and n.lat = h.lat and n.lon = h.lon

-- name: listed
select distinct a.customer_id
  from asked a
  join customers.identifiers i using (customer_id)
  join customers.list_entries e using (identifier_id)
  join customers.lists l using (list_id)
 where l.name = :name and l.ready_at is not null

-- name: related
-- Who stands in a relation to whom of these, as pairs, from both ends. Somebody with a crowd of
-- them (who referred a class) is answered from her first ones.
select distinct p.relation, p.place, p.other
  from (
       select case r.kind when 'household' then 'household' when 'gift_giver' then 'gives_to'
                          else 'referred' end as relation,
              a.place, o.customer_id as other
         from unnest(:customer_ids::uuid[]) with ordinality as a(customer_id, place)
         join customers.identifiers i using (customer_id)
         join customers.relations r on r.one = i.identifier_id and r.ended_at is null
         join customers.identifiers o on o.identifier_id = r.other
        where o.customer_id <> a.customer_id
        union all
       select case r.kind when 'household' then 'household' when 'gift_giver' then 'given_by'
                          else 'referred_by' end,
              a.place, o.customer_id
         from unnest(:customer_ids::uuid[]) with ordinality as a(customer_id, place)
         join customers.identifiers i using (customer_id)
         join customers.relations r on r.other = i.identifier_id and r.ended_at is null
         join customers.identifiers o on o.identifier_id = r.one
        where o.customer_id <> a.customer_id
       ) as p
 where p.relation = any(:relations::text[])
 order by p.place, p.relation, p.other
 limit :most;

-- name: all_related
-- Everybody's, as a stream for the engine (inside a copy: no semicolon).
select i.customer_id, n.relation, o.customer_id as other
  from customers.relations r
 cross join lateral (
       values (case r.kind when 'household' then 'household' when 'gift_giver' then 'gives_to'
                           else 'referred' end, r.one, r.other),
              (case r.kind when 'household' then 'household' when 'gift_giver' then 'given_by'
                           else 'referred_by' end, r.other, r.one)
       ) as n(relation, one, other)
  join customers.identifiers i on i.identifier_id = n.one
  join customers.identifiers o on o.identifier_id = n.other
 where r.ended_at is null and i.customer_id <> o.customer_id and n.relation = any($1::text[])

-- name: ends_of
-- Whom the two ends of some relations are now.
select distinct customer_id from customers.identifiers where identifier_id = any(:numbers::bigint[]);

-- name: awaited
-- Who has become known by an identifier that lists wait for. Once each: after that her events are
-- like those of anybody else.
with known as (
  select i.identifier_id, i.customer_id
    from customers.list_entries e
    join customers.identifiers i using (identifier_id)
   where e.is_waiting and e.identifier_id = any((select :numbers::bigint[])::bigint[])
), settled as (
  update customers.list_entries e
     set is_waiting = false
    from known k
   where e.is_waiting and e.identifier_id = k.identifier_id
)
select distinct identifier_id, customer_id from known;

-- name: owners_of_carts
-- Whose cart has one of these goods.
select distinct i.customer_id, c.sku
  from customers.segment_carts c
  join customers.identifiers i using (identifier_id)
 where c.sku = any(:skus::text[])
 limit :most;

-- name: wake_carts
-- The same when it is a crowd: looked at by the wake-ups, some at a time.
insert into customers.segment_wakes as w (customer_id, due_at)
select distinct i.customer_id, :now::timestamptz
  from customers.segment_carts c
  join customers.identifiers i using (identifier_id)
 where c.sku = any(:skus::text[])
on conflict (customer_id) do update set due_at = least(w.due_at, excluded.due_at);

-- name: stock_comes
insert into customers.segment_stock (sku, location_id)
select * from unnest(:skus::text[], :location_ids::text[])
on conflict do nothing;

-- name: stock_goes
delete from customers.segment_stock s
 using unnest(:skus::text[], :location_ids::text[]) as n(sku, location_id)
 where s.sku = n.sku and s.location_id = n.location_id;

-- name: empty_carts
delete from customers.segment_carts where identifier_id = any(:identifier_ids::bigint[]);

-- name: fill_carts
insert into customers.segment_carts (identifier_id, sku)
select * from unnest(:identifier_ids::bigint[], :skus::text[])
on conflict do nothing;

-- name: places
select location_id, lat, lon from customers.segment_places;

-- name: put_places
with gone as (
  delete from customers.segment_places where location_id <> all(:location_ids::text[])
)
insert into customers.segment_places as p (location_id, lat, lon)
select * from unnest(:location_ids::text[], :lats::float8[], :lons::float8[])
on conflict (location_id) do update set lat = excluded.lat, lon = excluded.lon;

-- name: refill
-- Filled anew from the beginning: what stands about many has changed at once.
update customers.segments set filled_through = null, filled_at = null
 where segment_id = any(:segment_ids::integer[]) and retired_at is null;
