-- Orders of a place in the order that its list is read in, from either end: the index before this
-- one did not hold which of a moment's orders comes first, so pages walked all places' orders.
create index orders_at on stock.orders (location_id, placed_at, order_id)
 where location_id is not null;
drop index stock.orders_location;
