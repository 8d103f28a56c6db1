-- What lists are read by: each page walks an index from the place of its last row.

-- Deliveries due at a place, soonest first: until now all of its open ones were put in order.
create index inbound_at on stock.inbound (location_id, due_on, inbound_id) where is_open;

-- Dead letters of one sender, and those that ended.
create index dead_letters_open_of on log.dead_letters (source_id, dead_letter_id)
 where ended_at is null;
create index dead_letters_ended on log.dead_letters (dead_letter_id) where ended_at is not null;
create index dead_letters_ended_of on log.dead_letters (source_id, dead_letter_id)
 where ended_at is not null;
