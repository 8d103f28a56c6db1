-- name: lock
-- What stands is decided from what stood: one at a time. Consent is said far less often than this
-- could be taken.
select pg_advisory_xact_lock(5_000_070);

-- name: mates
-- All identifiers of the people whose these are, each with its kind.
select i.identifier_id, m.identifier_id as mate, m.kind
  from customers.identifiers i
  join customers.identifiers m using (customer_id)
 where i.identifier_id = any(:identifier_ids::bigint[]);

-- name: kept
select identifier_id, purpose, channel, state, at, source, carried, carried_at
  from customers.consents
 where identifier_id = any(:identifier_ids::bigint[]);

-- name: note
insert into customers.consent_entries
       (identifier_id, purpose, channel, state, at, noted_at, source, text_version,
        evidence_sealed_id, by, event_id)
select identifier_id, purpose, channel, state, at, :noted_at, source, text_version,
       evidence_sealed_id, :by, event_id
  from unnest(:identifier_ids::bigint[], :purposes::text[], :channels::text[], :states::text[],
              :ats::timestamptz[], :sources::text[], :text_versions::text[],
              :evidence_sealed_ids::bigint[], :event_ids::text[])
       as n(identifier_id, purpose, channel, state, at, source, text_version,
            evidence_sealed_id, event_id);

-- name: put
insert into customers.consents
       (identifier_id, purpose, channel, state, at, source, carried, carried_at)
select * from unnest(:identifier_ids::bigint[], :purposes::text[], :channels::text[],
                     :states::text[], :ats::timestamptz[], :sources::text[], :carrieds::text[],
                     :carried_ats::timestamptz[])
on conflict (identifier_id, purpose, channel) do update
   set state = excluded.state, at = excluded.at, source = excluded.source,
       carried = excluded.carried, carried_at = excluded.carried_at;

-- name: of_owners
-- What stands under each identifier of some people, and where nothing arrives.
consent_standings as (
  select a.owner, i.kind, c.purpose, c.channel, c.state, c.at, c.source,
         h.identifier_id is not null as has_home,
         (select coalesce(array_agg(u.channel), '{}') from customers.undeliverable u
           where u.identifier_id = a.identifier_id) as lost
    from unnest((select :owners::integer[]), (select :identifier_ids::bigint[]))
         as a(owner, identifier_id)
    join customers.identifiers i using (identifier_id)
    left join customers.consents c on c.identifier_id = a.identifier_id and c.state is not null
    left join customers.homes h on h.identifier_id = a.identifier_id
)

-- name: standings_told
select (select coalesce(json_agg(c), '[]') from consent_standings c)::text as allowed;

-- name: entries
select identifier_id, purpose, channel, state, at, noted_at, source, text_version, by, event_id
  from customers.consent_entries
 where identifier_id = any(:identifier_ids::bigint[])
 order by at desc, entry_id desc
 limit :most;

-- name: lose
insert into customers.undeliverable as u (identifier_id, channel, reason, since)
select identifier_id, channel, reason, since
  from unnest(:identifier_ids::bigint[], :channels::text[], :reasons::text[], :sinces::timestamptz[])
       as n(identifier_id, channel, reason, since)
on conflict (identifier_id, channel) do nothing
returning identifier_id, channel;

-- name: regain
delete from customers.undeliverable
 where identifier_id = :identifier_id and channel = :channel and since <= :at
returning identifier_id;
