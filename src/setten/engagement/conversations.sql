-- name: insert_note
-- The text is not here: it is in the vault, and goes with its person.
insert into engagement.notes (
  note_id, event_id, identifier_id, sealed_id, voice, channel, by_id, by_name, written_at)
values (
  :note_id, :event_id, :identifier_id, :sealed_id, :voice, :channel, :by_id, :by_name,
  :written_at);

-- name: recent_notes
-- Newest first, so that the limit keeps the newest; the page turns them round.
select note_id, event_id, identifier_id, sealed_id, voice, channel, by_id, by_name, written_at
  from engagement.notes
 where identifier_id = any(:identifiers::bigint[])
 order by written_at desc, note_id desc
 limit :most;

-- name: newest_note
-- Cheap enough to ask every second: the index gives the newest of each identifier.
select note_id
  from engagement.notes
 where identifier_id = any(:identifiers::bigint[])
 order by written_at desc, note_id desc
 limit 1;
