-- name: unshare
-- Whether an identifier is everybody's is decided anew with the rest.
update customers.identifiers set is_shared = false where is_shared;

-- name: next_linked
select distinct a as identifier_id
  from customers.links
 where a > :after
 order by a
 limit :most;
