-- Whoever writes who is whom locks this row first. The reader keeps in memory whom it has met, and
-- finds the token that it wrote when nobody else has written since; whatever is deleted makes it
-- forget as well, whoever did it.
create table customers.identity_turn (
  is_only boolean primary key default true,
  token uuid not null default gen_random_uuid(),
  constraint identity_turn_is_one check (is_only)
) with (fillfactor = 10);
insert into customers.identity_turn default values;

create function customers.identity_forgotten() returns trigger language plpgsql as $$
begin
  update customers.identity_turn set token = gen_random_uuid();
  return null;
end
$$;
create trigger identifiers_forgotten after delete or truncate on customers.identifiers
   for each statement execute function customers.identity_forgotten();
create trigger links_forgotten after delete or truncate on customers.links
   for each statement execute function customers.identity_forgotten();
