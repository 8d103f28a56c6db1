-- Whoever writes memberships locks this row first. A process that keeps in memory what it has read
-- writes a token with its result and finds it again when nobody has written in between, neither
-- another process nor a definition: a transaction that came to nothing leaves the older token.
create table customers.segment_turn (
  is_only boolean primary key default true,
  token uuid not null default gen_random_uuid(),
  constraint segment_turn_is_one check (is_only)
) with (fillfactor = 10);
insert into customers.segment_turn default values;
