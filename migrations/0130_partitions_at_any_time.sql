-- Three days of partitions lie ready instead of fourteen, because each reading of the log opens all
-- that are still to come. So a house that stood still for some days may take in an event before the
-- day has its partition: that day then stays in the default one, where it is read like any other,
-- instead of stopping all days after it.
create or replace function log.ensure_partitions(first date, days integer) returns void
language plpgsql as $$
declare
  day date;
begin
  for offset_days in 0 .. days - 1 loop
    day := first + offset_days;
    if to_regclass(format('log.events_%s', to_char(day, 'YYYYMMDD'))) is null then
      begin
        execute format(
          'create table log.events_%s partition of log.events for values from (%L) to (%L)',
          to_char(day, 'YYYYMMDD'), day, day + 1);
      exception when check_violation then
        null;  -- the default partition has events of that day already
      end;
    end if;
  end loop;
end $$;

-- Those that lie ready too early and are empty go; their days come again one by one.
do $$
declare
  day date := (now() at time zone 'UTC')::date;
  name text;
  is_used boolean;
begin
  for ahead in 3 .. 13 loop
    name := format('log.events_%s', to_char(day + ahead, 'YYYYMMDD'));
    if to_regclass(name) is not null then
      execute format('select exists (select from %s)', name) into is_used;
      if not is_used then
        execute format('drop table %s', name);
      end if;
    end if;
  end loop;
end $$;
