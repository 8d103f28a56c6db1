-- name: dressings
-- What makes loading slow: keys, foreign keys and indexes of some tables, as statements that take
-- them away and put them back. Foreign keys go first and come last.
select format('alter table %s drop constraint %I', conrelid::regclass, conname) as away,
       format('alter table %s add constraint %I %s', conrelid::regclass, conname,
              pg_get_constraintdef(oid)) as again,
       case contype when 'f' then 0 else 1 end as turn
  from pg_constraint
 where contype in ('p', 'u', 'f')
   and (conrelid = any(:tables::text[]::regclass[])
        or (contype = 'f' and confrelid = any(:tables::text[]::regclass[])))
union all
select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid), 2
  from pg_index
 where indrelid = any(:tables::text[]::regclass[])
   and not exists (select 1 from pg_constraint where conindid = indexrelid)
 order by turn;

-- name: to_disk
-- All that was committed before is safe when this is.
do $$ begin perform set_config('synchronous_commit', 'on', true), pg_current_xact_id(); end $$;
