-- name: outgrown
-- Whose the identifiers are that hold too much together: of one customer, or of all, newest first.
select q.identifier_id, i.kind, i.customer_id, q.links, q.noted_at
  from customers.quarantines q
  join customers.identifiers i using (identifier_id)
 where :customer_id::uuid is null or i.customer_id = :customer_id
 order by q.noted_at desc, q.identifier_id
 limit :most;

-- name: hubs
-- What holds a component together: its identifiers with the most links. Some ten thousand rows,
-- read only for somebody who looks at an outgrown one.
select identifier_id, kind, count(*)::integer as links
  from (select i.identifier_id, i.kind
          from customers.identifiers i
          join customers.links l on l.a = i.identifier_id
         where i.customer_id = :customer_id and l.verdict is distinct from 'parted'
         union all
        select i.identifier_id, i.kind
          from customers.identifiers i
          join customers.links l on l.b = i.identifier_id
         where i.customer_id = :customer_id and l.verdict is distinct from 'parted') as ends
 group by identifier_id, kind
 order by links desc, identifier_id
 limit :most;
