-- The audit as the privacy officer reads it: all of it, by who, by what; newest first, by day.

create index entries_at on audit.entries (at, entry_id);
create index entries_actor on audit.entries (actor, at, entry_id);
create index entries_action on audit.entries (action, at, entry_id);
