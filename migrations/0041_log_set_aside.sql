-- Events that a reader could not digest, one at a time and after several tries. They stay in the
-- log; this says which view does not have them, so that one event never stops everybody's.
create table log.set_aside (
  reader      text        not null,
  xid         xid8        not null,
  position    bigint      not null,
  arrived_on  date        not null,
  event_id    text        not null,
  error       text        not null,
  at          timestamptz not null default now(),
  primary key (reader, xid, position)
);
