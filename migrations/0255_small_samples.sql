-- Counted again with each tenth that is added, the log of a new day is counted every ten seconds, and
-- each time 30,000 rows were read, sorted and measured: half a second of one processor, in which
-- readers stood behind. Nothing that reads these tables asks how their values are spread; each goes
-- by a key. So a tenth of the sample is enough: its size follows the column that wants most.
create function log.sample_little(named regclass) returns void
language plpgsql as $$
begin
  execute (
    select format('alter table %s %s', named,
                  string_agg(format('alter column %I set statistics 10', attname), ', '
                             order by attnum))
      from pg_attribute
     where attrelid = named and attnum > 0 and not attisdropped);
end $$;

create or replace function log.ensure_partitions(first date, days integer) returns void
language plpgsql as $$
declare
  day date;
  name text;
begin
  for offset_days in 0 .. days - 1 loop
    day := first + offset_days;
    name := format('log.events_%s', to_char(day, 'YYYYMMDD'));
    if to_regclass(name) is null then
      begin
        execute format(
          'create table %s partition of log.events for values from (%L) to (%L)',
          name, day, day + 1);
        -- A partition takes over columns, but not how they are counted.
        perform log.sample_little(name::regclass);
      exception when check_violation then
        null;  -- the default partition has events of that day already
      end;
    end if;
  end loop;
end $$;

select log.sample_little(relid) from pg_partition_tree('log.events');
select log.sample_little('log.seen');
select log.sample_little('vault.envelopes');
select log.sample_little('customers.segment_passages');
