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
-- The engine: kept as a file for the questions of the next minute. is_first: one row of each person,
-- so that to go through everybody takes no sorting out of who came already.
copy (
  select identifier_id, customer_id, dense_rank() over everybody::integer as subject,
         row_number() over one = 1 as is_first
    from read_csv('{csv}', header = false,
                  columns = {{'identifier_id': 'bigint', 'customer_id': 'uuid'}})
  window everybody as (order by customer_id),
         one as (partition by customer_id order by identifier_id)
) to '{path}' (format parquet);

-- name: people
create or replace temp view people as
select identifier_id, customer_id, subject, is_first from read_parquet('{path}');

-- name: owners
create or replace temp view owners as select identifier_id as key, subject from people;

-- name: subjects
create or replace temp view subjects as select subject from people where is_first;

-- name: contested
-- Whether any purchase has rivals (an order), and whether any was corrected. Few stretches of a file
-- have such ranks, so this reads next to nothing where the answer is no.
select count(*) filter (where rank < {void}) > 0, count(*) filter (where rank = {void}) > 0
  from lines
 where rank > {alone};

-- name: events
-- One part for each kind of line that a question asks for; nothing is materialized: what a condition
-- does not ask for is not read.
create or replace temp view events as
{parts};

-- name: others
-- Lines that tell no purchase have no rank; to look at that costs less than to look at their names.
select l.identifier_id as key, l."at", l.position, l.name, {columns}
  from lines l
 where l.rank is null

-- name: alone
-- Purchases that nobody else can tell of.
select l.identifier_id as key, l."at", l.position,
       case when l.total_minor < 0 then 'return' else 'purchase' end as name, {columns}
  from lines l
 where l.rank = {alone}

-- name: not_corrected
   and not exists (select 1 from lines v where v.rank = {void} and v.purchase_key = l.purchase_key)

-- name: told_twice
-- Of all that told of one purchase the best one counts: the till before the order, the earlier of
-- two equals; a correction ends what it replaces. Rank and time are one number, the less the better
-- ({rank_micros} microseconds: more than any time has). Of two they say which; of more, or of two at
-- the same instant, which event is the best one is looked up beside.
create or replace temp table told_twice as
select purchase_key, min(merit) as best, null::varchar as told_by,
       count(*) > 2 or min(merit) = max(merit) as is_doubtful
  from (select purchase_key, {merit} as merit from lines l where l.rank > {alone})
 group by purchase_key
having count(*) > 1;

-- name: has_doubtful
select count(*) > 0 from told_twice where is_doubtful;

-- name: settle_doubtful
update told_twice t
   set told_by = b.told_by
  from (select l.purchase_key, min(l.told_by) as told_by
          from lines l
          join told_twice d on d.purchase_key = l.purchase_key and d.is_doubtful
                           and d.best = {merit}
         where l.rank > {alone}
         group by l.purchase_key) as b
 where b.purchase_key = t.purchase_key;

-- name: merit
({void} - l.rank::bigint) * {rank_micros} + epoch_us(l."at")

-- name: rivals
select l.identifier_id as key, l."at", l.position,
       case when l.total_minor < 0 then 'return' else 'purchase' end as name, {columns}
  from lines l
  left join told_twice r using (purchase_key)
 where l.rank > {alone} and l.rank < {void}
   and (r.best is null or r.best = {merit}{settled})

-- name: settled
 and (r.told_by is null or r.told_by = l.told_by)

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
       (select list_sort(list(distinct p.customer_id))
          from people p
         where p.subject in (select subject from few)) as sample
