-- name: limits
-- A query may use what a web process can spare; what does not fit goes beside the files.
set memory_limit = '{memory}';
set threads = {threads};
set temp_directory = '{folder}';
set autoinstall_known_extensions = false;
set autoload_known_extensions = false;
set TimeZone = 'UTC';

-- name: lines
create or replace temp view lines as
select * from read_parquet([{files}], union_by_name = true);

-- name: no_lines
create or replace temp view lines as select {columns} where false;

-- name: write
-- Sorted by person and time: whoever asks reads neighbours together, and it packs better.
copy (
  select identifier_id, "at", position, name{columns}
    from batch
   order by identifier_id, "at", position
) to '{path}' (format parquet, compression zstd);

-- name: merge
copy (
  select identifier_id, "at", position, name{columns}
    from read_parquet([{files}], union_by_name = true)
   where "at" >= timestamp '{since}' and "at" < timestamp '{until}'
   order by identifier_id, "at", position
) to '{path}' (format parquet, compression zstd);

-- name: months
select strftime("at", '%Y-%m') as month, count(*) as rows
  from read_parquet([{files}], union_by_name = true)
 group by month
 order by month;

-- name: count
select count(*) from read_parquet('{path}');
