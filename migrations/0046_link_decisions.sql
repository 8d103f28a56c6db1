-- From whom a link was parted: giving it back makes that customer whole again, under her own id.
alter table customers.link_decisions add column customer_id uuid;
