-- What a person allows: an append-only ledger, and what stands by it, kept in the same transaction.
create table customers.consent_entries (
  entry_id            bigint      not null generated always as identity primary key,
  identifier_id       bigint      not null,
  purpose             text        not null,
  channel             text        not null,
  state               text        not null,
  -- When it was said, and when we learnt of it.
  at                  timestamptz not null,
  noted_at            timestamptz not null,
  -- Who told: api, console, event, traits, preferences.
  source              text        not null,
  -- Which words were shown, by a name of the business's own.
  text_version        text,
  evidence_sealed_id  bigint,
  by                  text,
  event_id            text        not null,
  constraint state_is_known check (state in ('granted', 'refused', 'withdrawn'))
);
create index consent_entries_of on customers.consent_entries (identifier_id, at);

create table customers.consents (
  identifier_id  bigint      not null,
  purpose        text        not null,
  channel        text        not null,
  -- Null while a client has only repeated what does not count.
  state          text,
  at             timestamptz not null,
  source         text        not null,
  -- What a client repeats with every event; only another word of it is a new statement.
  carried        text,
  carried_at     timestamptz,
  constraint consents_pkey primary key (identifier_id, purpose, channel),
  constraint state_is_known check (state in ('granted', 'refused', 'withdrawn'))
) with (fillfactor = 80);

-- Where nothing arrives: an address that bounced, a person who blocked the account.
create table customers.undeliverable (
  identifier_id  bigint      not null,
  channel        text        not null,
  reason         text        not null,
  since          timestamptz not null,
  constraint undeliverable_pkey primary key (identifier_id, channel)
);
