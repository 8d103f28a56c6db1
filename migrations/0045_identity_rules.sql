-- Rules of identity as this business sets them, decisions by hand beside the evidence, relations.

-- The code knows the defaults; here stands only what differs from them, so that a better default
-- reaches everybody who has not chosen.
delete from customers.identity_rules
 where (kind, is_weak, most, shared_after) in (
       ('user_id',      false,   1, 20),
       ('loyalty_card', false,   5, 20),
       ('line_id',      false,   5, 20),
       ('whatsapp_id',  false,   5, 20),
       ('email',        false,   5, 20),
       ('phone',        false,   5, 20),
       ('device_id',    true,   50, 10),
       ('anonymous_id', true,  500, 10));
-- 1 is weighed first: of one event's links the one of the weakest kinds gives way at a limit.
alter table customers.identity_rules add column priority smallint;
update customers.identity_rules
   set priority = coalesce(array_position(array['user_id', 'loyalty_card', 'line_id', 'whatsapp_id',
                                                'email', 'phone', 'device_id', 'anonymous_id'],
                                          kind) * 10, 90);
alter table customers.identity_rules alter column priority set not null;
alter table customers.identity_rules add constraint priority_in_range
  check (priority between 1 and 99);

-- A value that is nobody's ("info@…"): sealed in the vault under this number, as all values are.
create table customers.blocked_values (
  identifier_id  bigint      not null primary key,
  kind           text        not null,
  blocked_at     timestamptz not null
);

-- Forms of values that are nobody's, with * and ?; sealed, since a form may name somebody.
create table customers.blocked_patterns (
  pattern_id  uuid        not null primary key,
  kind        text        not null,
  sealed      bytea       not null,
  blocked_at  timestamptz not null
);

-- Stands for nobody by value or pattern: all its links are refused.
alter table customers.identifiers add column is_blocked boolean not null default false;

-- A change of the rules: counted before it is applied, then applied part by part.
create table customers.rule_changes (
  change_id      uuid        not null primary key,
  body           json        not null,
  reason_sealed  bytea       not null,
  state          text        not null,
  proposed_at    timestamptz not null,
  proposed_by    text        not null,
  applied_at     timestamptz,
  applied_by     text,
  ended_at       timestamptz,
  -- Up to which identifier it has come; how many were looked at, of how many.
  reached        bigint      not null default 0,
  examined       bigint      not null default 0,
  total          bigint      not null default 0,
  merges         bigint      not null default 0,
  splits         bigint      not null default 0,
  samples        json        not null default '[]',
  -- What applying made, beside what was counted.
  merged         bigint      not null default 0,
  split          bigint      not null default 0,
  constraint state_is_known
    check (state in ('counting', 'counted', 'applying', 'applied', 'withdrawn'))
);
-- One at a time: the counts of two open changes would both be wrong.
create unique index rule_changes_open on customers.rule_changes ((true))
  where state in ('counting', 'counted', 'applying');
create index rule_changes_newest on customers.rule_changes (proposed_at desc);

-- What a person has decided of this pair, as it stands now; the evidence stays beside it.
alter table customers.links
  add column verdict text,
  add column decided_at timestamptz,
  drop constraint refusal_is_known;
update customers.links set verdict = 'joined', decided_at = occurred_at where kind = 'manual';
alter table customers.links
  add constraint refusal_is_known check (
    refusal in ('limit', 'weak', 'shared', 'quarantined', 'parted', 'blocked')),
  add constraint verdict_is_known check (verdict in ('joined', 'parted')),
  add constraint verdict_has_a_time check ((verdict is null) = (decided_at is null)),
  add constraint by_hand_is_decided check (kind <> 'manual' or verdict is not null);

-- Every decision ever made of a pair: who, when, why. Append-only.
create table customers.link_decisions (
  decision_id       bigint      not null generated always as identity primary key,
  a                 bigint      not null,
  b                 bigint      not null,
  decision          text        not null,
  decided_at        timestamptz not null,
  decided_by        text        not null,
  reason_sealed_id  bigint,
  constraint pair_is_ordered check (a < b),
  constraint decision_is_known check (decision in ('joined', 'parted', 'given_back'))
);
create index link_decisions_pair on customers.link_decisions (a, b, decision_id desc);

-- Households, givers, referrers: between identifiers, so that they outlive merges and splits.
create table customers.relations (
  relation_id       uuid        not null primary key,
  kind              text        not null,
  -- Who gives or refers. Of a household neither is first: the smaller number stands here.
  one               bigint      not null,
  other             bigint      not null,
  made_at           timestamptz not null,
  made_by           text        not null,
  reason_sealed_id  bigint,
  ended_at          timestamptz,
  ended_by          text,
  constraint kind_is_known check (kind in ('household', 'gift_giver', 'referrer')),
  constraint not_with_itself check (one <> other),
  constraint end_is_whole check ((ended_at is null) = (ended_by is null))
);
create unique index relations_once on customers.relations (kind, one, other)
  where ended_at is null;
create index relations_one on customers.relations (one);
create index relations_other on customers.relations (other);
