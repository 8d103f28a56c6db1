-- name: lock
-- One writer of who is whom at a time: the reader's batches and a person's merge take turns. Whoever
-- comes this way may change what the reader remembers: the token is one that nobody has.
update customers.identity_turn set token = gen_random_uuid();

-- name: turn
-- The same for the reader: is the token its own, nobody has written in between.
select token from customers.identity_turn for update;

-- name: pass_on
update customers.identity_turn set token = :token;

-- name: moves
-- What has changed hands after a move that was heard of. Those of before are kept for some time: when
-- the first that is left comes later than the next, some were missed.
select t.token,
       coalesce((select min(move_id) from customers.identity_moves), 0) as first,
       coalesce((select max(move_id) from customers.identity_moves), 0) as last,
       coalesce((select array_agg(one.identifier_id)
                   from customers.identity_moves m
                  cross join lateral unnest(m.identifier_ids) as one(identifier_id)
                  where m.move_id > :heard), '{}') as moved
  from customers.identity_turn t;

-- name: rules
select kind, is_weak, most, shared_after, priority from customers.identity_rules;

-- name: nodes
select identifier_id, kind, customer_id, born_as, first_at, is_shared, is_blocked
  from customers.identifiers
 where identifier_id = any(:identifier_ids::text::bigint[]);

-- name: unfamiliar
-- Unknown ones with nulls, and those first met after the earliest of these events: all others are
-- known and no younger than they seem.
select n.identifier_id as asked, i.identifier_id, i.kind, i.customer_id, i.born_as, i.first_at,
       i.is_shared, i.is_blocked
  from unnest(:identifier_ids::text::bigint[]) as n(identifier_id)
  left join customers.identifiers i using (identifier_id)
 where i.identifier_id is null or i.first_at > :earliest;

-- name: kinds
-- The kind is the vault's to say; the number alone is in the log.
select v.identifier_id, v.kind, b.identifier_id is not null as is_blocked
  from vault.identifiers v
  left join customers.blocked_values b using (identifier_id)
 where v.identifier_id = any(:identifier_ids::bigint[]);

-- name: untold_links
-- Unknown pairs with nulls, and those of which later evidence may still tell something: not what an
-- event before all of these spoke for, unless one of these is the first to call it an alias.
select p.one, p.other, l.a, l.b, l.kind, l.event_id, l.occurred_at, l.source_id, l.verdict,
       l.decided_at
  from unnest(:firsts::text::bigint[], :seconds::text::bigint[], :aliases::text::boolean[])
       as p(one, other, is_alias)
  left join customers.links l on l.a = p.one and l.b = p.other
 where l.a is null
    or l.occurred_at >= :earliest
    or l.kind = 'manual'
    or (p.is_alias and l.kind <> 'alias');

-- name: links_around
-- Both directions of each, one more than the limit at most: a hub shows itself by that one. What a
-- person has parted comes beside them and takes none of their places.
select n.identifier_id as around, l.a, l.b, l.kind, l.event_id, l.occurred_at, l.source_id,
       l.verdict, l.decided_at, l.refusal
  from unnest(:identifier_ids::bigint[]) as n(identifier_id)
 cross join lateral (
       (select a, b, kind, event_id, occurred_at, source_id, verdict, decided_at, refusal
          from customers.links
         where a = n.identifier_id and verdict is distinct from 'parted' limit :most)
       union all
       (select a, b, kind, event_id, occurred_at, source_id, verdict, decided_at, refusal
          from customers.links
         where b = n.identifier_id and verdict is distinct from 'parted' limit :most)
       union all
       (select a, b, kind, event_id, occurred_at, source_id, verdict, decided_at, refusal
          from customers.links where a = n.identifier_id and verdict = 'parted' limit :most)
       union all
       (select a, b, kind, event_id, occurred_at, source_id, verdict, decided_at, refusal
          from customers.links where b = n.identifier_id and verdict = 'parted' limit :most)
       ) as l;

-- name: met
-- How many of each kind an identifier was met with, by events alone; nobody's do not count.
select n.identifier_id, i.kind, count(*)::bigint as met
  from unnest(:identifier_ids::bigint[]) as n(identifier_id)
 cross join lateral (
       (select b as other from customers.links where a = n.identifier_id and kind <> 'manual')
       union all
       (select a as other from customers.links where b = n.identifier_id and kind <> 'manual')
       ) as l
  join customers.identifiers i on i.identifier_id = l.other
 where i.identifier_id <> all(:blocked::bigint[])
   and (not i.is_blocked or i.identifier_id = any(:unblocked::bigint[]))
 group by n.identifier_id, i.kind;

-- name: put_links
-- Whoever calls has compared: what comes here is new, earlier than what was kept, or decided.
insert into customers.links as l
       (a, b, kind, event_id, source_id, occurred_at, refusal, verdict, decided_at)
select a, b, kind, event_id, source_id, occurred_at, refusal, verdict, decided_at
  from unnest(:firsts::bigint[], :seconds::bigint[], :kinds::text[], :event_ids::text[],
              :source_ids::integer[], :occurred_ats::timestamptz[], :refusals::text[],
              :verdicts::text[], :decided_ats::timestamptz[])
       as n(a, b, kind, event_id, source_id, occurred_at, refusal, verdict, decided_at)
 order by a, b
on conflict (a, b) do update
   set kind = excluded.kind, event_id = excluded.event_id, source_id = excluded.source_id,
       occurred_at = excluded.occurred_at, refusal = excluded.refusal, verdict = excluded.verdict,
       decided_at = excluded.decided_at;

-- name: put_refusals
update customers.links l
   set refusal = n.refusal
  from unnest(:firsts::bigint[], :seconds::bigint[], :refusals::text[]) as n(a, b, refusal)
 where l.a = n.a and l.b = n.b;

-- name: put_customers
-- A customer that was merged and stands apart again comes back under its own id.
insert into customers.customers (customer_id, created_at)
select customer_id, created_at
  from unnest(:customer_ids::uuid[], :created_ats::timestamptz[]) as n(customer_id, created_at)
on conflict (customer_id) do update set merged_into = null;

-- name: put_nodes
insert into customers.identifiers as i
       (identifier_id, kind, customer_id, born_as, first_at, is_shared, is_blocked)
select identifier_id, kind, customer_id, born_as, first_at, is_shared, is_blocked
  from unnest(:identifier_ids::bigint[], :kinds::text[], :customer_ids::uuid[], :born_ases::uuid[],
              :first_ats::timestamptz[], :shared::boolean[], :blocked::boolean[])
       as n(identifier_id, kind, customer_id, born_as, first_at, is_shared, is_blocked)
on conflict (identifier_id) do update
   set customer_id = excluded.customer_id, first_at = excluded.first_at,
       is_shared = excluded.is_shared, is_blocked = excluded.is_blocked;

-- name: put_redirects
-- An id leads to whoever has the identifier it was born with: one step, after merges and splits.
update customers.customers c
   set merged_into = nullif(n.customer_id, c.customer_id)
  from unnest(:born_ases::uuid[], :customer_ids::uuid[]) as n(born_as, customer_id)
 where c.customer_id = n.born_as
   and c.merged_into is distinct from nullif(n.customer_id, c.customer_id);

-- name: end_quarantines
-- What has been resolved after all: its links were parted, or what held them together blocked.
delete from customers.quarantines where identifier_id = any(:identifier_ids::bigint[]);

-- name: put_quarantines
insert into customers.quarantines (identifier_id, links, noted_at)
select identifier_id, :links, :noted_at from unnest(:identifier_ids::bigint[]) as q(identifier_id)
on conflict (identifier_id) do nothing;

-- name: quarantines
select identifier_id, links, noted_at from customers.quarantines
 order by noted_at desc, identifier_id
 limit :most;

-- name: current
select coalesce(merged_into, customer_id) as customer_id
  from customers.customers
 where customer_id = :customer_id;

-- name: merged_into
-- The ids that redirect to this customer: old links to them still open.
select customer_id from customers.customers
 where merged_into = :customer_id
 order by customer_id
 limit :most;

-- name: customers_for
select identifier_id, customer_id from customers.identifiers
 where identifier_id = any(:identifier_ids::bigint[]);

-- name: identifiers_of
select identifier_id, kind, customer_id, born_as, first_at, is_shared, is_blocked
  from customers.identifiers
 where customer_id = :customer_id
 order by array_position(:strength::text[], kind), first_at, identifier_id
 limit :most;

-- name: people
-- Everything identity knows of some customers in one round trip, by ids that may redirect; `asked`
-- is the id it was asked by. An array behind a sub-select looks the same to the planner every time:
-- so the general plan costs no more than one for these values, and is kept instead of made anew.
select c.customer_id as asked, i.identifier_id, i.kind, i.customer_id, i.born_as, i.first_at,
       i.is_shared, i.is_blocked,
       (select array_agg(g.customer_id order by g.customer_id)
          from customers.customers g
         where g.merged_into = i.customer_id) as merged
  from customers.customers c
  join customers.identifiers i on i.customer_id = coalesce(c.merged_into, c.customer_id)
 where c.customer_id = any((select :customer_ids::uuid[])::uuid[])
 order by array_position(:strength::text[], i.kind), i.first_at, i.identifier_id
 limit :most;

-- name: members
select identifier_id, customer_id from customers.identifiers
 where customer_id = any(:customer_ids::uuid[])
 limit :most;

-- name: links_of
-- With the latest decision of a person about each.
select l.link_id, l.a, ia.kind as a_kind, ia.customer_id as a_customer,
       l.b, ib.kind as b_kind, ib.customer_id as b_customer,
       l.kind, l.event_id as evidence, l.source_id, l.occurred_at, l.verdict, l.refusal,
       d.decision, d.decided_by, d.decided_at, d.reason_sealed_id
  from customers.links l
  join customers.identifiers ia on ia.identifier_id = l.a
  join customers.identifiers ib on ib.identifier_id = l.b
  left join lateral (select decision, decided_by, decided_at, reason_sealed_id
                       from customers.link_decisions
                      where a = l.a and b = l.b
                      order by decision_id desc
                      limit 1) as d on true
 where l.link_id in (select o.link_id from customers.identifiers i
                       join customers.links o on o.a = i.identifier_id
                      where i.customer_id = :customer_id
                      union
                     select o.link_id from customers.identifiers i
                       join customers.links o on o.b = i.identifier_id
                      where i.customer_id = :customer_id)
   and l.link_id > :since
 order by l.link_id
 limit :most;
