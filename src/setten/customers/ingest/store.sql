-- name: insert_source
insert into ingest.sources (
  name, channel, system, is_record, currency, origins, rate_per_s, created_at)
values (:name, :channel, :system, :is_record, :currency, :origins, :rate_per_s, :created_at)
returning source_id;

-- name: insert_key
insert into ingest.write_keys (write_key, source_id, created_at)
values (:write_key, :source_id, :created_at);

-- name: end_keys
-- The old keys go on for a while: pages that are open have them.
update ingest.write_keys
   set ends_at = :ends_at
 where source_id = :source_id and (ends_at is null or ends_at > :ends_at);

-- name: revoke_source
update ingest.sources
   set revoked_at = :revoked_at
 where source_id = :source_id and revoked_at is null
returning source_id;

-- name: change_source
update ingest.sources
   set origins = :origins, rate_per_s = :rate_per_s
 where source_id = :source_id
returning source_id;

-- name: sources
select source_id, name, channel, system, is_record, currency, origins, rate_per_s, created_at,
       revoked_at
  from ingest.sources
 order by source_id
 limit :most;

-- name: source
select source_id, name, channel, system, is_record, currency, origins, rate_per_s, created_at,
       revoked_at
  from ingest.sources
 where source_id = :source_id;

-- name: keys
select write_key, source_id, created_at, ends_at
  from ingest.write_keys
 where source_id = any(:source_ids::integer[])
 order by created_at;

-- name: open_sources
-- Asked once a transaction, never remembered: a revoked source is out at once.
select k.write_key, s.source_id, s.name, s.channel, s.system, s.is_record, s.currency, s.origins,
       s.rate_per_s, s.created_at, s.revoked_at
  from ingest.write_keys k
  join ingest.sources s using (source_id)
 where k.write_key = any(:write_keys::text[])
   and s.revoked_at is null
   and (k.ends_at is null or k.ends_at > :now);

-- name: insert_letters
-- A client that sends a bad event again and again leaves one letter, not a pile.
insert into log.dead_letters (received_at, source_id, hash, reason, field, sealed)
select n.received_at, n.source_id, n.hash, n.reason, n.field, n.sealed
  from unnest(:received_ats::timestamptz[], :source_ids::integer[], :hashes::uuid[],
              :reasons::text[], :fields::text[], :seals::bytea[])
       with ordinality as n(received_at, source_id, hash, reason, field, sealed, ord)
 where not exists (
   select 1 from log.dead_letters d where d.hash = n.hash and d.ended_at is null)
 order by n.ord;

-- name: open_letters_listed
-- Each of the four by an index of its own: open or ended, of all senders or of one.
select dead_letter_id, received_at, source_id, reason, field, ended_at, ended_by, ending
  from log.dead_letters
 where ended_at is null
   and dead_letter_id /*past*/ < :before
 order by dead_letter_id /*way*/ desc
 limit :most;

-- name: open_letters_of
select dead_letter_id, received_at, source_id, reason, field, ended_at, ended_by, ending
  from log.dead_letters
 where ended_at is null and source_id = :source_id
   and dead_letter_id /*past*/ < :before
 order by dead_letter_id /*way*/ desc
 limit :most;

-- name: ended_letters_listed
select dead_letter_id, received_at, source_id, reason, field, ended_at, ended_by, ending
  from log.dead_letters
 where ended_at is not null
   and dead_letter_id /*past*/ < :before
 order by dead_letter_id /*way*/ desc
 limit :most;

-- name: ended_letters_of
select dead_letter_id, received_at, source_id, reason, field, ended_at, ended_by, ending
  from log.dead_letters
 where ended_at is not null and source_id = :source_id
   and dead_letter_id /*past*/ < :before
 order by dead_letter_id /*way*/ desc
 limit :most;

-- name: letter
select dead_letter_id, received_at, source_id, hash, reason, field, sealed, ended_at, ended_by,
       ending
  from log.dead_letters
 where dead_letter_id = :dead_letter_id
   for update;

-- name: end_letter
-- What was said goes with the letter: replayed, it stands in log and vault; discarded, nowhere.
update log.dead_letters
   set ended_at = :ended_at, ended_by = :ended_by, ending = :ending, sealed = ''
 where dead_letter_id = :dead_letter_id;

-- name: open_letters
select count(*) from (
  select 1 from log.dead_letters where ended_at is null limit :most) as counted;

-- name: count_up
insert into ingest.counters as c (source_id, hour_at, name, events, last_at)
select source_id, hour_at, name, events, last_at
  from unnest(:source_ids::integer[], :hours::timestamptz[], :names::text[], :events::bigint[],
              :lasts::timestamptz[]) as n(source_id, hour_at, name, events, last_at)
 order by source_id, hour_at, name
on conflict (source_id, hour_at, name) do update
   set events = c.events + excluded.events,
       last_at = greatest(c.last_at, excluded.last_at);

-- name: counters
select source_id, hour_at, name, events, last_at
  from ingest.counters
 where hour_at >= :since and source_id = any(:source_ids::integer[])
 order by source_id, hour_at, name
 limit :most;
