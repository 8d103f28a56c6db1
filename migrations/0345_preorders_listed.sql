-- Those who wait, oldest first: of an item wherever it is promised, of a place, of both.
create index preorders_waiting_item on stock.preorders (sku, preorder_id) where state = 'waiting';
create index preorders_waiting_place on stock.preorders (location_id, preorder_id)
  where state = 'waiting';
create index preorders_waiting_row on stock.preorders (sku, location_id, preorder_id)
  where state = 'waiting';
