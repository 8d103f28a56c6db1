-- Promises for a region: held at once, pinned to a place later.

-- Groups of places that have a name: "the shops of the inner city".
create table stock.regions (
  region_id   text        not null primary key,
  name_ja     text        not null,
  name_en     text        not null,
  updated_at  timestamptz not null
);

create table stock.region_places (
  region_id    text not null references stock.regions on delete cascade,
  location_id  text not null references stock.locations,
  primary key (region_id, location_id)
);

-- Holds that were asked of a region. Their units lie on rows like those of any hold; while
-- routed_at is null they may move among these places, and no shop has them in its queue.
create table stock.regional_holds (
  hold_id       uuid        not null primary key,
  -- The places that the region had when it was asked.
  location_ids  text[]      not null,
  -- Places that said they cannot.
  rejected      text[]      not null default '{}',
  -- From where the way is measured, to a hundredth of a degree; null when nobody said.
  lat           float8,
  lon           float8,
  asked_at      timestamptz not null,
  routed_at     timestamptz,
  constraint point_is_whole check ((lat is null) = (lon is null)),
  constraint a_region_has_places check (cardinality(location_ids) > 0)
);
create index regional_holds_unrouted on stock.regional_holds (asked_at, hold_id)
  where routed_at is null;
