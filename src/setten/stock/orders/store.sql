-- name: insert
insert into stock.orders (
  order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at, event_id)
select o.order_id, o.system, o.order_ref, o.identifier_id, o.channel, o.total_minor, o.currency,
       o.placed_at, o.event_id
  from unnest(:order_ids::uuid[], :systems::text[], :order_refs::text[], :identifier_ids::bigint[],
              :channels::text[], :totals::bigint[], :currencies::text[],
              :placed_ats::timestamptz[], :event_ids::text[])
       as o(order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
            event_id)
on conflict (system, order_ref) do nothing
returning order_id;

-- name: insert_lines
insert into stock.order_lines (order_id, line_no, sku, qty, amount_minor)
select l.order_id, l.line_no, l.sku, l.qty, l.amount_minor
  from unnest(:order_ids::uuid[], :line_nos::smallint[], :skus::text[], :qtys::integer[],
              :amounts::bigint[]) as l(order_id, line_no, sku, qty, amount_minor);

-- name: insert_evidence
insert into stock.order_evidence (event_id, system, order_ref, kind, channel, occurred_at)
select e.event_id, e.system, e.order_ref, e.kind, e.channel, e.occurred_at
  from unnest(:event_ids::text[], :systems::text[], :order_refs::text[], :kinds::text[],
              :channels::text[], :occurred_ats::timestamptz[])
       as e(event_id, system, order_ref, kind, channel, occurred_at)
on conflict do nothing;

-- name: by_id
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where order_id = :order_id;

-- name: lines_of
select line_no, sku, qty, amount_minor, unit_price_minor, tax_rate, method, location_id,
       cancelled_qty
  from stock.order_lines
 where order_id = :order_id
 order by line_no;

-- name: of_identifiers
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where identifier_id = any(:identifier_ids::bigint[])
 order by placed_at desc
 limit :most;

-- name: evidence_of
select event_id, system, order_ref, kind, channel, occurred_at
  from stock.order_evidence
 where order_ref = :order_ref
 order by occurred_at, event_id
 limit :most;

-- name: insert_own
-- Under a number that no order of ours has; answers nothing when it is taken.
insert into stock.orders (
  order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at, event_id,
  location_id, shipping_minor, placed_by, cart_id, address_id)
values (:order_id, 'setten', :order_ref, :identifier_id, :channel, :total, :currency, :placed_at,
        :event_id, :location_id, :shipping, :placed_by, :cart_id, :address_id)
on conflict (system, order_ref) do nothing
returning order_id;

-- name: insert_own_lines
insert into stock.order_lines (
  order_id, line_no, sku, qty, amount_minor, unit_price_minor, tax_rate, method, location_id)
select :order_id, l.line_no, l.sku, l.qty, l.amount_minor, l.unit_price_minor, l.tax_rate, l.method,
       l.location_id
  from unnest(:line_nos::smallint[], :skus::text[], :qtys::integer[], :amounts::bigint[],
              :unit_prices::bigint[], :tax_rates::numeric[], :methods::text[],
              :location_ids::text[])
       as l(line_no, sku, qty, amount_minor, unit_price_minor, tax_rate, method, location_id);

-- name: insert_taxes
insert into stock.order_taxes (order_id, rate, amount_minor, tax_minor)
select :order_id, t.rate, t.amount_minor, t.tax_minor
  from unnest(:rates::numeric[], :amounts::bigint[], :taxes::bigint[])
       as t(rate, amount_minor, tax_minor);

-- name: insert_holds
insert into stock.order_holds (hold_id, order_id)
select h.hold_id, :order_id from unnest(:hold_ids::uuid[]) as h(hold_id);

-- name: lock
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where order_id = :order_id
   for no key update;

-- name: taxes_of
select rate, amount_minor, tax_minor
  from stock.order_taxes
 where order_id = :order_id
 order by rate desc;

-- name: by_ref
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where system = :system and order_ref = :order_ref;

-- name: by_any_ref
-- A number is all that somebody has; whose system it is from, they do not know.
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where order_ref = any(:order_refs::text[])
 order by placed_at desc
 limit :most;

-- name: latest
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where (placed_at, order_id) /*past*/ < (:before_at, :before_id)
   and (:state::text is null or state = :state)
 order by placed_at /*way*/ desc, order_id /*way*/ desc
 limit :most;

-- name: latest_at
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where location_id = :location_id and (placed_at, order_id) /*past*/ < (:before_at, :before_id)
   and (:state::text is null or state = :state)
 order by placed_at /*way*/ desc, order_id /*way*/ desc
 limit :most;

-- name: goods_of
-- For a list: what an order begins with, and how many lines it has.
select l.order_id, (array_agg(l.sku order by l.line_no))[1] as sku, count(*)::integer as lines
  from stock.order_lines l
 where l.order_id = any(:order_ids::uuid[])
 group by l.order_id;

-- name: holds_of
select hold_id from stock.order_holds where order_id = :order_id order by hold_id;

-- name: of_holds
select hold_id, order_id from stock.order_holds where hold_id = any(:hold_ids::uuid[]);

-- name: hold_at
select h.hold_id
  from stock.orders o
  join stock.order_holds k on k.order_id = o.order_id
  join stock.holds h on h.hold_id = k.hold_id
 where o.system = 'setten' and o.order_ref = :order_ref and h.location_id = :location_id
   and h.ended_at is null
 order by h.hold_id
 limit 1;

-- name: own_numbers
-- Those of the numbers that are of our own orders: whoever else tells of them gives evidence.
select order_ref, order_id
  from stock.orders
 where system = 'setten' and order_ref = any(:order_refs::text[]);

-- name: cancel_lines
update stock.order_lines l
   set cancelled_qty = l.cancelled_qty + c.qty
  from unnest(:line_nos::smallint[], :qtys::integer[]) as c(line_no, qty)
 where l.order_id = :order_id and l.line_no = c.line_no;

-- name: note_cancels
insert into stock.order_cancels (order_id, line_no, qty, amount_minor, reason, cancelled_by, at)
select :order_id, c.line_no, c.qty, c.amount_minor, :reason, :by, :now
  from unnest(:line_nos::smallint[], :qtys::integer[], :amounts::bigint[])
       as c(line_no, qty, amount_minor);

-- name: cancel_order
update stock.orders
   set cancelled_minor = cancelled_minor + :amount, state = :state
 where order_id = :order_id;

-- name: cancels_of
select line_no, qty, amount_minor, reason, cancelled_by, at
  from stock.order_cancels
 where order_id = :order_id
 order by at, line_no;

-- name: by_cart
select order_id, system, order_ref, identifier_id, channel, total_minor, currency, placed_at,
       event_id, location_id, tax_included, shipping_minor, state, placed_by, cart_id, address_id,
       cancelled_minor
  from stock.orders
 where cart_id = :cart_id;
