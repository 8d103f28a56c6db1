-- What a place handed over, the last one first: the queue's third tab reads it from the end.

create index holds_collected on stock.holds (location_id, ended_at, hold_id)
  where state = 'collected';
