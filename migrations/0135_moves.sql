-- Since when somebody lives where she does, and where before: a move takes the home shop along.
set lock_timeout = '5s';

alter table customers.homes
  add column since    timestamptz,
  -- Null where nothing is known of a home before this one.
  add column was_lat  numeric(4, 2),
  add column was_lon  numeric(5, 2);
update customers.homes set since = occurred_at;
alter table customers.homes alter column since set not null;
alter table customers.homes
  add constraint where_she_was_is_whole check ((was_lat is null) = (was_lon is null));
