-- What is said with customers: for now, notes on their pages.
create schema engagement;

create table engagement.notes (
  note_id        uuid        not null primary key,
  event_id       text        not null,
  identifier_id  bigint      not null,   -- the note stays with what it was written under
  sealed_id      bigint      not null,   -- the words, in the vault
  voice          text        not null,
  channel        text        not null,
  by_id          text        not null,
  by_name        text        not null,   -- as it was then: people change names and leave
  written_at     timestamptz not null,
  constraint voice_is_known check (voice in ('staff', 'customer'))
);
create index notes_by_identifier on engagement.notes (identifier_id, written_at desc);
