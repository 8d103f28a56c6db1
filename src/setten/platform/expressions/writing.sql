-- name: figures
-- Every count, sum, first and last in one pass: by the keys that events come under, of which few
-- rows are left, and then by subject. Who has no events has figures without a value.
by_key as (
  select e.key,
       {of_key}
    from events e
   where {bounds} and ({any_of})
   group by e.key
),
figures as (
  select o.subject,
       {joined}
    from owners o
    left join by_key k using (key)
   group by o.subject
)

-- name: field
select subject, text, number, truth, name from fields where name = {name}

-- name: standing
select subject, true as stands from standings where question = {question}

-- name: related
{name} as (
  select distinct subject, true as stands from relations where name = {relation}
)

-- name: related_of
{name} as (
  select distinct r.subject, true as stands
    from relations r
    join (
         select s.subject{groups},
                {condition} as is_in
           from {everybody} s{joins}
         ) as o on o.subject = r.other
   where r.name = {relation} and o.is_in
)

-- name: step_first
-- The start of a sequence that each event begins or, further on, carries forward: the latest one,
-- since whatever follows an earlier start in time follows the latest in time too.
select o.subject, e.at, e.position{columns},
       case when {match} then e.at end as start_1
  from events e
  join owners o using (key)
 where {bounds} and ({any_step})

-- name: step_next
select e.*,
       case when {match} and e.at - max(e.start_{before}) over earlier <= to_microseconds({within})
            then max(e.start_{before}) over earlier end as start_{step}
  from ({inner}) e
window earlier as (partition by e.subject order by e.at, e.position
                   rows between unbounded preceding and 1 preceding)

-- name: sequence
select distinct e.subject, true as is_done from ({inner}) e where e.start_{last} is not null

-- name: everyone
with {parts}
verdicts as (
  select s.subject{groups},
       {condition} as is_in
    from {everybody} s{joins}
)
select subject from verdicts where is_in
