-- name: who
-- Who asks, and what the sets among the goods are made of, told by two domains in one round trip.
select k.keys, s.parts from auth_keys k, sets_inside s;
