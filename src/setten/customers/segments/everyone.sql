-- name: everybody
-- PostgreSQL: who each identifier is, as a stream (inside a copy: no semicolon).
select identifier_id, customer_id from customers.identifiers

-- name: said
-- PostgreSQL: what was said of some fields by everybody, as a stream; where each stands is a field
-- like the others, under any identifier of hers.
select identifier_id, field, value::text, occurred_at
  from customers.traits
 where field = any($1::text[]) and field <> $2::text
 union all
select i.identifier_id, $2::text, to_json(coalesce(s.stage, $3::text))::text, coalesce(s.since, 'epoch')
  from (select customer_id, min(identifier_id) as identifier_id
          from customers.identifiers
         group by customer_id) i
  left join customers.stages s using (customer_id)
 where $2::text = any($1::text[])

-- name: keep_people
-- The engine: kept as a file for the questions of the next minute.
copy (
  select identifier_id, customer_id, dense_rank() over (order by customer_id)::integer as subject
    from read_csv('{csv}', header = false,
                  columns = {{'identifier_id': 'bigint', 'customer_id': 'uuid'}})
) to '{path}' (format parquet);

-- name: people
create or replace temp view people as
select identifier_id, customer_id, subject from read_parquet('{path}');

-- name: subjects
create or replace temp view subjects as select distinct subject from people;

-- name: events
-- Without purchases: every line is what it says.
create or replace temp view events as
select p.subject, l."at", l.position, l.name, {columns}
  from lines l
  join people p using (identifier_id);

-- name: events_with_purchases
-- Of all that told of one purchase the best one counts: the till before the order, the earlier of
-- two equals; a correction ends what it replaces. Only what an order or a correction stands behind
-- has rivals at all. Nothing is materialized: what a condition does not ask for is not read. Lines
-- that tell no purchase have no rank; to look at that costs less than to look at their names.
create or replace temp view events as
with told as not materialized (
  select * from lines where rank is not null
), rivals as not materialized (
  select purchase_key, min({{'rank': -rank, 'at': "at", 'by': told_by}}) as best
    from told
   where rank > {alone}
      or purchase_key in (select purchase_key from lines where rank = {void})
   group by purchase_key
  having count(*) > 1
), purchases as not materialized (
  select t.* replace (case when t.total_minor < 0 then 'return' else 'purchase' end as name)
    from told t
    left join rivals r using (purchase_key)
   where t.rank < {void}
     and (r.best is null or r.best = {{'rank': -t.rank, 'at': t."at", 'by': t.told_by}})
), happened as not materialized (
  select * from lines where rank is null
  union all by name
  select * from purchases
)
select p.subject, l."at", l.position, l.name, {columns}
  from happened l
  join people p using (identifier_id);

-- name: fields
-- The newest word of each field, whichever identifier it was said under: the later, then the
-- smaller number. A null says that it is not known any more.
create or replace temp table fields as
with newest as (
  select p.subject, s.field as name,
         arg_max(s.value, {{'at': s.occurred_at, 'number': -s.identifier_id}}) as value
    from read_csv('{csv}', header = false, parallel = false,
                  columns = {{'identifier_id': 'bigint', 'field': 'varchar', 'value': 'varchar',
                              'occurred_at': 'timestamptz'}}) s
    join people p using (identifier_id)
   group by all
)
select subject, name,
       case when json_type(value) = 'VARCHAR' then value ->> '$' end as text,
       case when json_type(value) in ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')
            then value::double end as number,
       case when json_type(value) = 'BOOLEAN' then value::boolean end as truth
  from newest
 where json_type(value) <> 'NULL';

-- name: no_fields
create or replace temp view fields as
select 0 as subject, '' as name, '' as text, 0::double as number, false as truth where false;

-- name: no_standings
create or replace temp table standings (question varchar, subject integer);

-- name: standing
insert into standings
select distinct $1, p.subject
  from read_csv('{csv}', header = false, columns = {{'customer_id': 'uuid'}}) s
  join people p using (customer_id);

-- name: no_relations
create or replace temp table relations (subject integer, name varchar, other integer);

-- name: relations
create or replace temp table relations as
select distinct p.subject, r.name, o.subject as other
  from read_csv('{csv}', header = false,
                columns = {{'customer_id': 'uuid', 'name': 'varchar', 'other': 'uuid'}}) r
  join people p using (customer_id)
  join people o on o.customer_id = r.other;

-- name: count_and_sample
-- The sample is the same ten while the condition is being written, not ten new ones each time.
with hits as materialized ({statement}), few as (
  select subject from hits order by hash(subject), subject limit {sample}
)
select (select count(*) from hits) as hits,
       (select count(*) from subjects) as everybody,
       (select list(distinct p.customer_id)
          from people p
         where p.subject in (select subject from few)) as sample
