-- Who may do what, and who did.
create schema auth;

create table auth.staff (
  staff_id       uuid        not null primary key,
  login          text        not null,
  name           text        not null,
  password_hash  text,
  role           text        not null,
  locale         text        not null default 'ja',
  theme          text        not null default 'system',
  created_at     timestamptz not null,
  disabled_at    timestamptz,
  constraint role_is_known check (role in ('associate', 'shop_manager', 'agent', 'marketer',
    'cx_manager', 'engineer', 'privacy_officer', 'executive', 'admin')),
  constraint locale_is_known check (locale in ('ja', 'en')),
  constraint theme_is_known check (theme in ('system', 'light', 'dark'))
);
create unique index staff_login on auth.staff (lower(login));

-- The shops a person works for; none for those who work for all. The first is home.
create table auth.staff_locations (
  staff_id     uuid     not null references auth.staff,
  location_id  text     not null,
  rank         smallint not null default 0,
  primary key (staff_id, location_id)
);

create table auth.sessions (
  token_hash  bytea       not null primary key,
  staff_id    uuid        not null references auth.staff,
  created_at  timestamptz not null,
  seen_at     timestamptz not null,
  expires_at  timestamptz not null
);
create index sessions_staff on auth.sessions (staff_id);

-- One-time sign-in links, printed by the command line.
create table auth.links (
  token_hash  bytea       not null primary key,
  staff_id    uuid        not null references auth.staff,
  expires_at  timestamptz not null,
  used_at     timestamptz
);

-- Failed tries by login (hashed) and by address (hashed), to slow guessing.
create table auth.failures (
  subject    bytea       not null,
  failed_at  timestamptz not null
);
create index failures_subject on auth.failures (subject, failed_at);

create table auth.keys (
  key_id      uuid        not null primary key,
  name        text        not null,
  scope       text        not null,
  hash        bytea       not null,
  created_at  timestamptz not null,
  revoked_at  timestamptz,
  constraint scope_is_known check (scope in ('server', 'agent', 'public'))
);
create unique index keys_hash on auth.keys (hash);

create schema audit;
create table audit.entries (
  entry_id     bigint      not null generated always as identity primary key,
  at           timestamptz not null,
  actor        text        not null,
  action       text        not null,
  customer_id  uuid,
  subject      text,
  fields       text[]      not null default '{}',
  reason       text,      -- a code; what a person wrote is sealed in the vault
  reason_sealed_id  bigint,
  -- A read of many is one entry: how many, and a hash of the list.
  count        integer,
  list_hash    bytea,
  request_id   text
);
create index entries_customer on audit.entries (customer_id, entry_id) where customer_id is not null;
