-- name: beside
-- Services to the zone of another one, from some place: few.
select s.service_id, s.name_ja, s.name_en, s.origin, s.zone_id, s.cut_off, s.ship_days,
       s.lead_days_min, s.lead_days_max, s.fee_minor, s.free_from_minor, s.currency, s.carries
  from stock.delivery_services s
  join stock.delivery_services was on was.zone_id = s.zone_id
 where was.service_id = :service_id and s.origin = :origin
 order by s.service_id
 limit :most;
