-- Where people live, as coarse as a square of about a kilometre: the address stays in the vault.
create table customers.homes (
  identifier_id  bigint        not null primary key,
  -- Null where an address was told but no point is known for it.
  lat            numeric(4, 2),
  lon            numeric(5, 2),
  occurred_at    timestamptz   not null,
  constraint a_point_is_whole check ((lat is null) = (lon is null))
) with (fillfactor = 80);

-- Points of postal codes, as the business brought them in. A code may be the beginning of codes.
create table customers.postcodes (
  code  text          not null primary key,
  lat   numeric(4, 2) not null,
  lon   numeric(5, 2) not null
);
