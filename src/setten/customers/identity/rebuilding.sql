-- name: next_linked
select distinct a as identifier_id
  from customers.links
 where a > :after
 order by a
 limit :most;
