-- name: who
-- Who asks, and whom the identifiers name, told by two domains in one round trip.
select k.keys, n.people from auth_keys k, identity_named n;

-- name: beside
-- Profiles and what stands beside them, told by five domains in one round trip.
select o.overview, d.numbers, d.kinds, d.wrapped_keys, d.seals, d.fields, d.sealed_traits, d.said_ats,
       (select coalesce(json_agg(s), '[]') from lifecycle_standings s)::text as stands,
       (select coalesce(json_agg(m order by m.name), '[]') from segments_memberships m)::text as inside,
       (select coalesce(json_agg(c), '[]') from consent_standings c)::text as allowed
  from profiles_overview o, vault_dossier d;
