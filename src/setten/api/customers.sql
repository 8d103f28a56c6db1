-- name: beside
-- What stands beside profiles, told by three domains in one round trip.
select (select coalesce(json_agg(s), '[]') from lifecycle_standings s)::text as stands,
       (select coalesce(json_agg(m order by m.name), '[]') from segments_memberships m)::text as inside,
       (select coalesce(json_agg(c), '[]') from consent_standings c)::text as allowed;
