-- Which identifiers have changed hands, so that a process may remember whose they are. Written by the
-- table itself, whoever moves them, in the order of their commits: who is whom has one writer at a
-- time. Some thousand moves are kept; who has missed more begins anew.
create table customers.identity_moves (
  move_id bigint primary key generated always as identity,
  identifier_ids bigint[] not null
);

create function customers.identity_moved() returns trigger language plpgsql as $$
declare
  moved bigint[];
begin
  select array_agg(n.identifier_id) into moved
    from now_hers n
    join was_hers w using (identifier_id)
   where w.customer_id <> n.customer_id;
  if moved is not null then
    with kept as (
      insert into customers.identity_moves (identifier_ids) values (moved) returning move_id
    )
    delete from customers.identity_moves m using kept where m.move_id <= kept.move_id - 10000;
  end if;
  return null;
end
$$;
create trigger identifiers_moved after update on customers.identifiers
   referencing old table as was_hers new table as now_hers
   for each statement execute function customers.identity_moved();
