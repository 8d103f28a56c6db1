-- name: proof
select generation, proof from vault.master_keys order by generation desc limit 1;

-- name: keep_proof
insert into vault.master_keys (generation, proof) values (:generation, :proof)
on conflict do nothing;

-- name: known
select token, identifier_id from vault.identifiers where token = any(:tokens::uuid[]);

-- name: known_with_keys
-- In one row: the driver takes three arrays in a fraction of the time of many rows. The place of
-- each token in the list spares us its bytes. Tokens come as the text of an array for the same reason.
select array_agg(t.place) as places, array_agg(i.identifier_id) as identifier_ids,
       array_agg(i.wrapped_key) as wrapped_keys
  from unnest(:tokens::text::uuid[]) with ordinality as t(token, place)
  join vault.identifiers i using (token);

-- name: insert_identifiers
-- In token order, so that two batches that meet the same new people queue instead of locking.
insert into vault.identifiers (identifier_id, kind, token, wrapped_key, generation, sealed)
select id, kind, token, wrapped_key, :generation, sealed
  from unnest(:ids::bigint[], :kinds::text[], :tokens::uuid[], :keys::bytea[], :seals::bytea[])
       as n(id, kind, token, wrapped_key, sealed)
 order by token
on conflict (token) do nothing
returning token, identifier_id;

-- name: keys
-- Locked, so that nobody is erased between this and what is then written under the key: traits and
-- search tokens have no foreign key, which would look again for each of them.
select identifier_id, wrapped_key from vault.identifiers
 where identifier_id = any(:identifier_ids::bigint[])
 order by identifier_id
   for key share;

-- name: values
select identifier_id, kind, wrapped_key, sealed from vault.identifiers
 where identifier_id = any(:identifier_ids::bigint[]);

-- name: insert_envelopes
-- Ordinality keeps the numbers in the order of the input.
insert into vault.envelopes (identifier_id, sealed)
select identifier_id, sealed
  from unnest(:identifier_ids::bigint[], :seals::bytea[])
       with ordinality as e(identifier_id, sealed, ord)
 order by ord
returning sealed_id;

-- name: draw_envelopes
-- Numbers for envelopes that come by COPY, which can answer none.
select array_agg(nextval('vault.envelopes_sealed_id_seq')) from generate_series(1, :count);

-- name: envelopes
select e.sealed_id, e.identifier_id, e.sealed, i.wrapped_key
  from vault.envelopes e
  join vault.identifiers i using (identifier_id)
 where e.sealed_id = any(:sealed_ids::bigint[]);

-- name: put_traits
-- The newest word wins, whatever the order of arrival. A row that was never updated is new: nothing
-- is to be taken out of the search for it.
insert into vault.traits as t (identifier_id, field, sealed, occurred_at)
select identifier_id, field, sealed, occurred_at
  from unnest(:identifier_ids::bigint[], :fields::text[], :seals::bytea[],
              :occurred_ats::timestamptz[]) as n(identifier_id, field, sealed, occurred_at)
 order by identifier_id, field
on conflict (identifier_id, field) do update
   set sealed = excluded.sealed, occurred_at = excluded.occurred_at
 where t.occurred_at <= excluded.occurred_at
returning identifier_id, field, xmax = 0 as is_new;

-- name: traits
select t.identifier_id, t.field, t.sealed, t.occurred_at, i.wrapped_key
  from vault.traits t
  join vault.identifiers i using (identifier_id)
 where t.identifier_id = any(:identifier_ids::bigint[])
   and (:fields::text[] is null or t.field = any(:fields));

-- name: dossier
-- Identifiers and their traits together: each key is fetched and unwrapped once. One row of arrays:
-- the driver takes those in a fraction of the time of many rows. The array behind a sub-select lets
-- the general plan be kept: see `overview` of profiles.
vault_dossier as (
  select array_agg(i.identifier_id) as numbers, array_agg(i.kind) as kinds,
         array_agg(i.wrapped_key) as wrapped_keys, array_agg(i.sealed) as seals,
         array_agg(t.field) as fields, array_agg(t.sealed) as sealed_traits,
         array_agg(t.occurred_at) as said_ats
    from vault.identifiers i
    left join vault.traits t on t.identifier_id = i.identifier_id and :with_traits
   where i.identifier_id = any((select :identifier_ids::bigint[])::bigint[])
)

-- name: drop_search_tokens
delete from vault.search_tokens s
 using unnest(:identifier_ids::bigint[], :fields::text[]) as d(identifier_id, field)
 where s.identifier_id = d.identifier_id and s.field = d.field;

-- name: put_search_tokens
insert into vault.search_tokens (token, identifier_id, field)
select token, identifier_id, field
  from unnest(:tokens::uuid[], :identifier_ids::bigint[], :fields::text[])
       as n(token, identifier_id, field)
 order by token, identifier_id, field
on conflict do nothing;

-- name: search
-- Whoever fits every word, or all of them run together; when nobody does, whoever fits any. So a
-- full name is not answered with everybody of that family name. A word has several tokens, one of
-- each way to write it: places tells, token by token, which word it is of.
select identifier_id
  from (select identifier_id,
               rank() over (order by (count(distinct word) >= :words::int
                                      or bool_or(word = :whole::int)) desc) as place
          from (select identifier_id,
                       (:places::int[])[array_position(:tokens::uuid[], token)] as word
                  from vault.search_tokens
                 where token = any(:tokens::uuid[])) as found
         group by identifier_id) as fitting
 where place = 1
 limit :most;

-- name: search_halves
-- A name said in one breath: both halves of one cut must be this person's.
select distinct family.identifier_id
  from unnest(:lefts::uuid[], :rights::uuid[]) as cut(left_half, right_half)
  join vault.search_tokens family on family.token = cut.left_half
  join vault.search_tokens given on given.token = cut.right_half
                                and given.identifier_id = family.identifier_id
 limit :most;
