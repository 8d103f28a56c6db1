-- name: lock
-- In one order, so that two who edit the cart of one customer queue and never wait in a circle.
select cart_id, identifier_id, channel, opened_at, touched_at
  from stock.carts
 where identifier_id = any(:identifier_ids::bigint[]) and state = 'open'
 order by cart_id
   for no key update;

-- name: open_of
select cart_id, identifier_id, channel, opened_at, touched_at
  from stock.carts
 where identifier_id = any(:identifier_ids::bigint[]) and state = 'open'
 order by cart_id;

-- name: start
insert into stock.carts (cart_id, identifier_id, channel, opened_at, touched_at)
values (:cart_id, :identifier_id, :channel, :now, :now)
on conflict (identifier_id) where state = 'open' do nothing;

-- name: lines_of
select cart_id, sku, qty, version, method, location_id, channel, added_at, touched_at
  from stock.cart_lines
 where cart_id = any(:cart_ids::uuid[]);

-- name: put_lines
insert into stock.cart_lines as c (
  cart_id, sku, qty, version, method, location_id, channel, added_at, touched_at)
select l.cart_id, l.sku, l.qty, l.version, l.method, l.location_id, l.channel, l.added_at,
       l.touched_at
  from unnest(:cart_ids::uuid[], :skus::text[], :qtys::integer[], :versions::integer[],
              :methods::text[], :location_ids::text[], :channels::text[],
              :added_ats::timestamptz[], :touched_ats::timestamptz[])
       as l(cart_id, sku, qty, version, method, location_id, channel, added_at, touched_at)
on conflict (cart_id, sku) do update
   set qty = excluded.qty, version = excluded.version, method = excluded.method,
       location_id = excluded.location_id, channel = excluded.channel,
       added_at = excluded.added_at, touched_at = excluded.touched_at;

-- name: touch
update stock.carts
   set touched_at = :now, left_at = null, refusal = null
 where cart_id = any(:cart_ids::uuid[]);

-- name: close
update stock.carts
   set state = :state, closed_at = :now, touched_at = :now
 where cart_id = any(:cart_ids::uuid[]) and state = 'open'
returning cart_id, identifier_id;

-- name: owner_of
select identifier_id, state from stock.carts where cart_id = :cart_id;

-- name: note_refusal
update stock.carts
   set refusal = :refusal, shipping_minor = :shipping
 where cart_id = any(:cart_ids::uuid[]) and state = 'open';

-- name: latest
-- Newest touch first. Those whose lines were all taken out are no carts to look at.
select c.cart_id, c.identifier_id, c.channel, c.opened_at, c.touched_at, c.left_at, c.refusal,
       l.lines, l.units, l.sku
  from stock.carts c
 cross join lateral (
         select count(*) as lines, sum(x.qty) as units,
                (array_agg(x.sku order by x.added_at, x.sku))[1] as sku
           from stock.cart_lines x
          where x.cart_id = c.cart_id and x.qty > 0) as l
 where c.state = 'open' and l.lines > 0 and (c.touched_at, c.cart_id) /*past*/ < (:before_at, :before_id)
   and (not :only_left or c.left_at is not null)
 order by c.touched_at /*way*/ desc, c.cart_id /*way*/ desc
 limit :most;

-- name: untold
select cart_id, identifier_id, channel, refusal, shipping_minor
  from stock.carts
 where state = 'open' and left_at is null and touched_at < :before
 order by touched_at
 limit :most
   for no key update skip locked;

-- name: set_left
update stock.carts set left_at = :now where cart_id = any(:cart_ids::uuid[]);

-- name: forgotten
select cart_id from stock.carts
 where state = 'open' and touched_at < :before
 order by touched_at
 limit :most
   for no key update skip locked;

-- name: put_code
insert into stock.cart_codes (code, token_hash, cart_id, made_at, expires_at)
values (:code, :token_hash, :cart_id, :now, :expires_at)
on conflict do nothing
returning code;

-- name: end_codes
-- A cart has one code at a time: the one made last.
update stock.cart_codes set used_at = :now where cart_id = :cart_id and used_at is null;

-- name: free_codes
-- Codes that have run out make room.
update stock.cart_codes set used_at = :now
 where code = :code and used_at is null and expires_at <= :now;

-- name: by_code
select k.cart_id, c.identifier_id, c.state
  from stock.cart_codes k
  join stock.carts c on c.cart_id = k.cart_id
 where k.code = :code and k.used_at is null and k.expires_at > :now;

-- name: by_token
select k.cart_id, c.identifier_id, c.state
  from stock.cart_codes k
  join stock.carts c on c.cart_id = k.cart_id
 where k.token_hash = :token_hash and k.used_at is null and k.expires_at > :now;

-- name: failures
select count(*) from stock.cart_code_failures where said_by = :said_by and failed_at > :since;

-- name: note_failure
insert into stock.cart_code_failures (said_by, failed_at) values (:said_by, :now);

-- name: forget_failures
delete from stock.cart_code_failures where failed_at < :before;

-- name: forget_codes
delete from stock.cart_codes where expires_at < :before;

-- name: let_in
-- Once each, and not without end: a code is said in one shop or two.
update stock.carts
   set places = array_append(places, :location_id::text)
 where cart_id = any(:cart_ids::uuid[]) and state = 'open'
   and not :location_id::text = any(places) and cardinality(places) < 20;

-- name: places_of
select distinct unnest(c.places) as location_id
  from stock.carts c
 where c.cart_id = any(:cart_ids::uuid[]);

-- name: touched_at
select touched_at from stock.carts where cart_id = :cart_id and state = 'open';
