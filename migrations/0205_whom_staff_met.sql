-- Whom a member of staff met in their work: shown by card, code, phone or booking, or opened with a
-- reason. Until then that person's page opens without asking again. Rows go when they are over.

create table audit.met (
  actor text not null,
  customer_id uuid not null,
  until timestamptz not null,
  primary key (actor, customer_id)
);
create index met_until on audit.met (until);
