-- name: lock
-- Two writers must not give one prefix to two zones; zones change some times a year.
lock table stock.delivery_prefixes in share row exclusive mode;

-- name: put_zones
insert into stock.delivery_zones (zone_id, name_ja, name_en, updated_at)
select n.zone_id, n.name_ja, n.name_en, :now
  from unnest(:zone_ids::text[], :names_ja::text[], :names_en::text[])
       as n(zone_id, name_ja, name_en)
on conflict (zone_id) do update
   set name_ja = excluded.name_ja, name_en = excluded.name_en, updated_at = excluded.updated_at;

-- name: owned_by_others
select prefix
  from stock.delivery_prefixes
 where prefix = any(:prefixes::text[]) and zone_id <> all(:zone_ids::text[]);

-- name: drop_prefixes
delete from stock.delivery_prefixes where zone_id = any(:zone_ids::text[]);

-- name: put_prefixes
insert into stock.delivery_prefixes (prefix, zone_id)
select n.prefix, n.zone_id from unnest(:prefixes::text[], :zone_ids::text[]) as n(prefix, zone_id);

-- name: known_zones
select zone_id from stock.delivery_zones where zone_id = any(:zone_ids::text[]);

-- name: put_services
insert into stock.delivery_services (
  service_id, name_ja, name_en, origin, zone_id, cut_off, ship_days, lead_days_min, lead_days_max,
  fee_minor, free_from_minor, currency, carries, updated_at)
select n.service_id, n.name_ja, n.name_en, n.origin, n.zone_id, n.cut_off,
       string_to_array(n.ship_days, ' '), n.lead_min, n.lead_max, n.fee, n.free_from, n.currency,
       string_to_array(n.carries, ' '), :now
  from unnest(:service_ids::text[], :names_ja::text[], :names_en::text[], :origins::text[],
              :zone_ids::text[], :cut_offs::time[], :ship_days::text[], :lead_mins::smallint[],
              :lead_maxs::smallint[], :fees::bigint[], :free_froms::bigint[], :currencies::text[],
              :carries::text[])
       as n(service_id, name_ja, name_en, origin, zone_id, cut_off, ship_days, lead_min, lead_max,
            fee, free_from, currency, carries)
on conflict (service_id) do update
   set name_ja = excluded.name_ja, name_en = excluded.name_en, origin = excluded.origin,
       zone_id = excluded.zone_id, cut_off = excluded.cut_off, ship_days = excluded.ship_days,
       lead_days_min = excluded.lead_days_min, lead_days_max = excluded.lead_days_max,
       fee_minor = excluded.fee_minor, free_from_minor = excluded.free_from_minor,
       currency = excluded.currency, carries = excluded.carries,
       updated_at = excluded.updated_at;

-- name: zones
select z.zone_id, z.name_ja, z.name_en,
       coalesce((select array_agg(p.prefix order by p.prefix)
                   from stock.delivery_prefixes p
                  where p.zone_id = z.zone_id), '{}') as prefixes
  from stock.delivery_zones z
 order by z.zone_id;

-- name: services
select service_id, name_ja, name_en, origin, zone_id, cut_off, ship_days, lead_days_min,
       lead_days_max, fee_minor, free_from_minor, currency, carries
  from stock.delivery_services
 order by zone_id, service_id;

-- name: origins
-- Services are tens: places from which at least one of them starts.
select distinct origin from stock.delivery_services;

-- name: zone_of
-- The longest prefix wins: an island inside a prefecture has a zone of its own.
select z.zone_id, z.name_ja, z.name_en, array[p.prefix] as prefixes
  from stock.delivery_prefixes p
  join stock.delivery_zones z using (zone_id)
 where p.prefix = any(:prefixes::text[])
 order by length(p.prefix) desc
 limit 1;

-- name: of_zone
select service_id, name_ja, name_en, origin, zone_id, cut_off, ship_days, lead_days_min,
       lead_days_max, fee_minor, free_from_minor, currency, carries
  from stock.delivery_services
 where zone_id = :zone_id
 order by service_id
 limit :most;

-- name: resting
-- Of these places those that were told to send nothing, or nothing for a while.
select s.location_id
  from stock.sending_places s
 where s.location_id = any(:location_ids::text[])
   and (not s.ships or s.paused_until > :now);

-- name: zone_by_id
select z.zone_id, z.name_ja, z.name_en,
       coalesce((select array_agg(p.prefix order by p.prefix)
                   from stock.delivery_prefixes p
                  where p.zone_id = z.zone_id), '{}') as prefixes
  from stock.delivery_zones z
 where z.zone_id = :zone_id;

-- name: service_by_id
select service_id, name_ja, name_en, origin, zone_id, cut_off, ship_days, lead_days_min,
       lead_days_max, fee_minor, free_from_minor, currency, carries
  from stock.delivery_services
 where service_id = :service_id;

-- name: remove_zone
-- Its prefixes and services go with it; orders keep what they were told.
delete from stock.delivery_zones where zone_id = :zone_id returning zone_id;

-- name: remove_service
delete from stock.delivery_services where service_id = :service_id returning service_id;
