-- name: append
-- Claim the ids first; only what was claimed is written. Claims go in (day, hash) order so that two
-- batches with the same ids queue instead of locking each other.
with input as (
  select *
    from unnest(
      :days::date[], :hashes::uuid[], :event_ids::text[], :names::text[],
      :occurred_ats::timestamptz[], :sent_ats::timestamptz[], :original_ats::timestamptz[],
      :source_ids::integer[], :channels::text[], :location_ids::text[], :identifiers::text[],
      :sealed_ids::bigint[], :bodies::text[]
    ) as i(day, hash, event_id, name, occurred_at, sent_at, original_at, source_id, channel,
           location_id, identifiers, sealed_id, body)
), claimed as (
  insert into log.seen (day, hash, position, arrived_on)
  select day, hash, nextval('log.position'), :arrived_on
    from input
   order by day, hash
  on conflict do nothing
  returning day, hash, position
)
insert into log.events (
  arrived_on, position, event_id, name, occurred_at, received_at, sent_at, original_at, source_id,
  channel, location_id, identifiers, sealed_id, body)
select :arrived_on, c.position, i.event_id, i.name, i.occurred_at, :received_at, i.sent_at,
       i.original_at, i.source_id, i.channel, i.location_id, i.identifiers::bigint[], i.sealed_id,
       i.body::json
  from claimed c
  join input i using (day, hash)
 order by c.position
returning event_id;

-- name: claim
-- The first half of `append` alone, for batches: what was claimed is then written by COPY. Days and
-- hashes come as the text of an array, because the driver writes an array element by element.
-- Positions are drawn in the order of the list, so one row tells which were claimed: `claimed` has
-- fewer than `drawn` only where something was known.
with input as materialized (
  select day, hash, nextval('log.position') as position
    from unnest(:days::text::date[], :hashes::text::uuid[]) as i(day, hash)
), claimed as (
  insert into log.seen (day, hash, position, arrived_on)
  select day, hash, position, :arrived_on
    from input
   order by day, hash
  on conflict do nothing
  returning position
)
select (select array_agg(position) from input) as drawn,
       (select array_agg(position) from claimed) as claimed;

-- name: stated
-- Facts of ours within another statement. Their ids are made a moment before, so there is nothing to
-- look up: a claim that is taken ends the statement.
log_stated as materialized (
  select nextval('log.position') as position, i.day, i.hash, i.event_id, i.name, i.channel,
         i.location_id, i.identifiers, i.body
    from unnest(:days::text::date[], :hashes::text::uuid[], :event_ids::text::text[],
                :names::text::text[], :channels::text::text[], :location_ids::text::text[],
                :identifiers::text::text[], :bodies::text::text[])
         as i(day, hash, event_id, name, channel, location_id, identifiers, body)
), log_seen as (
  insert into log.seen (day, hash, position, arrived_on)
  select s.day, s.hash, s.position, :arrived_on
    from log_stated s
), log_written as (
  insert into log.events (
    arrived_on, position, event_id, name, occurred_at, received_at, channel, location_id,
    identifiers, body)
  select :arrived_on, s.position, s.event_id, s.name, :at, :at, s.channel, s.location_id,
         s.identifiers::bigint[], s.body::json
    from log_stated s
)

-- name: draw_positions
-- For ids that come by COPY, which can answer none.
select array_agg(nextval('log.position')) from generate_series(1, :count);

-- name: read
-- Only transactions older than every running one: none of them can still add a row behind us.
-- The day bound lets the planner drop old partitions; a transaction never outlives a day. The order
-- is by the column itself, not by the number made of it, which no index has. What a sender's clock
-- said is left where it is: no reader asks for it, and two moments are a fifth of a row's decoding.
select xid::text::bigint as xid, position, arrived_on, event_id, name, occurred_at, received_at,
       source_id, channel, location_id, identifiers, sealed_id, body::text as body
  from log.events
 where (xid, position) > (:xid::text::xid8, :position)
   and xid < pg_snapshot_xmin(pg_current_snapshot())
   and arrived_on >= :since
 order by events.xid, position
 limit :most;

-- name: latest
-- For people who watch: newest first, whether or not readers may have them yet.
select xid::text::bigint as xid, position, arrived_on, event_id, name, occurred_at, received_at,
       source_id, channel, location_id, identifiers, sealed_id, body::text as body, sent_at,
       original_at
  from log.events
 order by events.xid desc, position desc
 limit :most;

-- name: latest_of
-- The newest of some sources, among the newest :looked of all: a file of many thousand rows that
-- comes in meanwhile is passed over, and a log of millions is not walked.
select xid::text::bigint as xid, position, arrived_on, event_id, name, occurred_at, received_at,
       source_id, channel, location_id, identifiers, sealed_id, body::text as body, sent_at,
       original_at
  from (select xid, position, arrived_on, event_id, name, occurred_at, received_at, source_id,
               channel, location_id, identifiers, sealed_id, body, sent_at, original_at
          from log.events
         order by events.xid desc, position desc
         limit :looked) as newest
 where source_id = any(:source_ids::integer[])
 order by newest.xid desc, position desc
 limit :most;

-- name: listed
-- The same from a place on. A day reads the one partition of its events.
select xid::text::bigint as xid, position, arrived_on, event_id, name, occurred_at, received_at,
       source_id, channel, location_id, identifiers, sealed_id, body::text as body, sent_at,
       original_at
  from log.events
 where (events.xid, events.position) /*past*/ < (:xid::text::xid8, :position)
   and arrived_on between :since and :until
 order by events.xid /*way*/ desc, position /*way*/ desc
 limit :most;

-- name: snapshot
-- Differs after any commit of a writing transaction: until then no reader could see more.
select pg_current_snapshot()::text;

-- name: ensure_cursor
insert into log.cursors (reader) values (:reader) on conflict do nothing;

-- name: cursor
select xid::text::bigint as xid, position, arrived_on from log.cursors where reader = :reader;

-- name: cursors
select reader, xid::text::bigint as xid, position, arrived_on from log.cursors order by reader;

-- name: advance
-- Moves only from where this reader believes it stands: a second process loses the race cleanly.
update log.cursors
   set xid = :xid::text::xid8, position = :position, arrived_on = :arrived_on, updated_at = now()
 where reader = :reader
   and xid = :was_xid::text::xid8
   and position = :was_position
returning reader;

-- name: advance_all
-- Cursors of readers that passed over what is not theirs, each only from where we believe it stands.
-- One that somebody else is moving is left alone (it is locked). Nothing was done that could be
-- lost, so nobody waits for the disk: after a crash the same rows are passed over again.
with free as materialized (
  select c.reader, m.xid, m.position, m.day
    from log.cursors c
    join unnest(:readers::text[], :xids::text[], :positions::bigint[], :days::date[],
                :was_xids::text[], :was_positions::bigint[])
           as m(reader, xid, position, day, was_xid, was_position)
      on c.reader = m.reader and c.xid = m.was_xid::xid8 and c.position = m.was_position
   where set_config('synchronous_commit', 'off', true) is not null
   order by c.reader
     for update of c skip locked
)
update log.cursors c
   set xid = f.xid::xid8, position = f.position, arrived_on = f.day, updated_at = now()
  from free f
 where c.reader = f.reader
returning c.reader;

-- name: set_aside
insert into log.set_aside (reader, xid, position, arrived_on, event_id, error)
values (:reader, :xid::text::xid8, :position, :arrived_on, :event_id, :error)
on conflict do nothing;

-- name: count_set_aside
select count(*) from (select 1 from log.set_aside limit 1000) as first_ones;

-- name: find_recent
-- A read names an event of the last days nearly always; those days are warm.
select xid::text::bigint as xid, position, arrived_on
  from log.seen
 where day = any(:days::date[]) and hash = :hash;

-- name: find_any
select xid::text::bigint as xid, position, arrived_on from log.seen where hash = :hash limit 1;

-- name: is_dead
select 1 from log.dead_letters where hash = :hash and ended_at is null limit 1;

-- name: event_at
select xid::text::bigint as xid, position, arrived_on, event_id, name, occurred_at, received_at,
       source_id, channel, location_id, identifiers, sealed_id, body::text as body, sent_at,
       original_at
  from log.events
 where arrived_on = :arrived_on and xid = :xid::text::xid8 and position = :position;

-- name: lag
-- Age of the oldest event that a reader has not passed; null when it is level.
select extract(epoch from now() - received_at)::float8 as lag_s
  from log.events
 where (xid, position) > (:xid::text::xid8, :position) and arrived_on >= :since
 order by xid, position
 limit 1;

-- name: ensure_partitions
-- Of today and the next two days: every reading of the log opens all that are still to come, which
-- with fourteen was half of its cost. The job comes each hour and at each start.
select log.ensure_partitions((now() at time zone 'UTC')::date, 3);

-- name: oldest_writer_s
-- Everything behind the oldest writing transaction waits for it.
select coalesce(max(extract(epoch from now() - xact_start)), 0)::float8
  from pg_stat_activity
 where backend_xid is not null and datname = current_database();

-- name: written
-- One row of the sequence that numbers the lines; no line is looked at.
select last_value - (not is_called)::integer from log.position;
