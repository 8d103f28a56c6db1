-- A release that everybody wants: a line instead of a race.

create table stock.releases (
  release_id      text        not null primary key,
  name_ja         text        not null,
  name_en         text        not null,
  location_id     text        not null references stock.locations,
  members_from    timestamptz,
  opens_at        timestamptz not null,
  ends_at         timestamptz not null,
  per_person      integer     not null,
  per_minute      integer     not null,
  turn_minutes    integer     not null,
  needs_customer  boolean     not null,
  -- The moment that the next in line gets; null before the first draw.
  next_turn_at    timestamptz,
  members_drawn   boolean     not null default false,
  is_drawn        boolean     not null default false,
  updated_at      timestamptz not null,
  constraint times_are_ordered check (
    opens_at < ends_at and (members_from is null or members_from < opens_at)),
  constraint limits_are_positive check (per_person > 0 and per_minute > 0 and turn_minutes > 0)
) with (fillfactor = 50);

create table stock.release_goods (
  release_id  text    not null references stock.releases,
  sku         text    not null,
  qty         integer not null,
  primary key (release_id, sku),
  constraint qty_is_positive check (qty > 0)
);

create table stock.release_tickets (
  ticket_id      uuid        not null primary key,
  release_id     text        not null references stock.releases,
  identifier_id  bigint,
  is_member      boolean     not null,
  joined_at      timestamptz not null,
  -- Drawn when they joined and told to nobody: who came before the opening stands in this order.
  lot            uuid        not null,
  turn_at        timestamptz,
  taken          integer     not null default 0,
  hold_ids       uuid[]      not null default '{}'
) with (fillfactor = 80);
create unique index release_tickets_person on stock.release_tickets (release_id, identifier_id)
  where identifier_id is not null;
create index release_tickets_waiting on stock.release_tickets (release_id, lot)
  where turn_at is null;
