CREATE SCHEMA audit;
CREATE SCHEMA auth;
CREATE SCHEMA business;
CREATE SCHEMA combine;
CREATE SCHEMA customers;
CREATE SCHEMA engagement;
CREATE SCHEMA imports;
CREATE SCHEMA ingest;
CREATE SCHEMA insight;
CREATE SCHEMA jobs;
CREATE SCHEMA lake;
CREATE SCHEMA log;
CREATE SCHEMA stock;
CREATE SCHEMA vault;
CREATE TYPE jobs.pgqueuer_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);
CREATE FUNCTION customers.identity_forgotten() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update customers.identity_turn set token = gen_random_uuid();
  return null;
end
$$;
CREATE FUNCTION customers.identity_moved() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  moved bigint[];
begin
  select array_agg(n.identifier_id) into moved
    from now_hers n
    join was_hers w using (identifier_id)
   where w.customer_id <> n.customer_id;
  if moved is not null then
    with kept as (
      insert into customers.identity_moves (identifier_ids) values (moved) returning move_id
    )
    delete from customers.identity_moves m using kept where m.move_id <= kept.move_id - 10000;
  end if;
  return null;
end
$$;
CREATE FUNCTION jobs.fn_pgqueuer_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;
    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;
    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;
END;
$$;
CREATE FUNCTION log.ensure_partitions(first date, days integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  day date;
  name text;
begin
  for offset_days in 0 .. days - 1 loop
    day := first + offset_days;
    name := format('log.events_%s', to_char(day, 'YYYYMMDD'));
    if to_regclass(name) is null then
      begin
        execute format(
          'create table %s partition of log.events for values from (%L) to (%L)',
          name, day, day + 1);
        -- A partition takes over columns, but not how they are counted.
        perform log.sample_little(name::regclass);
      exception when check_violation then
        null;  -- the default partition has events of that day already
      end;
    end if;
  end loop;
end $$;
CREATE FUNCTION log.sample_little(named regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  execute (
    select format('alter table %s %s', named,
                  string_agg(format('alter column %I set statistics 10', attname), ', '
                             order by attnum))
      from pg_attribute
     where attrelid = named and attnum > 0 and not attisdropped);
end $$;
CREATE FUNCTION stock.letter_groups(said text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT COALESCE(array_agg(DISTINCT g.letters), '{}'::text[]) AS "coalesce" FROM (generate_series(1, (length(letter_groups.said) - 1)) i(i) CROSS JOIN LATERAL (SELECT CASE WHEN (octet_length(substr(letter_groups.said, i.i, 2)) > 2) THEN substr(letter_groups.said, i.i, 2) WHEN (octet_length(substr(letter_groups.said, i.i, 3)) = 3) THEN substr(letter_groups.said, i.i, 3) ELSE NULL::text END AS letters) g) WHERE (g.letters IS NOT NULL));
CREATE FUNCTION stock.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'stock.ledger is append-only: correct it with a new entry';
end $$;
CREATE FUNCTION stock.search_form(said text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(NORMALIZE(said, NFKC));
CREATE FUNCTION stock.search_keys(said text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (stock.letter_groups(said) || ARRAY(SELECT DISTINCT c.c FROM regexp_split_to_table(search_keys.said, ''::text) c(c) WHERE (octet_length(c.c) > 1)));
CREATE TABLE audit.entries (
    entry_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    customer_id uuid,
    subject text,
    fields text[] DEFAULT '{}'::text[] NOT NULL,
    reason text,
    reason_sealed_id bigint,
    count integer,
    list_hash bytea,
    request_id text
);
ALTER TABLE audit.entries ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.entries_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE audit.met (
    actor text NOT NULL,
    customer_id uuid NOT NULL,
    until timestamp with time zone NOT NULL
);
CREATE TABLE audit.paces (
    actor text NOT NULL,
    what text NOT NULL,
    minute timestamp with time zone NOT NULL,
    in_minute integer NOT NULL,
    day date NOT NULL,
    in_day integer NOT NULL
);
CREATE TABLE auth.failures (
    subject bytea NOT NULL,
    failed_at timestamp with time zone NOT NULL
);
CREATE TABLE auth.keys (
    key_id uuid NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT scope_is_known CHECK ((scope = ANY (ARRAY['server'::text, 'agent'::text, 'public'::text])))
);
CREATE TABLE auth.links (
    token_hash bytea NOT NULL,
    staff_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);
CREATE TABLE auth.sessions (
    token_hash bytea NOT NULL,
    staff_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE auth.staff (
    staff_id uuid NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    password_hash text,
    role text NOT NULL,
    locale text DEFAULT 'ja'::text NOT NULL,
    theme text DEFAULT 'system'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    signed_in_at timestamp with time zone,
    CONSTRAINT locale_is_known CHECK ((locale = ANY (ARRAY['ja'::text, 'en'::text]))),
    CONSTRAINT role_is_known CHECK ((role = ANY (ARRAY['associate'::text, 'shop_manager'::text, 'agent'::text, 'marketer'::text, 'cx_manager'::text, 'engineer'::text, 'privacy_officer'::text, 'executive'::text, 'admin'::text]))),
    CONSTRAINT theme_is_known CHECK ((theme = ANY (ARRAY['system'::text, 'light'::text, 'dark'::text])))
);
CREATE TABLE auth.staff_locations (
    staff_id uuid NOT NULL,
    location_id text NOT NULL,
    rank smallint DEFAULT 0 NOT NULL
);
CREATE TABLE business.changes (
    change_id bigint NOT NULL,
    name text NOT NULL,
    was text NOT NULL,
    is_now text NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL
);
ALTER TABLE business.changes ALTER COLUMN change_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME business.changes_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE business.choices (
    name text NOT NULL,
    value text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT name_is_known CHECK ((name = ANY (ARRAY['name'::text, 'locale'::text]))),
    CONSTRAINT value_is_short CHECK ((length(value) <= 60))
);
CREATE TABLE combine.claims (
    key_hash uuid NOT NULL,
    request_hash uuid NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    status smallint,
    answer bytea
)
WITH (fillfactor='60');
ALTER TABLE ONLY combine.claims ALTER COLUMN key_hash SET STATISTICS 10;
ALTER TABLE ONLY combine.claims ALTER COLUMN request_hash SET STATISTICS 10;
ALTER TABLE ONLY combine.claims ALTER COLUMN claimed_at SET STATISTICS 10;
ALTER TABLE ONLY combine.claims ALTER COLUMN status SET STATISTICS 10;
ALTER TABLE ONLY combine.claims ALTER COLUMN answer SET STATISTICS 10;
CREATE TABLE customers.blocked_patterns (
    pattern_id uuid NOT NULL,
    kind text NOT NULL,
    sealed bytea NOT NULL,
    blocked_at timestamp with time zone NOT NULL
);
CREATE TABLE customers.blocked_values (
    identifier_id bigint NOT NULL,
    kind text NOT NULL,
    blocked_at timestamp with time zone NOT NULL
);
CREATE TABLE customers.consent_entries (
    entry_id bigint NOT NULL,
    identifier_id bigint NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    at timestamp with time zone NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    text_version text,
    evidence_sealed_id bigint,
    by text,
    event_id text NOT NULL,
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['granted'::text, 'refused'::text, 'withdrawn'::text])))
);
ALTER TABLE customers.consent_entries ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.consent_entries_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.consents (
    identifier_id bigint NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    state text,
    at timestamp with time zone NOT NULL,
    source text NOT NULL,
    carried text,
    carried_at timestamp with time zone,
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['granted'::text, 'refused'::text, 'withdrawn'::text])))
)
WITH (fillfactor='80');
CREATE TABLE customers.counters (
    identifier_id bigint NOT NULL,
    name text NOT NULL,
    channel text NOT NULL,
    day date NOT NULL,
    n integer NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE customers.customers (
    customer_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    merged_into uuid,
    CONSTRAINT not_into_itself CHECK ((merged_into <> customer_id))
);
CREATE TABLE customers.homes (
    identifier_id bigint NOT NULL,
    lat numeric(4,2),
    lon numeric(5,2),
    occurred_at timestamp with time zone NOT NULL,
    since timestamp with time zone NOT NULL,
    was_lat numeric(4,2),
    was_lon numeric(5,2),
    CONSTRAINT a_point_is_whole CHECK (((lat IS NULL) = (lon IS NULL))),
    CONSTRAINT where_she_was_is_whole CHECK (((was_lat IS NULL) = (was_lon IS NULL)))
)
WITH (fillfactor='80');
CREATE TABLE customers.identifiers (
    identifier_id bigint NOT NULL,
    kind text NOT NULL,
    customer_id uuid NOT NULL,
    born_as uuid NOT NULL,
    first_at timestamp with time zone NOT NULL,
    is_shared boolean DEFAULT false NOT NULL,
    is_blocked boolean DEFAULT false NOT NULL
);
CREATE TABLE customers.identity_moves (
    move_id bigint NOT NULL,
    identifier_ids bigint[] NOT NULL
);
ALTER TABLE customers.identity_moves ALTER COLUMN move_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.identity_moves_move_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.identity_rules (
    kind text NOT NULL,
    is_weak boolean NOT NULL,
    most integer NOT NULL,
    shared_after integer NOT NULL,
    priority smallint NOT NULL,
    CONSTRAINT limits_are_positive CHECK (((most > 0) AND (shared_after > 0))),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 99)))
);
CREATE TABLE customers.identity_turn (
    is_only boolean DEFAULT true NOT NULL,
    token uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT identity_turn_is_one CHECK (is_only)
)
WITH (fillfactor='10');
CREATE TABLE customers.link_decisions (
    decision_id bigint NOT NULL,
    a bigint NOT NULL,
    b bigint NOT NULL,
    decision text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    decided_by text NOT NULL,
    reason_sealed_id bigint,
    customer_id uuid,
    CONSTRAINT decision_is_known CHECK ((decision = ANY (ARRAY['joined'::text, 'parted'::text, 'given_back'::text]))),
    CONSTRAINT pair_is_ordered CHECK ((a < b))
);
ALTER TABLE customers.link_decisions ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.link_decisions_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.links (
    link_id bigint NOT NULL,
    a bigint NOT NULL,
    b bigint NOT NULL,
    kind text NOT NULL,
    event_id text NOT NULL,
    source_id integer,
    occurred_at timestamp with time zone NOT NULL,
    refusal text,
    verdict text,
    decided_at timestamp with time zone,
    CONSTRAINT by_hand_is_decided CHECK (((kind <> 'manual'::text) OR (verdict IS NOT NULL))),
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['event'::text, 'alias'::text, 'manual'::text]))),
    CONSTRAINT pair_is_ordered CHECK ((a < b)),
    CONSTRAINT refusal_is_known CHECK ((refusal = ANY (ARRAY['limit'::text, 'weak'::text, 'shared'::text, 'quarantined'::text, 'parted'::text, 'blocked'::text]))),
    CONSTRAINT verdict_has_a_time CHECK (((verdict IS NULL) = (decided_at IS NULL))),
    CONSTRAINT verdict_is_known CHECK ((verdict = ANY (ARRAY['joined'::text, 'parted'::text])))
);
ALTER TABLE customers.links ALTER COLUMN link_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.links_link_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.list_entries (
    list_id integer NOT NULL,
    identifier_id bigint NOT NULL,
    is_waiting boolean DEFAULT false NOT NULL
);
CREATE TABLE customers.lists (
    list_id integer NOT NULL,
    name text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    ready_at timestamp with time zone,
    rows integer DEFAULT 0 NOT NULL,
    matched integer DEFAULT 0 NOT NULL,
    unmatched integer DEFAULT 0 NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    refused_sealed bytea,
    problem jsonb,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
ALTER TABLE customers.lists ALTER COLUMN list_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.lists_list_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.postcodes (
    code text NOT NULL,
    lat numeric(4,2) NOT NULL,
    lon numeric(5,2) NOT NULL
);
CREATE TABLE customers.purchases (
    purchase_key text NOT NULL,
    identifier_id bigint NOT NULL,
    rank smallint NOT NULL,
    event_id text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    channel text NOT NULL,
    location_id text,
    total_minor bigint NOT NULL,
    currency text NOT NULL
);
CREATE TABLE customers.quarantines (
    identifier_id bigint NOT NULL,
    links integer NOT NULL,
    noted_at timestamp with time zone NOT NULL
);
CREATE TABLE customers.relations (
    relation_id uuid NOT NULL,
    kind text NOT NULL,
    one bigint NOT NULL,
    other bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    reason_sealed_id bigint,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT end_is_whole CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['household'::text, 'gift_giver'::text, 'referrer'::text]))),
    CONSTRAINT not_with_itself CHECK ((one <> other))
);
CREATE TABLE customers.rhythms (
    rhythm_id bigint NOT NULL,
    r double precision NOT NULL,
    alpha double precision NOT NULL,
    a double precision NOT NULL,
    b double precision NOT NULL,
    usual_gap_days double precision NOT NULL,
    people integer NOT NULL,
    log_likelihood double precision,
    fitted_at timestamp with time zone,
    CONSTRAINT gap_is_a_day_or_more CHECK ((usual_gap_days >= (1)::double precision)),
    CONSTRAINT numbers_are_positive CHECK (((r > (0)::double precision) AND (alpha > (0)::double precision) AND (a > (0)::double precision) AND (b > (0)::double precision)))
);
ALTER TABLE customers.rhythms ALTER COLUMN rhythm_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.rhythms_rhythm_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.roster (
    customer_id uuid NOT NULL,
    stage text NOT NULL,
    location_id text,
    last_at timestamp with time zone NOT NULL,
    total_minor bigint NOT NULL,
    currency text NOT NULL,
    channels text[] NOT NULL
)
WITH (fillfactor='80');
COMMENT ON COLUMN customers.roster.location_id IS 'the shop that is hers, as her profile says it';
COMMENT ON COLUMN customers.roster.last_at IS 'her last touch; a mere visit is added by night';
COMMENT ON COLUMN customers.roster.total_minor IS 'all she ever bought, less returns, in the currency she buys in most';
COMMENT ON COLUMN customers.roster.channels IS 'through which she agreed to be written to, and it arrives';
CREATE TABLE customers.roster_due (
    customer_id uuid NOT NULL,
    noted bigint NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE customers.roster_due ALTER COLUMN noted ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.roster_due_noted_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.roster_walks (
    is_only boolean DEFAULT true NOT NULL,
    after uuid NOT NULL,
    CONSTRAINT roster_walks_is_only_check CHECK (is_only)
);
CREATE TABLE customers.rule_changes (
    change_id uuid NOT NULL,
    body json NOT NULL,
    reason_sealed bytea NOT NULL,
    state text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    proposed_by text NOT NULL,
    applied_at timestamp with time zone,
    applied_by text,
    ended_at timestamp with time zone,
    reached bigint DEFAULT 0 NOT NULL,
    examined bigint DEFAULT 0 NOT NULL,
    total bigint DEFAULT 0 NOT NULL,
    merges bigint DEFAULT 0 NOT NULL,
    splits bigint DEFAULT 0 NOT NULL,
    samples json DEFAULT '[]'::json NOT NULL,
    merged bigint DEFAULT 0 NOT NULL,
    split bigint DEFAULT 0 NOT NULL,
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['counting'::text, 'counted'::text, 'applying'::text, 'applied'::text, 'withdrawn'::text])))
);
CREATE TABLE customers.segment_carts (
    identifier_id bigint NOT NULL,
    sku text NOT NULL
);
CREATE TABLE customers.segment_flows (
    segment_id integer NOT NULL,
    hour_at timestamp with time zone NOT NULL,
    entered integer NOT NULL,
    gone integer NOT NULL,
    size bigint NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE customers.segment_members (
    customer_id uuid NOT NULL,
    segment_id integer NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    event_id text
);
CREATE TABLE customers.segment_passages (
    segment_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    customer_id uuid NOT NULL,
    entered boolean NOT NULL,
    cause text NOT NULL,
    event_id text,
    CONSTRAINT cause_is_known CHECK ((cause = ANY (ARRAY['event'::text, 'time'::text, 'definition'::text, 'identity'::text])))
);
ALTER TABLE ONLY customers.segment_passages ALTER COLUMN segment_id SET STATISTICS 10;
ALTER TABLE ONLY customers.segment_passages ALTER COLUMN at SET STATISTICS 10;
ALTER TABLE ONLY customers.segment_passages ALTER COLUMN customer_id SET STATISTICS 10;
ALTER TABLE ONLY customers.segment_passages ALTER COLUMN entered SET STATISTICS 10;
ALTER TABLE ONLY customers.segment_passages ALTER COLUMN cause SET STATISTICS 10;
ALTER TABLE ONLY customers.segment_passages ALTER COLUMN event_id SET STATISTICS 10;
CREATE TABLE customers.segment_places (
    location_id text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL
);
CREATE TABLE customers.segment_stock (
    sku text NOT NULL,
    location_id text NOT NULL
);
CREATE TABLE customers.segment_turn (
    is_only boolean DEFAULT true NOT NULL,
    token uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT segment_turn_is_one CHECK (is_only)
)
WITH (fillfactor='10');
CREATE TABLE customers.segment_versions (
    segment_id integer NOT NULL,
    version integer NOT NULL,
    expression json NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    reason text
);
CREATE TABLE customers.segment_wakes (
    customer_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE customers.segments (
    segment_id integer NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    size bigint DEFAULT 0 NOT NULL,
    filled_through uuid,
    filled_at timestamp with time zone,
    is_past_told boolean DEFAULT false NOT NULL,
    CONSTRAINT name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT size_is_not_negative CHECK ((size >= 0)),
    CONSTRAINT version_is_positive CHECK ((version > 0))
);
ALTER TABLE customers.segments ALTER COLUMN segment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME customers.segments_segment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE customers.stage_flows (
    day date NOT NULL,
    was text NOT NULL,
    stage text NOT NULL,
    n integer NOT NULL
);
CREATE TABLE customers.stage_sizes (
    stage text NOT NULL,
    customers integer NOT NULL,
    counted_at timestamp with time zone NOT NULL
);
CREATE TABLE customers.stage_thresholds (
    is_only boolean DEFAULT true NOT NULL,
    loyal_from integer NOT NULL,
    slow_p double precision NOT NULL,
    slow_gaps double precision NOT NULL,
    lost_p double precision NOT NULL,
    lost_gaps double precision NOT NULL,
    CONSTRAINT chances_fall CHECK ((((0)::double precision < lost_p) AND (lost_p < slow_p) AND (slow_p < (1)::double precision))),
    CONSTRAINT gaps_grow CHECK ((((1)::double precision <= slow_gaps) AND (slow_gaps < lost_gaps) AND (lost_gaps <= (100)::double precision))),
    CONSTRAINT loyalty_takes_two CHECK (((loyal_from >= 2) AND (loyal_from <= 100))),
    CONSTRAINT stage_thresholds_is_only_check CHECK (is_only)
);
CREATE TABLE customers.stage_values (
    stage text NOT NULL,
    currency text NOT NULL,
    buyers integer NOT NULL,
    total_minor bigint NOT NULL,
    counted_at timestamp with time zone NOT NULL
);
CREATE TABLE customers.stage_walks (
    is_only boolean DEFAULT true NOT NULL,
    after uuid NOT NULL,
    CONSTRAINT stage_walks_is_only_check CHECK (is_only)
);
CREATE TABLE customers.stages (
    customer_id uuid NOT NULL,
    stage text NOT NULL,
    since timestamp with time zone NOT NULL,
    days integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    usual_gap_days double precision NOT NULL,
    slow_at timestamp with time zone NOT NULL,
    lost_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    CONSTRAINT has_bought CHECK (((days > 0) AND (first_at <= last_at))),
    CONSTRAINT slow_before_lost CHECK (((last_at <= slow_at) AND (slow_at <= lost_at))),
    CONSTRAINT stage_is_known CHECK ((stage = ANY (ARRAY['trial'::text, 'loyalty'::text, 'retention'::text, 'recovery'::text])))
);
CREATE TABLE customers.timeline (
    identifier_id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    xid bigint NOT NULL,
    arrived_on date NOT NULL,
    event_id text NOT NULL,
    name text NOT NULL,
    channel text NOT NULL,
    location_id text,
    purchase_key text,
    summary json NOT NULL
);
CREATE TABLE customers.traits (
    identifier_id bigint NOT NULL,
    field text NOT NULL,
    value json NOT NULL,
    occurred_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE customers.undeliverable (
    identifier_id bigint NOT NULL,
    channel text NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE engagement.notes (
    note_id uuid NOT NULL,
    event_id text NOT NULL,
    identifier_id bigint NOT NULL,
    sealed_id bigint NOT NULL,
    voice text NOT NULL,
    channel text NOT NULL,
    by_id text NOT NULL,
    by_name text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    CONSTRAINT voice_is_known CHECK ((voice = ANY (ARRAY['staff'::text, 'customer'::text])))
);
CREATE TABLE imports.files (
    file_id uuid NOT NULL,
    kind text NOT NULL,
    sender text NOT NULL,
    state text NOT NULL,
    about bytea NOT NULL,
    outcome bytea,
    bytes_all bigint NOT NULL,
    bytes_done bigint DEFAULT 0 NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    wants_stop boolean DEFAULT false NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    CONSTRAINT counts_are_counts CHECK (((bytes_all >= 0) AND (bytes_done >= 0) AND (rows_done >= 0) AND (tries >= 0))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['sent'::text, 'trying'::text, 'tried'::text, 'taking'::text, 'done'::text, 'failed'::text, 'stopped'::text])))
);
CREATE TABLE imports.mappings (
    kind text NOT NULL,
    system text NOT NULL,
    sealed bytea NOT NULL,
    changed_at timestamp with time zone NOT NULL
);
CREATE TABLE imports.runs (
    run_key uuid NOT NULL,
    kind text NOT NULL,
    rows_done bigint NOT NULL,
    refused_bytes bigint NOT NULL,
    summary jsonb NOT NULL,
    started_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT rows_are_counted CHECK (((rows_done >= 0) AND (refused_bytes >= 0)))
)
WITH (fillfactor='50');
CREATE TABLE ingest.counters (
    source_id integer NOT NULL,
    hour_at timestamp with time zone NOT NULL,
    name text NOT NULL,
    events bigint NOT NULL,
    last_at timestamp with time zone NOT NULL
);
CREATE TABLE ingest.sources (
    source_id integer NOT NULL,
    name text NOT NULL,
    channel text NOT NULL,
    system text NOT NULL,
    is_record boolean DEFAULT false NOT NULL,
    currency character(3) NOT NULL,
    origins text[] DEFAULT '{}'::text[] NOT NULL,
    rate_per_s integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT channel_is_short CHECK (((length(channel) >= 1) AND (length(channel) <= 40))),
    CONSTRAINT currency_is_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT rate_is_positive CHECK ((rate_per_s > 0)),
    CONSTRAINT system_is_short CHECK (((length(system) >= 1) AND (length(system) <= 40)))
);
ALTER TABLE ingest.sources ALTER COLUMN source_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ingest.sources_source_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE ingest.write_keys (
    write_key text NOT NULL,
    source_id integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone
);
CREATE TABLE insight.day_events (
    day date NOT NULL,
    name text NOT NULL,
    n bigint NOT NULL
);
CREATE TABLE insight.day_orders (
    day date NOT NULL,
    channel text NOT NULL,
    currency text NOT NULL,
    orders bigint NOT NULL,
    total_minor bigint NOT NULL
);
CREATE TABLE insight.newest (
    name text NOT NULL,
    channel text NOT NULL,
    location_id text NOT NULL,
    xids xid8[] NOT NULL,
    positions bigint[] NOT NULL
)
WITH (fillfactor='50');
COMMENT ON COLUMN insight.newest.location_id IS 'of receipts also by place; else empty: anywhere';
COMMENT ON COLUMN insight.newest.positions IS 'newest first, a hundred at most, as xids';
CREATE TABLE insight.touches (
    day date NOT NULL,
    channel text NOT NULL,
    slot smallint NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT slot_is_of_a_day CHECK (((slot >= 0) AND (slot <= 95)))
);
CREATE TABLE jobs.pgqueuer (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status jobs.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
);
CREATE SEQUENCE jobs.pgqueuer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE jobs.pgqueuer_id_seq OWNED BY jobs.pgqueuer.id;
CREATE TABLE jobs.pgqueuer_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status jobs.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);
ALTER TABLE jobs.pgqueuer_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME jobs.pgqueuer_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE jobs.pgqueuer_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status jobs.pgqueuer_status DEFAULT 'queued'::jobs.pgqueuer_status
);
CREATE SEQUENCE jobs.pgqueuer_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE jobs.pgqueuer_schedules_id_seq OWNED BY jobs.pgqueuer_schedules.id;
CREATE TABLE jobs.pgqueuer_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status jobs.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);
CREATE SEQUENCE jobs.pgqueuer_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE jobs.pgqueuer_statistics_id_seq OWNED BY jobs.pgqueuer_statistics.id;
CREATE TABLE lake.files (
    path text NOT NULL,
    part text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    written_at timestamp with time zone NOT NULL,
    CONSTRAINT path_is_inside CHECK ((path ~ '^[a-z]+/[0-9a-zA-Z_.-]+$'::text))
);
CREATE TABLE log.cursors (
    reader text NOT NULL,
    xid xid8 DEFAULT '0'::xid8 NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    arrived_on date DEFAULT '-infinity'::date NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE log.dead_letters (
    dead_letter_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    source_id integer,
    hash uuid,
    reason text NOT NULL,
    field text,
    sealed bytea NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    ending text,
    CONSTRAINT ended_whole CHECK (((ended_at IS NULL) = (ending IS NULL))),
    CONSTRAINT ending_is_known CHECK ((ending = ANY (ARRAY['replayed'::text, 'discarded'::text])))
);
ALTER TABLE log.dead_letters ALTER COLUMN dead_letter_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME log.dead_letters_dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE SEQUENCE log."position"
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE log.events (
    arrived_on date NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    "position" bigint DEFAULT nextval('log."position"'::regclass) NOT NULL,
    event_id text NOT NULL,
    name text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    original_at timestamp with time zone,
    source_id integer,
    channel text NOT NULL,
    location_id text,
    identifiers bigint[] NOT NULL,
    sealed_id bigint,
    body json NOT NULL,
    CONSTRAINT event_id_is_short CHECK (((length(event_id) >= 1) AND (length(event_id) <= 100))),
    CONSTRAINT name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 100)))
)
PARTITION BY RANGE (arrived_on);
ALTER TABLE ONLY log.events ALTER COLUMN arrived_on SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN xid SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN "position" SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN event_id SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN name SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN occurred_at SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN received_at SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN sent_at SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN original_at SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN source_id SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN channel SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN location_id SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN identifiers SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN sealed_id SET STATISTICS 10;
ALTER TABLE ONLY log.events ALTER COLUMN body SET STATISTICS 10;
CREATE TABLE log.events_elsewhere (
    arrived_on date CONSTRAINT events_arrived_on_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT events_xid_not_null NOT NULL,
    "position" bigint DEFAULT nextval('log."position"'::regclass) CONSTRAINT events_position_not_null NOT NULL,
    event_id text CONSTRAINT events_event_id_not_null NOT NULL,
    name text CONSTRAINT events_name_not_null NOT NULL,
    occurred_at timestamp with time zone CONSTRAINT events_occurred_at_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT events_received_at_not_null NOT NULL,
    sent_at timestamp with time zone,
    original_at timestamp with time zone,
    source_id integer,
    channel text CONSTRAINT events_channel_not_null NOT NULL,
    location_id text,
    identifiers bigint[] CONSTRAINT events_identifiers_not_null NOT NULL,
    sealed_id bigint,
    body json CONSTRAINT events_body_not_null NOT NULL,
    CONSTRAINT event_id_is_short CHECK (((length(event_id) >= 1) AND (length(event_id) <= 100))),
    CONSTRAINT name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN arrived_on SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN xid SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN "position" SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN event_id SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN name SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN occurred_at SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN received_at SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN sent_at SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN original_at SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN source_id SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN channel SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN location_id SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN identifiers SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN sealed_id SET STATISTICS 10;
ALTER TABLE ONLY log.events_elsewhere ALTER COLUMN body SET STATISTICS 10;
CREATE TABLE log.seen (
    day date NOT NULL,
    hash uuid NOT NULL,
    "position" bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    arrived_on date NOT NULL
);
ALTER TABLE ONLY log.seen ALTER COLUMN day SET STATISTICS 10;
ALTER TABLE ONLY log.seen ALTER COLUMN hash SET STATISTICS 10;
ALTER TABLE ONLY log.seen ALTER COLUMN "position" SET STATISTICS 10;
ALTER TABLE ONLY log.seen ALTER COLUMN xid SET STATISTICS 10;
ALTER TABLE ONLY log.seen ALTER COLUMN arrived_on SET STATISTICS 10;
CREATE TABLE log.set_aside (
    reader text NOT NULL,
    xid xid8 NOT NULL,
    "position" bigint NOT NULL,
    arrived_on date NOT NULL,
    event_id text NOT NULL,
    error text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.migrations (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE stock.accounts (
    account smallint NOT NULL,
    name text NOT NULL
);
CREATE TABLE stock.allocations (
    sku text NOT NULL,
    location_id text NOT NULL,
    channel text NOT NULL,
    qty integer NOT NULL,
    until timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT qty_is_not_negative CHECK ((qty >= 0))
);
CREATE TABLE stock.balances (
    sku text NOT NULL,
    location_id text NOT NULL,
    on_hand integer DEFAULT 0 NOT NULL,
    held integer DEFAULT 0 NOT NULL,
    in_transit integer DEFAULT 0 NOT NULL,
    quarantine integer DEFAULT 0 NOT NULL,
    safety integer DEFAULT 0 NOT NULL,
    shelf text,
    display integer DEFAULT 0 NOT NULL,
    allocated integer DEFAULT 0 NOT NULL,
    CONSTRAINT held_is_not_negative CHECK ((held >= 0)),
    CONSTRAINT safety_is_not_negative CHECK ((safety >= 0))
)
WITH (fillfactor='50');
COMMENT ON COLUMN stock.balances.on_hand IS 'physically there and promised to nobody';
COMMENT ON COLUMN stock.balances.held IS 'physically there and promised; physical = on_hand + held';
CREATE TABLE stock.cart_code_failures (
    said_by text NOT NULL,
    failed_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.cart_codes (
    code text NOT NULL,
    token_hash uuid NOT NULL,
    cart_id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT code_is_digits CHECK ((code ~ '^[0-9]{6,9}$'::text))
);
CREATE TABLE stock.cart_lines (
    cart_id uuid NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    method text NOT NULL,
    location_id text,
    channel text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    CONSTRAINT method_is_known CHECK ((method = ANY (ARRAY['carry'::text, 'pickup'::text, 'ship'::text]))),
    CONSTRAINT place_when_there CHECK (((method = 'ship'::text) = (location_id IS NULL))),
    CONSTRAINT qty_is_not_negative CHECK ((qty >= 0))
)
WITH (fillfactor='70');
CREATE TABLE stock.carts (
    cart_id uuid NOT NULL,
    identifier_id bigint NOT NULL,
    channel text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    left_at timestamp with time zone,
    refusal text,
    shipping_minor bigint,
    places text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT closed_when_over CHECK (((closed_at IS NULL) = (state = 'open'::text))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['open'::text, 'ordered'::text, 'given'::text, 'dropped'::text])))
)
WITH (fillfactor='80');
CREATE TABLE stock.code_failures (
    hold_id uuid NOT NULL,
    failed_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.count_lines (
    count_id uuid NOT NULL,
    sku text NOT NULL,
    shelf text,
    counted integer,
    expected integer,
    counted_at timestamp with time zone,
    counted_by text,
    is_again boolean DEFAULT false NOT NULL,
    late integer DEFAULT 0 NOT NULL,
    booked integer DEFAULT 0 NOT NULL,
    CONSTRAINT counted_is_not_negative CHECK ((counted >= 0)),
    CONSTRAINT counted_whole CHECK ((((counted IS NULL) = (expected IS NULL)) AND ((counted IS NULL) = (counted_at IS NULL))))
);
CREATE TABLE stock.counts (
    count_id uuid NOT NULL,
    location_id text NOT NULL,
    shelf text,
    state text DEFAULT 'open'::text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    opened_by text NOT NULL,
    submitted_at timestamp with time zone,
    submitted_by text,
    ended_at timestamp with time zone,
    ended_by text,
    is_chosen boolean DEFAULT false NOT NULL,
    CONSTRAINT ended_when_over CHECK (((ended_at IS NULL) = (state = ANY (ARRAY['open'::text, 'waiting'::text])))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['open'::text, 'waiting'::text, 'booked'::text, 'cancelled'::text])))
);
CREATE TABLE stock.cover (
    location_id text NOT NULL,
    sku text NOT NULL,
    promisable integer NOT NULL,
    sold_28 integer NOT NULL,
    last_sold_on date,
    days double precision,
    is_dead boolean NOT NULL
);
CREATE TABLE stock.cover_nights (
    location_id text NOT NULL,
    reckoned_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.delivery_prefixes (
    prefix text NOT NULL,
    zone_id text NOT NULL,
    CONSTRAINT prefix_is_digits CHECK ((prefix ~ '^[0-9]{1,7}$'::text))
);
CREATE TABLE stock.delivery_services (
    service_id text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    origin text NOT NULL,
    zone_id text NOT NULL,
    cut_off time without time zone NOT NULL,
    ship_days text[] NOT NULL,
    lead_days_min smallint NOT NULL,
    lead_days_max smallint NOT NULL,
    fee_minor bigint NOT NULL,
    free_from_minor bigint,
    currency text NOT NULL,
    carries text[] NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT fee_is_not_negative CHECK ((fee_minor >= 0)),
    CONSTRAINT lead_is_ordered CHECK (((0 <= lead_days_min) AND (lead_days_min <= lead_days_max)))
);
CREATE TABLE stock.delivery_zones (
    zone_id text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.disagreements (
    disagreement_id uuid NOT NULL,
    system text NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    ours integer NOT NULL,
    theirs integer NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    outcome text,
    CONSTRAINT ended_whole CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT outcome_is_known CHECK ((outcome = ANY (ARRAY['agreed'::text, 'theirs'::text, 'ours'::text])))
);
CREATE TABLE stock.fulfilment_lines (
    fulfilment_id uuid NOT NULL,
    line_no smallint NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.fulfilment_steps (
    step_id uuid NOT NULL,
    fulfilment_id uuid NOT NULL,
    state text NOT NULL,
    reason text,
    made_by text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE stock.fulfilments (
    fulfilment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    location_id text,
    hold_id uuid,
    way text NOT NULL,
    state text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    service_id text,
    ships_on date,
    arrives_from date,
    arrives_to date,
    carrier text,
    carrier_ref text,
    reason text,
    instead_of uuid,
    told_late_at timestamp with time zone,
    excluded jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT a_promise_is_kept_somewhere CHECK ((((hold_id IS NOT NULL) AND (location_id IS NOT NULL)) OR (state = ANY (ARRAY['waiting'::text, 'cancelled'::text])))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['routed'::text, 'accepted'::text, 'picked'::text, 'packed'::text, 'shipped'::text, 'delivered'::text, 'rejected'::text, 'cancelled'::text, 'waiting'::text]))),
    CONSTRAINT way_is_known CHECK ((way = ANY (ARRAY['carry'::text, 'pickup'::text, 'ship'::text])))
);
CREATE TABLE stock.hand_overs (
    hold_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    by text NOT NULL,
    to_whom text NOT NULL,
    sealed_id bigint,
    CONSTRAINT a_name_is_sealed CHECK (((to_whom = 'named'::text) = (sealed_id IS NOT NULL))),
    CONSTRAINT to_whom_is_known CHECK ((to_whom = ANY (ARRAY['code'::text, 'named'::text])))
);
CREATE TABLE stock.hold_lines (
    hold_id uuid NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    qty integer NOT NULL,
    state text DEFAULT 'held'::text NOT NULL,
    is_elsewhere boolean DEFAULT false NOT NULL,
    receipt_id uuid,
    allocated integer DEFAULT 0 NOT NULL,
    CONSTRAINT qty_is_positive CHECK ((qty > 0)),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['held'::text, 'picked'::text, 'collected'::text, 'released'::text, 'expired'::text, 'short'::text])))
)
WITH (fillfactor='80');
CREATE TABLE stock.holds (
    hold_id uuid NOT NULL,
    identifier_id bigint,
    location_id text NOT NULL,
    code text NOT NULL,
    purpose text NOT NULL,
    channel text NOT NULL,
    state text DEFAULT 'held'::text NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by text,
    placed_by text NOT NULL,
    rest_of uuid,
    reminded_at timestamp with time zone,
    collector_id bigint,
    length_s integer,
    CONSTRAINT code_is_digits CHECK ((code ~ '^[0-9]{6,9}$'::text)),
    CONSTRAINT ended_when_over CHECK (((ended_at IS NULL) = (state = ANY (ARRAY['held'::text, 'ready'::text])))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['held'::text, 'ready'::text, 'collected'::text, 'released'::text, 'expired'::text, 'short'::text])))
)
WITH (fillfactor='80');
CREATE TABLE stock.house_rules (
    version bigint NOT NULL,
    hold_hours integer NOT NULL,
    extend_hours integer NOT NULL,
    hold_units_max integer NOT NULL,
    carry_hours integer NOT NULL,
    pickup_hours integer NOT NULL,
    cart_left_hours integer NOT NULL,
    count_units_free integer NOT NULL,
    count_value_free_minor bigint NOT NULL,
    fill_days integer NOT NULL,
    keep_days integer NOT NULL,
    reason bytea NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT giving_leaves_enough CHECK ((((fill_days >= 1) AND (fill_days <= 365)) AND ((keep_days >= 1) AND (keep_days <= 365)))),
    CONSTRAINT limits_are_sane CHECK ((((hold_units_max >= 1) AND (hold_units_max <= 10000)) AND ((count_units_free >= 0) AND (count_units_free <= 10000)) AND ((count_value_free_minor >= 0) AND (count_value_free_minor <= '1000000000000'::bigint)))),
    CONSTRAINT waits_are_sane CHECK ((((hold_hours >= 1) AND (hold_hours <= 720)) AND ((extend_hours >= 1) AND (extend_hours <= 720)) AND ((carry_hours >= 1) AND (carry_hours <= 720)) AND ((pickup_hours >= 1) AND (pickup_hours <= 720)) AND ((cart_left_hours >= 1) AND (cart_left_hours <= 720))))
);
ALTER TABLE stock.house_rules ALTER COLUMN version ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stock.house_rules_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE stock.inbound (
    inbound_id uuid NOT NULL,
    ref text NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    qty integer NOT NULL,
    received integer DEFAULT 0 NOT NULL,
    due_on date NOT NULL,
    cap integer NOT NULL,
    promised integer DEFAULT 0 NOT NULL,
    is_open boolean DEFAULT true NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT never_more_than_due CHECK (((promised >= 0) AND (promised <= cap) AND (promised <= GREATEST((qty - received), 0)))),
    CONSTRAINT qty_is_positive CHECK ((qty > 0)),
    CONSTRAINT received_is_not_negative CHECK ((received >= 0))
);
CREATE TABLE stock.items (
    sku text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    gtin text,
    gtin_written text,
    product_id text,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    price_minor bigint,
    currency text,
    tax_rate numeric(5,4),
    tax_included boolean DEFAULT true NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    search_text text GENERATED ALWAYS AS (stock.search_form(((((((sku || chr(10)) || name_ja) || chr(10)) || name_en) || chr(10)) || COALESCE(product_id, ''::text)))) STORED NOT NULL,
    CONSTRAINT gtin_is_14_digits CHECK ((gtin ~ '^[0-9]{14}$'::text)),
    CONSTRAINT price_has_currency CHECK (((price_minor IS NULL) OR (currency IS NOT NULL))),
    CONSTRAINT price_is_not_negative CHECK ((price_minor >= 0))
);
CREATE TABLE stock.ledger (
    entry_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    from_account smallint NOT NULL,
    to_account smallint NOT NULL,
    qty integer NOT NULL,
    cause text NOT NULL,
    cause_id uuid NOT NULL,
    CONSTRAINT accounts_are_known CHECK ((((from_account >= 1) AND (from_account <= 9)) AND ((to_account >= 1) AND (to_account <= 9)))),
    CONSTRAINT goes_somewhere CHECK ((from_account <> to_account)),
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
ALTER TABLE stock.ledger ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stock.ledger_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE stock.locations (
    location_id text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    kind text NOT NULL,
    lat double precision,
    lon double precision,
    timezone text NOT NULL,
    hours jsonb DEFAULT '{}'::jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['shop'::text, 'warehouse'::text, 'online'::text]))),
    CONSTRAINT point_is_on_earth CHECK ((((lat >= ('-90'::integer)::double precision) AND (lat <= (90)::double precision)) AND ((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision)))),
    CONSTRAINT point_is_whole CHECK (((lat IS NULL) = (lon IS NULL)))
);
CREATE TABLE stock.locations_version (
    is_only boolean DEFAULT true NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    CONSTRAINT locations_version_is_only_check CHECK (is_only)
);
CREATE TABLE stock.masters (
    location_id text NOT NULL,
    sku text DEFAULT ''::text NOT NULL,
    system text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT system_is_a_word CHECK ((system ~ '^[a-z][a-z0-9_-]{0,39}$'::text))
);
CREATE TABLE stock.movements (
    movement_id uuid NOT NULL,
    kind text NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    qty integer NOT NULL,
    reason text,
    ref text,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    reason_code text,
    CONSTRAINT kind_is_a_word CHECK ((kind ~ '^[a-z][a-z_]{2,39}$'::text))
);
CREATE TABLE stock.order_cancels (
    order_id uuid NOT NULL,
    line_no smallint NOT NULL,
    qty integer NOT NULL,
    amount_minor bigint NOT NULL,
    reason text,
    cancelled_by text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.order_evidence (
    event_id text NOT NULL,
    system text,
    order_ref text NOT NULL,
    kind text NOT NULL,
    channel text NOT NULL,
    occurred_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.order_holds (
    hold_id uuid NOT NULL,
    order_id uuid NOT NULL
);
CREATE TABLE stock.order_lines (
    order_id uuid NOT NULL,
    line_no smallint NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    amount_minor bigint,
    unit_price_minor bigint,
    tax_rate numeric(5,4),
    method text,
    location_id text,
    cancelled_qty integer DEFAULT 0 NOT NULL,
    CONSTRAINT cancelled_is_part_of_it CHECK (((cancelled_qty >= 0) AND (cancelled_qty <= GREATEST(qty, 0)))),
    CONSTRAINT method_is_known CHECK ((method = ANY (ARRAY['carry'::text, 'pickup'::text, 'ship'::text])))
);
CREATE TABLE stock.order_taxes (
    order_id uuid NOT NULL,
    rate numeric(5,4) NOT NULL,
    amount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL
);
CREATE TABLE stock.orders (
    order_id uuid NOT NULL,
    system text NOT NULL,
    order_ref text NOT NULL,
    identifier_id bigint,
    channel text NOT NULL,
    total_minor bigint,
    currency text,
    placed_at timestamp with time zone NOT NULL,
    event_id text NOT NULL,
    location_id text,
    tax_included boolean DEFAULT true NOT NULL,
    shipping_minor bigint DEFAULT 0 NOT NULL,
    state text DEFAULT 'placed'::text NOT NULL,
    placed_by text,
    cart_id uuid,
    address_id bigint,
    cancelled_minor bigint DEFAULT 0 NOT NULL,
    CONSTRAINT cancelled_is_part_of_it CHECK (((cancelled_minor >= 0) AND (cancelled_minor <= COALESCE(total_minor, cancelled_minor)))),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['placed'::text, 'cancelled'::text])))
);
CREATE TABLE stock.outside_levels (
    system text NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    level integer NOT NULL,
    sequence bigint NOT NULL,
    told_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.payment_steps (
    step_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    kind text NOT NULL,
    amount_minor bigint NOT NULL,
    reference text,
    made_by text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['intended'::text, 'authorised'::text, 'captured'::text, 'refunded'::text, 'reversed'::text, 'voided'::text, 'failed'::text])))
);
CREATE TABLE stock.payments (
    payment_id uuid NOT NULL,
    order_id uuid NOT NULL,
    method text NOT NULL,
    provider text,
    reference text,
    currency text NOT NULL,
    intended_minor bigint NOT NULL,
    authorised_minor bigint DEFAULT 0 NOT NULL,
    captured_minor bigint DEFAULT 0 NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    is_voided boolean DEFAULT false NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT intended_is_positive CHECK ((intended_minor > 0)),
    CONSTRAINT no_more_back_than_taken CHECK (((refunded_minor >= 0) AND (refunded_minor <= captured_minor))),
    CONSTRAINT no_more_than_intended CHECK ((((authorised_minor >= 0) AND (authorised_minor <= intended_minor)) AND ((captured_minor >= 0) AND (captured_minor <= intended_minor))))
);
CREATE TABLE stock.preorders (
    preorder_id uuid NOT NULL,
    inbound_id uuid NOT NULL,
    identifier_id bigint,
    sku text NOT NULL,
    location_id text NOT NULL,
    qty integer NOT NULL,
    channel text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    due_on date NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    placed_by text NOT NULL,
    hold_id uuid,
    ended_at timestamp with time zone,
    CONSTRAINT ended_when_over CHECK (((ended_at IS NULL) = (state = 'waiting'::text))),
    CONSTRAINT qty_is_positive CHECK ((qty > 0)),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['waiting'::text, 'held'::text, 'short'::text, 'cancelled'::text])))
);
CREATE TABLE stock.receipt_lines (
    receipt_id uuid NOT NULL,
    line_no smallint NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    amount_minor bigint NOT NULL,
    discount_minor bigint DEFAULT 0 NOT NULL,
    coupon_minor bigint DEFAULT 0 NOT NULL,
    tax_rate numeric(5,4),
    is_unknown boolean DEFAULT false NOT NULL
);
CREATE TABLE stock.receipts (
    receipt_id uuid NOT NULL,
    location_id text NOT NULL,
    register text NOT NULL,
    sequence text NOT NULL,
    business_day date NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    mode text NOT NULL,
    channel text DEFAULT 'store'::text NOT NULL,
    identifier_id bigint,
    total_minor bigint NOT NULL,
    currency text NOT NULL,
    tax_included boolean DEFAULT true NOT NULL,
    line_count integer NOT NULL,
    tenders jsonb DEFAULT '[]'::jsonb NOT NULL,
    tax jsonb DEFAULT '[]'::jsonb NOT NULL,
    coupons text[] DEFAULT '{}'::text[] NOT NULL,
    order_system text,
    order_ref text,
    content_hash uuid NOT NULL,
    moved_stock boolean NOT NULL,
    event_id text NOT NULL,
    replaced_by uuid,
    CONSTRAINT mode_is_known CHECK ((mode = ANY (ARRAY['ask'::text, 'tell'::text]))),
    CONSTRAINT order_is_whole CHECK (((order_system IS NULL) = (order_ref IS NULL)))
);
CREATE TABLE stock.set_history (
    set_sku text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    parts jsonb NOT NULL
);
COMMENT ON COLUMN stock.set_history.parts IS 'units by part; {} where it is no set any more';
CREATE VIEW stock.receipt_sales AS
 SELECT r.receipt_id,
    r.location_id,
    r.business_day AS day,
    COALESCE(p.part_sku, l.sku) AS sku,
    sum((GREATEST(l.qty, 0) * COALESCE(p.qty, 1))) AS sold,
    sum((GREATEST((- l.qty), 0) * COALESCE(p.qty, 1))) AS returned
   FROM ((stock.receipts r
     JOIN stock.receipt_lines l ON (((l.receipt_id = r.receipt_id) AND (NOT l.is_unknown) AND (l.qty <> 0))))
     LEFT JOIN LATERAL ( SELECT e.key AS part_sku,
            (e.value)::integer AS qty
           FROM (( SELECT h.parts
                   FROM stock.set_history h
                  WHERE ((h.set_sku = l.sku) AND (h.from_at <= LEAST(r.occurred_at, r.recorded_at)))
                  ORDER BY h.from_at DESC
                 LIMIT 1) made
             CROSS JOIN LATERAL jsonb_each_text(made.parts) e(key, value))) p ON (true))
  GROUP BY r.receipt_id, r.location_id, r.business_day, COALESCE(p.part_sku, l.sku);
COMMENT ON VIEW stock.receipt_sales IS 'units by receipt and sku, parts instead of sets';
CREATE TABLE stock.receipt_totals (
    location_id text NOT NULL,
    business_day date NOT NULL,
    currency text NOT NULL,
    receipts bigint NOT NULL,
    lines bigint NOT NULL,
    total_minor bigint NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE stock.region_places (
    region_id text NOT NULL,
    location_id text NOT NULL
);
CREATE TABLE stock.regional_holds (
    hold_id uuid NOT NULL,
    location_ids text[] NOT NULL,
    rejected text[] DEFAULT '{}'::text[] NOT NULL,
    lat double precision,
    lon double precision,
    asked_at timestamp with time zone NOT NULL,
    routed_at timestamp with time zone,
    region_id text,
    CONSTRAINT a_region_has_places CHECK ((cardinality(location_ids) > 0)),
    CONSTRAINT point_is_whole CHECK (((lat IS NULL) = (lon IS NULL)))
);
CREATE TABLE stock.regions (
    region_id text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE stock.release_goods (
    release_id text NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.release_tickets (
    ticket_id uuid NOT NULL,
    release_id text NOT NULL,
    identifier_id bigint,
    is_member boolean NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    lot uuid NOT NULL,
    turn_at timestamp with time zone,
    taken integer DEFAULT 0 NOT NULL,
    hold_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE stock.releases (
    release_id text NOT NULL,
    name_ja text NOT NULL,
    name_en text NOT NULL,
    location_id text NOT NULL,
    members_from timestamp with time zone,
    opens_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    per_person integer NOT NULL,
    per_minute integer NOT NULL,
    turn_minutes integer NOT NULL,
    needs_customer boolean NOT NULL,
    next_turn_at timestamp with time zone,
    members_drawn boolean DEFAULT false NOT NULL,
    is_drawn boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT limits_are_positive CHECK (((per_person > 0) AND (per_minute > 0) AND (turn_minutes > 0))),
    CONSTRAINT times_are_ordered CHECK (((opens_at < ends_at) AND ((members_from IS NULL) OR (members_from < opens_at))))
)
WITH (fillfactor='50');
CREATE TABLE stock.return_lines (
    return_id uuid NOT NULL,
    line_no smallint NOT NULL,
    root text,
    sold_line smallint,
    sku text NOT NULL,
    qty integer NOT NULL,
    condition text NOT NULL,
    amount_minor bigint NOT NULL,
    tax_rate numeric(5,4),
    CONSTRAINT condition_is_known CHECK ((condition = ANY (ARRAY['resaleable'::text, 'damaged'::text, 'unusable'::text]))),
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.return_policies (
    policy_id bigint NOT NULL,
    days integer NOT NULL,
    per_customer_max integer NOT NULL,
    per_customer_days integer NOT NULL,
    unproven_max_minor bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    reason bytea,
    CONSTRAINT days_are_sane CHECK ((((days >= 0) AND (days <= 3650)) AND ((per_customer_days >= 1) AND (per_customer_days <= 3650)))),
    CONSTRAINT limits_are_not_negative CHECK (((per_customer_max >= 0) AND (unproven_max_minor >= 0)))
);
ALTER TABLE stock.return_policies ALTER COLUMN policy_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME stock.return_policies_policy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE stock.returns (
    return_id uuid NOT NULL,
    return_no text NOT NULL,
    location_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    taken_by text NOT NULL,
    root text,
    order_id uuid,
    receipt_id uuid,
    identifier_id bigint,
    reason text NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    tax jsonb NOT NULL,
    refunds jsonb NOT NULL,
    override_reason text,
    exchange_hold_id uuid,
    exchange_minor bigint DEFAULT 0 NOT NULL,
    event_id text NOT NULL,
    CONSTRAINT total_is_not_negative CHECK (((total_minor >= 0) AND (exchange_minor >= 0)))
);
CREATE TABLE stock.sales_days (
    location_id text NOT NULL,
    day date NOT NULL,
    sku text NOT NULL,
    sold bigint NOT NULL,
    returned bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE stock.sending_places (
    location_id text NOT NULL,
    ships boolean NOT NULL,
    max_km double precision,
    open_max integer,
    rank smallint DEFAULT 0 NOT NULL,
    paused_until timestamp with time zone,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT limits_are_positive CHECK (((max_km > (0)::double precision) AND (open_max > 0)))
);
CREATE TABLE stock.set_parts (
    set_sku text NOT NULL,
    part_sku text NOT NULL,
    qty integer NOT NULL,
    CONSTRAINT no_part_of_itself CHECK ((set_sku <> part_sku)),
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.substitutions (
    hold_id uuid NOT NULL,
    location_id text NOT NULL,
    was_sku text NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    agreed_how text NOT NULL,
    agreed_with text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT how_is_known CHECK ((agreed_how = ANY (ARRAY['counter'::text, 'phone'::text, 'chat'::text, 'line'::text, 'mail'::text, 'web'::text]))),
    CONSTRAINT price_is_not_negative CHECK ((price_minor >= 0)),
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.tasks (
    task_id uuid NOT NULL,
    kind text NOT NULL,
    location_id text NOT NULL,
    hold_id uuid,
    sku text,
    qty integer,
    alternative text,
    opened_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    done_by text,
    about uuid,
    CONSTRAINT done_whole CHECK (((done_at IS NULL) = (done_by IS NULL))),
    CONSTRAINT kind_is_a_word CHECK ((kind ~ '^[a-z][a-z_]{2,39}$'::text))
);
CREATE TABLE stock.till_returns (
    receipt_id uuid NOT NULL,
    sku text NOT NULL,
    location_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    qty integer NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    tender text NOT NULL,
    said_location text,
    said_register text,
    said_sequence text,
    said_day date,
    state text DEFAULT 'open'::text NOT NULL,
    why text,
    look_at timestamp with time zone,
    root text,
    purchase_id uuid,
    identifier_id bigint,
    how text,
    decided_at timestamp with time zone,
    decided_by text,
    note text,
    CONSTRAINT matched_is_whole CHECK (((state <> 'matched'::text) OR ((root IS NOT NULL) AND (how IS NOT NULL)))),
    CONSTRAINT qty_is_positive CHECK ((qty > 0)),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['open'::text, 'matched'::text, 'closed'::text, 'void'::text])))
);
CREATE TABLE stock.transfer_lines (
    transfer_id uuid NOT NULL,
    sku text NOT NULL,
    qty integer NOT NULL,
    received integer DEFAULT 0 NOT NULL,
    damaged integer DEFAULT 0 NOT NULL,
    missing integer DEFAULT 0 NOT NULL,
    surplus integer DEFAULT 0 NOT NULL,
    CONSTRAINT no_more_than_sent CHECK ((((received + missing) <= qty) AND (damaged <= (received + surplus)))),
    CONSTRAINT qty_is_positive CHECK ((qty > 0))
);
CREATE TABLE stock.transfers (
    transfer_id uuid NOT NULL,
    from_location text NOT NULL,
    to_location text NOT NULL,
    state text NOT NULL,
    ref text,
    due_on date,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    shipped_at timestamp with time zone,
    shipped_by text,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT goes_somewhere CHECK ((from_location <> to_location)),
    CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['planned'::text, 'shipped'::text, 'received'::text, 'closed'::text, 'cancelled'::text])))
);
CREATE TABLE vault.envelopes (
    sealed_id bigint NOT NULL,
    identifier_id bigint NOT NULL,
    sealed bytea NOT NULL
);
ALTER TABLE ONLY vault.envelopes ALTER COLUMN sealed_id SET STATISTICS 10;
ALTER TABLE ONLY vault.envelopes ALTER COLUMN identifier_id SET STATISTICS 10;
ALTER TABLE ONLY vault.envelopes ALTER COLUMN sealed SET STATISTICS 10;
ALTER TABLE vault.envelopes ALTER COLUMN sealed_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME vault.envelopes_sealed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE vault.identifiers (
    identifier_id bigint NOT NULL,
    kind text NOT NULL,
    token uuid NOT NULL,
    wrapped_key bytea NOT NULL,
    generation smallint NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT identifier_is_positive CHECK ((identifier_id > 0))
);
CREATE TABLE vault.master_keys (
    generation smallint NOT NULL,
    proof bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE vault.search_tokens (
    token uuid NOT NULL,
    identifier_id bigint NOT NULL,
    field text NOT NULL
);
CREATE TABLE vault.traits (
    identifier_id bigint NOT NULL,
    field text NOT NULL,
    sealed bytea NOT NULL,
    occurred_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY log.events ATTACH PARTITION log.events_elsewhere DEFAULT;
ALTER TABLE ONLY jobs.pgqueuer ALTER COLUMN id SET DEFAULT nextval('jobs.pgqueuer_id_seq'::regclass);
ALTER TABLE ONLY jobs.pgqueuer_schedules ALTER COLUMN id SET DEFAULT nextval('jobs.pgqueuer_schedules_id_seq'::regclass);
ALTER TABLE ONLY jobs.pgqueuer_statistics ALTER COLUMN id SET DEFAULT nextval('jobs.pgqueuer_statistics_id_seq'::regclass);
ALTER TABLE ONLY audit.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (entry_id);
ALTER TABLE ONLY audit.met
    ADD CONSTRAINT met_pkey PRIMARY KEY (actor, customer_id);
ALTER TABLE ONLY audit.paces
    ADD CONSTRAINT paces_pkey PRIMARY KEY (actor, what);
ALTER TABLE ONLY auth.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY auth.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY auth.staff_locations
    ADD CONSTRAINT staff_locations_pkey PRIMARY KEY (staff_id, location_id);
ALTER TABLE ONLY auth.staff
    ADD CONSTRAINT staff_pkey PRIMARY KEY (staff_id);
ALTER TABLE ONLY business.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY business.choices
    ADD CONSTRAINT choices_pkey PRIMARY KEY (name);
ALTER TABLE ONLY combine.claims
    ADD CONSTRAINT claims_pkey PRIMARY KEY (key_hash);
ALTER TABLE ONLY customers.blocked_patterns
    ADD CONSTRAINT blocked_patterns_pkey PRIMARY KEY (pattern_id);
ALTER TABLE ONLY customers.blocked_values
    ADD CONSTRAINT blocked_values_pkey PRIMARY KEY (identifier_id);
ALTER TABLE ONLY customers.consent_entries
    ADD CONSTRAINT consent_entries_pkey PRIMARY KEY (entry_id);
ALTER TABLE ONLY customers.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (identifier_id, purpose, channel);
ALTER TABLE ONLY customers.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (identifier_id, name, channel, day);
ALTER TABLE ONLY customers.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY customers.homes
    ADD CONSTRAINT homes_pkey PRIMARY KEY (identifier_id);
ALTER TABLE ONLY customers.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (identifier_id);
ALTER TABLE ONLY customers.identity_moves
    ADD CONSTRAINT identity_moves_pkey PRIMARY KEY (move_id);
ALTER TABLE ONLY customers.identity_rules
    ADD CONSTRAINT identity_rules_pkey PRIMARY KEY (kind);
ALTER TABLE ONLY customers.identity_turn
    ADD CONSTRAINT identity_turn_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY customers.link_decisions
    ADD CONSTRAINT link_decisions_pkey PRIMARY KEY (decision_id);
ALTER TABLE ONLY customers.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (link_id);
ALTER TABLE ONLY customers.list_entries
    ADD CONSTRAINT list_entries_pkey PRIMARY KEY (list_id, identifier_id);
ALTER TABLE ONLY customers.lists
    ADD CONSTRAINT lists_pkey PRIMARY KEY (list_id);
ALTER TABLE ONLY customers.postcodes
    ADD CONSTRAINT postcodes_pkey PRIMARY KEY (code);
ALTER TABLE ONLY customers.purchases
    ADD CONSTRAINT purchases_pkey PRIMARY KEY (purchase_key);
ALTER TABLE ONLY customers.quarantines
    ADD CONSTRAINT quarantines_pkey PRIMARY KEY (identifier_id);
ALTER TABLE ONLY customers.relations
    ADD CONSTRAINT relations_pkey PRIMARY KEY (relation_id);
ALTER TABLE ONLY customers.rhythms
    ADD CONSTRAINT rhythms_pkey PRIMARY KEY (rhythm_id);
ALTER TABLE ONLY customers.roster_due
    ADD CONSTRAINT roster_due_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY customers.roster
    ADD CONSTRAINT roster_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY customers.roster_walks
    ADD CONSTRAINT roster_walks_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY customers.rule_changes
    ADD CONSTRAINT rule_changes_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY customers.segment_carts
    ADD CONSTRAINT segment_carts_pkey PRIMARY KEY (identifier_id, sku);
ALTER TABLE ONLY customers.segment_flows
    ADD CONSTRAINT segment_flows_pkey PRIMARY KEY (segment_id, hour_at);
ALTER TABLE ONLY customers.segment_members
    ADD CONSTRAINT segment_members_pkey PRIMARY KEY (customer_id, segment_id);
ALTER TABLE ONLY customers.segment_places
    ADD CONSTRAINT segment_places_pkey PRIMARY KEY (location_id);
ALTER TABLE ONLY customers.segment_stock
    ADD CONSTRAINT segment_stock_pkey PRIMARY KEY (sku, location_id);
ALTER TABLE ONLY customers.segment_turn
    ADD CONSTRAINT segment_turn_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY customers.segment_versions
    ADD CONSTRAINT segment_versions_pkey PRIMARY KEY (segment_id, version);
ALTER TABLE ONLY customers.segment_wakes
    ADD CONSTRAINT segment_wakes_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY customers.segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (segment_id);
ALTER TABLE ONLY customers.stage_flows
    ADD CONSTRAINT stage_flows_pkey PRIMARY KEY (day, was, stage);
ALTER TABLE ONLY customers.stage_sizes
    ADD CONSTRAINT stage_sizes_pkey PRIMARY KEY (stage);
ALTER TABLE ONLY customers.stage_thresholds
    ADD CONSTRAINT stage_thresholds_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY customers.stage_values
    ADD CONSTRAINT stage_values_pkey PRIMARY KEY (stage, currency);
ALTER TABLE ONLY customers.stage_walks
    ADD CONSTRAINT stage_walks_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY customers.stages
    ADD CONSTRAINT stages_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY customers.timeline
    ADD CONSTRAINT timeline_pkey PRIMARY KEY (identifier_id, occurred_at, "position");
ALTER TABLE ONLY customers.traits
    ADD CONSTRAINT traits_pkey PRIMARY KEY (identifier_id, field);
ALTER TABLE ONLY customers.undeliverable
    ADD CONSTRAINT undeliverable_pkey PRIMARY KEY (identifier_id, channel);
ALTER TABLE ONLY engagement.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (note_id);
ALTER TABLE ONLY imports.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (file_id);
ALTER TABLE ONLY imports.mappings
    ADD CONSTRAINT mappings_pkey PRIMARY KEY (kind, system);
ALTER TABLE ONLY imports.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (run_key);
ALTER TABLE ONLY ingest.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (source_id, hour_at, name);
ALTER TABLE ONLY ingest.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (source_id);
ALTER TABLE ONLY ingest.write_keys
    ADD CONSTRAINT write_keys_pkey PRIMARY KEY (write_key);
ALTER TABLE ONLY insight.day_events
    ADD CONSTRAINT day_events_pkey PRIMARY KEY (day, name);
ALTER TABLE ONLY insight.day_orders
    ADD CONSTRAINT day_orders_pkey PRIMARY KEY (day, channel, currency);
ALTER TABLE ONLY insight.newest
    ADD CONSTRAINT newest_pkey PRIMARY KEY (name, channel, location_id);
ALTER TABLE ONLY insight.touches
    ADD CONSTRAINT touches_pkey PRIMARY KEY (day, channel, slot);
ALTER TABLE ONLY jobs.pgqueuer_log
    ADD CONSTRAINT pgqueuer_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY jobs.pgqueuer
    ADD CONSTRAINT pgqueuer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY jobs.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);
ALTER TABLE ONLY jobs.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY jobs.pgqueuer_statistics
    ADD CONSTRAINT pgqueuer_statistics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY lake.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (path);
ALTER TABLE ONLY log.cursors
    ADD CONSTRAINT cursors_pkey PRIMARY KEY (reader);
ALTER TABLE ONLY log.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (dead_letter_id);
ALTER TABLE ONLY log.seen
    ADD CONSTRAINT seen_pkey PRIMARY KEY (day, hash);
ALTER TABLE ONLY log.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (reader, xid, "position");
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY stock.accounts
    ADD CONSTRAINT accounts_name_key UNIQUE (name);
ALTER TABLE ONLY stock.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (account);
ALTER TABLE stock.balances
    ADD CONSTRAINT allocated_is_not_negative CHECK ((allocated >= 0)) NOT VALID;
ALTER TABLE ONLY stock.allocations
    ADD CONSTRAINT allocations_pkey PRIMARY KEY (sku, location_id, channel);
ALTER TABLE ONLY stock.balances
    ADD CONSTRAINT balances_pkey PRIMARY KEY (sku, location_id);
ALTER TABLE ONLY stock.cart_codes
    ADD CONSTRAINT cart_codes_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY stock.cart_lines
    ADD CONSTRAINT cart_lines_pkey PRIMARY KEY (cart_id, sku);
ALTER TABLE ONLY stock.carts
    ADD CONSTRAINT carts_pkey PRIMARY KEY (cart_id);
ALTER TABLE ONLY stock.count_lines
    ADD CONSTRAINT count_lines_pkey PRIMARY KEY (count_id, sku);
ALTER TABLE ONLY stock.counts
    ADD CONSTRAINT counts_pkey PRIMARY KEY (count_id);
ALTER TABLE ONLY stock.cover_nights
    ADD CONSTRAINT cover_nights_pkey PRIMARY KEY (location_id);
ALTER TABLE ONLY stock.cover
    ADD CONSTRAINT cover_pkey PRIMARY KEY (location_id, sku);
ALTER TABLE ONLY stock.delivery_prefixes
    ADD CONSTRAINT delivery_prefixes_pkey PRIMARY KEY (prefix);
ALTER TABLE ONLY stock.delivery_services
    ADD CONSTRAINT delivery_services_pkey PRIMARY KEY (service_id);
ALTER TABLE ONLY stock.delivery_zones
    ADD CONSTRAINT delivery_zones_pkey PRIMARY KEY (zone_id);
ALTER TABLE ONLY stock.disagreements
    ADD CONSTRAINT disagreements_pkey PRIMARY KEY (disagreement_id);
ALTER TABLE stock.balances
    ADD CONSTRAINT display_is_not_negative CHECK ((display >= 0)) NOT VALID;
ALTER TABLE ONLY stock.fulfilment_lines
    ADD CONSTRAINT fulfilment_lines_pkey PRIMARY KEY (fulfilment_id, line_no, sku);
ALTER TABLE ONLY stock.fulfilment_steps
    ADD CONSTRAINT fulfilment_steps_pkey PRIMARY KEY (step_id);
ALTER TABLE ONLY stock.fulfilments
    ADD CONSTRAINT fulfilments_pkey PRIMARY KEY (fulfilment_id);
ALTER TABLE ONLY stock.hand_overs
    ADD CONSTRAINT hand_overs_pkey PRIMARY KEY (hold_id);
ALTER TABLE ONLY stock.hold_lines
    ADD CONSTRAINT hold_lines_pkey PRIMARY KEY (hold_id, sku, location_id);
ALTER TABLE ONLY stock.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (hold_id);
ALTER TABLE ONLY stock.house_rules
    ADD CONSTRAINT house_rules_pkey PRIMARY KEY (version);
ALTER TABLE ONLY stock.inbound
    ADD CONSTRAINT inbound_pkey PRIMARY KEY (inbound_id);
ALTER TABLE ONLY stock.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (sku);
ALTER TABLE ONLY stock.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (entry_id);
ALTER TABLE stock.holds
    ADD CONSTRAINT length_is_positive CHECK ((length_s > 0)) NOT VALID;
ALTER TABLE ONLY stock.locations
    ADD CONSTRAINT locations_pkey PRIMARY KEY (location_id);
ALTER TABLE ONLY stock.locations_version
    ADD CONSTRAINT locations_version_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY stock.masters
    ADD CONSTRAINT masters_pkey PRIMARY KEY (location_id, sku);
ALTER TABLE ONLY stock.movements
    ADD CONSTRAINT movements_pkey PRIMARY KEY (movement_id);
ALTER TABLE ONLY stock.order_evidence
    ADD CONSTRAINT order_evidence_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY stock.order_holds
    ADD CONSTRAINT order_holds_pkey PRIMARY KEY (hold_id);
ALTER TABLE ONLY stock.order_lines
    ADD CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, line_no);
ALTER TABLE ONLY stock.order_taxes
    ADD CONSTRAINT order_taxes_pkey PRIMARY KEY (order_id, rate);
ALTER TABLE ONLY stock.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (order_id);
ALTER TABLE ONLY stock.outside_levels
    ADD CONSTRAINT outside_levels_pkey PRIMARY KEY (system, sku, location_id);
ALTER TABLE ONLY stock.payment_steps
    ADD CONSTRAINT payment_steps_pkey PRIMARY KEY (step_id);
ALTER TABLE ONLY stock.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (payment_id);
ALTER TABLE ONLY stock.preorders
    ADD CONSTRAINT preorders_pkey PRIMARY KEY (preorder_id);
ALTER TABLE ONLY stock.receipt_lines
    ADD CONSTRAINT receipt_lines_pkey PRIMARY KEY (receipt_id, line_no);
ALTER TABLE ONLY stock.receipt_totals
    ADD CONSTRAINT receipt_totals_pkey PRIMARY KEY (location_id, business_day, currency);
ALTER TABLE ONLY stock.receipts
    ADD CONSTRAINT receipts_pkey PRIMARY KEY (receipt_id);
ALTER TABLE ONLY stock.region_places
    ADD CONSTRAINT region_places_pkey PRIMARY KEY (region_id, location_id);
ALTER TABLE ONLY stock.regional_holds
    ADD CONSTRAINT regional_holds_pkey PRIMARY KEY (hold_id);
ALTER TABLE ONLY stock.regions
    ADD CONSTRAINT regions_pkey PRIMARY KEY (region_id);
ALTER TABLE ONLY stock.release_goods
    ADD CONSTRAINT release_goods_pkey PRIMARY KEY (release_id, sku);
ALTER TABLE ONLY stock.release_tickets
    ADD CONSTRAINT release_tickets_pkey PRIMARY KEY (ticket_id);
ALTER TABLE ONLY stock.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (release_id);
ALTER TABLE ONLY stock.return_lines
    ADD CONSTRAINT return_lines_pkey PRIMARY KEY (return_id, line_no);
ALTER TABLE ONLY stock.return_policies
    ADD CONSTRAINT return_policies_pkey PRIMARY KEY (policy_id);
ALTER TABLE ONLY stock.returns
    ADD CONSTRAINT returns_pkey PRIMARY KEY (return_id);
ALTER TABLE ONLY stock.returns
    ADD CONSTRAINT returns_return_no_key UNIQUE (return_no);
ALTER TABLE ONLY stock.sales_days
    ADD CONSTRAINT sales_days_pkey PRIMARY KEY (location_id, day, sku);
ALTER TABLE ONLY stock.sending_places
    ADD CONSTRAINT sending_places_pkey PRIMARY KEY (location_id);
ALTER TABLE ONLY stock.set_history
    ADD CONSTRAINT set_history_pkey PRIMARY KEY (set_sku, from_at);
ALTER TABLE ONLY stock.set_parts
    ADD CONSTRAINT set_parts_pkey PRIMARY KEY (set_sku, part_sku);
ALTER TABLE ONLY stock.substitutions
    ADD CONSTRAINT substitutions_pkey PRIMARY KEY (hold_id, location_id, was_sku);
ALTER TABLE ONLY stock.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (task_id);
ALTER TABLE ONLY stock.till_returns
    ADD CONSTRAINT till_returns_pkey PRIMARY KEY (receipt_id, sku);
ALTER TABLE ONLY stock.transfer_lines
    ADD CONSTRAINT transfer_lines_pkey PRIMARY KEY (transfer_id, sku);
ALTER TABLE ONLY stock.transfers
    ADD CONSTRAINT transfers_pkey PRIMARY KEY (transfer_id);
ALTER TABLE ONLY vault.envelopes
    ADD CONSTRAINT envelopes_pkey PRIMARY KEY (sealed_id);
ALTER TABLE ONLY vault.identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (identifier_id);
ALTER TABLE ONLY vault.master_keys
    ADD CONSTRAINT master_keys_pkey PRIMARY KEY (generation);
ALTER TABLE ONLY vault.search_tokens
    ADD CONSTRAINT search_tokens_pkey PRIMARY KEY (token, identifier_id, field);
ALTER TABLE ONLY vault.traits
    ADD CONSTRAINT traits_pkey PRIMARY KEY (identifier_id, field);
CREATE INDEX entries_action ON audit.entries USING btree (action, at, entry_id);
CREATE INDEX entries_actor ON audit.entries USING btree (actor, at, entry_id);
CREATE INDEX entries_at ON audit.entries USING btree (at, entry_id);
CREATE INDEX entries_customer ON audit.entries USING btree (customer_id, entry_id) WHERE (customer_id IS NOT NULL);
CREATE INDEX met_until ON audit.met USING btree (until);
CREATE INDEX failures_subject ON auth.failures USING btree (subject, failed_at);
CREATE UNIQUE INDEX keys_hash ON auth.keys USING btree (hash);
CREATE INDEX sessions_staff ON auth.sessions USING btree (staff_id);
CREATE UNIQUE INDEX staff_login ON auth.staff USING btree (lower(login));
CREATE INDEX claims_age ON combine.claims USING brin (claimed_at);
CREATE INDEX consent_entries_of ON customers.consent_entries USING btree (identifier_id, at);
CREATE INDEX customers_merged ON customers.customers USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX identifiers_customer ON customers.identifiers USING btree (customer_id);
CREATE INDEX link_decisions_pair ON customers.link_decisions USING btree (a, b, decision_id DESC);
CREATE INDEX links_b ON customers.links USING btree (b);
CREATE UNIQUE INDEX links_pair ON customers.links USING btree (a, b);
CREATE INDEX list_entries_identifier ON customers.list_entries USING btree (identifier_id, list_id);
CREATE INDEX list_entries_waiting ON customers.list_entries USING btree (identifier_id) WHERE is_waiting;
CREATE UNIQUE INDEX lists_name ON customers.lists USING btree (name) WHERE (ready_at IS NOT NULL);
CREATE INDEX purchases_of ON customers.purchases USING btree (identifier_id, occurred_at);
CREATE UNIQUE INDEX relations_once ON customers.relations USING btree (kind, one, other) WHERE (ended_at IS NULL);
CREATE INDEX relations_one ON customers.relations USING btree (one);
CREATE INDEX relations_other ON customers.relations USING btree (other);
CREATE INDEX roster_due_noted ON customers.roster_due USING btree (noted);
CREATE INDEX roster_email_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['email'::text]);
CREATE INDEX roster_email_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['email'::text]);
CREATE INDEX roster_home_last ON customers.roster USING btree (location_id, last_at, customer_id);
CREATE INDEX roster_last ON customers.roster USING btree (last_at, customer_id);
CREATE INDEX roster_line_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['line'::text]);
CREATE INDEX roster_line_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['line'::text]);
CREATE INDEX roster_phone_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['phone'::text]);
CREATE INDEX roster_phone_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['phone'::text]);
CREATE INDEX roster_post_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['post'::text]);
CREATE INDEX roster_post_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['post'::text]);
CREATE INDEX roster_push_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['push'::text]);
CREATE INDEX roster_push_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['push'::text]);
CREATE INDEX roster_sms_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['sms'::text]);
CREATE INDEX roster_sms_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['sms'::text]);
CREATE INDEX roster_stage_last ON customers.roster USING btree (stage, last_at, customer_id);
CREATE INDEX roster_stage_total ON customers.roster USING btree (stage, total_minor, customer_id);
CREATE INDEX roster_total ON customers.roster USING btree (total_minor, customer_id);
CREATE INDEX roster_whatsapp_last ON customers.roster USING btree (last_at, customer_id) WHERE (channels @> ARRAY['whatsapp'::text]);
CREATE INDEX roster_whatsapp_total ON customers.roster USING btree (total_minor, customer_id) WHERE (channels @> ARRAY['whatsapp'::text]);
CREATE INDEX rule_changes_newest ON customers.rule_changes USING btree (proposed_at DESC);
CREATE UNIQUE INDEX rule_changes_open ON customers.rule_changes USING btree ((true)) WHERE (state = ANY (ARRAY['counting'::text, 'counted'::text, 'applying'::text]));
CREATE INDEX segment_carts_sku ON customers.segment_carts USING btree (sku);
CREATE INDEX segment_members_of ON customers.segment_members USING btree (segment_id, entered_at, customer_id);
CREATE INDEX segment_passages_of ON customers.segment_passages USING btree (segment_id, at);
CREATE INDEX segment_places_lat ON customers.segment_places USING btree (lat);
CREATE INDEX segment_wakes_due ON customers.segment_wakes USING btree (due_at);
CREATE UNIQUE INDEX segments_name ON customers.segments USING btree (name) WHERE (retired_at IS NULL);
CREATE INDEX stages_due ON customers.stages USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX stages_in_order ON customers.stages USING btree (stage, since, customer_id);
CREATE INDEX timeline_purchases ON customers.timeline USING btree (identifier_id, purchase_key) WHERE (purchase_key IS NOT NULL);
CREATE INDEX timeline_viewed ON customers.timeline USING btree (identifier_id, occurred_at) WHERE (name = 'product.viewed'::text);
CREATE INDEX notes_by_identifier ON engagement.notes USING btree (identifier_id, written_at DESC);
CREATE INDEX files_open ON imports.files USING btree (moved_at) WHERE (state = ANY (ARRAY['trying'::text, 'taking'::text]));
CREATE INDEX runs_updated ON imports.runs USING btree (updated_at);
CREATE UNIQUE INDEX sources_record_system ON ingest.sources USING btree (system) WHERE (is_record AND (revoked_at IS NULL));
CREATE INDEX write_keys_source ON ingest.write_keys USING btree (source_id);
CREATE INDEX pgqueuer_ep_ea_idx ON jobs.pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::jobs.pgqueuer_status);
CREATE INDEX pgqueuer_ep_prio_id_idx ON jobs.pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::jobs.pgqueuer_status);
CREATE INDEX pgqueuer_log_created ON jobs.pgqueuer_log USING btree (created);
CREATE INDEX pgqueuer_log_job_id_status ON jobs.pgqueuer_log USING btree (job_id, created DESC);
CREATE INDEX pgqueuer_log_not_aggregated ON jobs.pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);
CREATE INDEX pgqueuer_log_status ON jobs.pgqueuer_log USING btree (status);
CREATE INDEX pgqueuer_picked_heartbeat_idx ON jobs.pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::jobs.pgqueuer_status);
CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON jobs.pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::jobs.pgqueuer_status) AND (slot IS NOT NULL));
CREATE INDEX pgqueuer_priority_id_id1_idx ON jobs.pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::jobs.pgqueuer_status);
CREATE INDEX pgqueuer_queue_manager_id_idx ON jobs.pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);
CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON jobs.pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);
CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON jobs.pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::jobs.pgqueuer_status, 'picked'::jobs.pgqueuer_status])) AND (dedupe_key IS NOT NULL));
CREATE INDEX pgqueuer_updated_id_id1_idx ON jobs.pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::jobs.pgqueuer_status);
CREATE INDEX files_part ON lake.files USING btree (part);
CREATE INDEX dead_letters_ended ON log.dead_letters USING btree (dead_letter_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX dead_letters_ended_of ON log.dead_letters USING btree (source_id, dead_letter_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX dead_letters_hash ON log.dead_letters USING btree (hash) WHERE (ended_at IS NULL);
CREATE INDEX dead_letters_open ON log.dead_letters USING btree (dead_letter_id) WHERE (ended_at IS NULL);
CREATE INDEX dead_letters_open_of ON log.dead_letters USING btree (source_id, dead_letter_id) WHERE (ended_at IS NULL);
CREATE INDEX events_order ON ONLY log.events USING btree (xid, "position");
CREATE INDEX events_elsewhere_xid_position_idx ON log.events_elsewhere USING btree (xid, "position");
CREATE INDEX allocations_place ON stock.allocations USING btree (location_id, sku, channel);
CREATE INDEX allocations_until ON stock.allocations USING btree (until) WHERE (until IS NOT NULL);
CREATE INDEX balances_display ON stock.balances USING btree (location_id, sku) WHERE (display > 0);
CREATE INDEX balances_location ON stock.balances USING btree (location_id, sku);
CREATE INDEX cart_code_failures_by ON stock.cart_code_failures USING btree (said_by, failed_at);
CREATE INDEX cart_code_failures_due ON stock.cart_code_failures USING btree (failed_at);
CREATE INDEX cart_codes_cart ON stock.cart_codes USING btree (cart_id);
CREATE UNIQUE INDEX cart_codes_code ON stock.cart_codes USING btree (code) WHERE (used_at IS NULL);
CREATE INDEX cart_codes_due ON stock.cart_codes USING btree (expires_at);
CREATE UNIQUE INDEX carts_open ON stock.carts USING btree (identifier_id) WHERE (state = 'open'::text);
CREATE INDEX carts_touched ON stock.carts USING btree (touched_at, cart_id) WHERE (state = 'open'::text);
CREATE INDEX carts_untold ON stock.carts USING btree (touched_at) WHERE ((state = 'open'::text) AND (left_at IS NULL));
CREATE INDEX code_failures_hold ON stock.code_failures USING btree (hold_id, failed_at);
CREATE INDEX counts_booked ON stock.counts USING btree (ended_at) WHERE (state = 'booked'::text);
CREATE INDEX counts_of_place ON stock.counts USING btree (location_id, count_id);
CREATE INDEX cover_dead ON stock.cover USING btree (location_id, promisable DESC, sku) WHERE is_dead;
CREATE INDEX cover_short ON stock.cover USING btree (location_id, days, sku) WHERE (days < (7)::double precision);
CREATE INDEX cover_sku ON stock.cover USING btree (sku);
CREATE INDEX delivery_prefixes_zone ON stock.delivery_prefixes USING btree (zone_id);
CREATE INDEX delivery_services_zone ON stock.delivery_services USING btree (zone_id, service_id);
CREATE INDEX disagreements_of_place ON stock.disagreements USING btree (location_id, disagreement_id) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX disagreements_open ON stock.disagreements USING btree (system, sku, location_id) WHERE (ended_at IS NULL);
CREATE INDEX fulfilment_steps_of ON stock.fulfilment_steps USING btree (fulfilment_id, step_id);
CREATE INDEX fulfilments_due ON stock.fulfilments USING btree (ships_on) WHERE ((state = ANY (ARRAY['routed'::text, 'accepted'::text, 'picked'::text, 'packed'::text])) AND (told_late_at IS NULL));
CREATE UNIQUE INDEX fulfilments_hold ON stock.fulfilments USING btree (hold_id) WHERE (hold_id IS NOT NULL);
CREATE INDEX fulfilments_order ON stock.fulfilments USING btree (order_id, fulfilment_id);
CREATE INDEX fulfilments_queue ON stock.fulfilments USING btree (location_id, fulfilment_id) WHERE (state = ANY (ARRAY['routed'::text, 'accepted'::text, 'picked'::text, 'packed'::text]));
CREATE INDEX fulfilments_waiting ON stock.fulfilments USING btree (fulfilment_id) WHERE (state = 'waiting'::text);
CREATE INDEX hold_lines_elsewhere ON stock.hold_lines USING btree (location_id, hold_id) WHERE is_elsewhere;
CREATE INDEX hold_lines_open ON stock.hold_lines USING btree (sku, location_id, hold_id) WHERE (state = ANY (ARRAY['held'::text, 'picked'::text]));
CREATE UNIQUE INDEX holds_code ON stock.holds USING btree (code, location_id) WHERE (ended_at IS NULL);
CREATE INDEX holds_collected ON stock.holds USING btree (location_id, ended_at, hold_id) WHERE (state = 'collected'::text);
CREATE INDEX holds_due ON stock.holds USING btree (expires_at) WHERE (ended_at IS NULL);
CREATE INDEX holds_ended ON stock.holds USING btree (location_id, state, hold_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX holds_identifier ON stock.holds USING btree (identifier_id, hold_id) WHERE (identifier_id IS NOT NULL);
CREATE INDEX holds_queue ON stock.holds USING btree (location_id, hold_id) WHERE (ended_at IS NULL);
CREATE INDEX inbound_at ON stock.inbound USING btree (location_id, due_on, inbound_id) WHERE is_open;
CREATE INDEX inbound_due ON stock.inbound USING btree (sku, location_id, due_on) WHERE is_open;
CREATE UNIQUE INDEX inbound_ref ON stock.inbound USING btree (ref, sku, location_id);
CREATE INDEX items_gtin ON stock.items USING btree (gtin) WHERE (gtin IS NOT NULL);
CREATE INDEX items_product ON stock.items USING btree (product_id) WHERE (product_id IS NOT NULL);
CREATE INDEX items_search ON stock.items USING gin (stock.search_keys(search_text));
CREATE INDEX ledger_of_row ON stock.ledger USING btree (sku, location_id, entry_id);
CREATE INDEX movements_of_row ON stock.movements USING btree (sku, location_id, at);
CREATE UNIQUE INDEX movements_ref ON stock.movements USING btree (ref, kind, sku, location_id) WHERE (ref IS NOT NULL);
CREATE INDEX order_cancels_order ON stock.order_cancels USING btree (order_id);
CREATE INDEX order_evidence_ref ON stock.order_evidence USING btree (order_ref, system);
CREATE INDEX order_holds_order ON stock.order_holds USING btree (order_id);
CREATE INDEX orders_at ON stock.orders USING btree (location_id, placed_at, order_id) WHERE (location_id IS NOT NULL);
CREATE INDEX orders_by_number ON stock.orders USING btree (order_ref);
CREATE UNIQUE INDEX orders_cart ON stock.orders USING btree (cart_id) WHERE (cart_id IS NOT NULL);
CREATE INDEX orders_identifier ON stock.orders USING btree (identifier_id, placed_at) WHERE (identifier_id IS NOT NULL);
CREATE INDEX orders_placed ON stock.orders USING btree (placed_at, order_id);
CREATE UNIQUE INDEX orders_ref ON stock.orders USING btree (system, order_ref);
CREATE UNIQUE INDEX payment_steps_once ON stock.payment_steps USING btree (payment_id, kind, reference) WHERE (reference IS NOT NULL);
CREATE INDEX payment_steps_payment ON stock.payment_steps USING btree (payment_id, at);
CREATE INDEX payments_order ON stock.payments USING btree (order_id, made_at);
CREATE INDEX preorders_identifier ON stock.preorders USING btree (identifier_id, preorder_id) WHERE (identifier_id IS NOT NULL);
CREATE INDEX preorders_waiting ON stock.preorders USING btree (inbound_id, preorder_id) WHERE (state = 'waiting'::text);
CREATE INDEX preorders_waiting_item ON stock.preorders USING btree (sku, preorder_id) WHERE (state = 'waiting'::text);
CREATE INDEX preorders_waiting_place ON stock.preorders USING btree (location_id, preorder_id) WHERE (state = 'waiting'::text);
CREATE INDEX preorders_waiting_row ON stock.preorders USING btree (sku, location_id, preorder_id) WHERE (state = 'waiting'::text);
CREATE INDEX receipt_totals_of_day ON stock.receipt_totals USING btree (business_day);
CREATE INDEX receipts_identifier ON stock.receipts USING btree (identifier_id, occurred_at) WHERE (identifier_id IS NOT NULL);
CREATE UNIQUE INDEX receipts_key ON stock.receipts USING btree (location_id, business_day, register, sequence) WHERE (replaced_by IS NULL);
CREATE INDEX receipts_order ON stock.receipts USING btree (order_system, order_ref) WHERE (order_ref IS NOT NULL);
CREATE INDEX receipts_sequence ON stock.receipts USING btree (sequence, business_day);
CREATE INDEX regional_holds_unrouted ON stock.regional_holds USING btree (asked_at, hold_id) WHERE (routed_at IS NULL);
CREATE UNIQUE INDEX release_tickets_person ON stock.release_tickets USING btree (release_id, identifier_id) WHERE (identifier_id IS NOT NULL);
CREATE INDEX release_tickets_took ON stock.release_tickets USING btree (release_id) WHERE (taken > 0);
CREATE INDEX release_tickets_turn ON stock.release_tickets USING btree (release_id, turn_at) WHERE (turn_at IS NOT NULL);
CREATE INDEX release_tickets_waiting ON stock.release_tickets USING btree (release_id, lot) WHERE (turn_at IS NULL);
CREATE INDEX releases_newest ON stock.releases USING btree (opens_at DESC, release_id DESC);
CREATE INDEX return_lines_root ON stock.return_lines USING btree (root, sku) WHERE (root IS NOT NULL);
CREATE INDEX returns_identifier ON stock.returns USING btree (identifier_id, at) WHERE (identifier_id IS NOT NULL);
CREATE INDEX returns_location ON stock.returns USING btree (location_id, return_id);
CREATE INDEX returns_root ON stock.returns USING btree (root) WHERE (root IS NOT NULL);
CREATE INDEX set_history_parts ON stock.set_history USING gin (parts);
CREATE INDEX set_parts_part ON stock.set_parts USING btree (part_sku, set_sku);
CREATE INDEX tasks_about ON stock.tasks USING btree (about) WHERE ((about IS NOT NULL) AND (done_at IS NULL));
CREATE INDEX tasks_hold ON stock.tasks USING btree (hold_id) WHERE (hold_id IS NOT NULL);
CREATE INDEX tasks_open ON stock.tasks USING btree (location_id, task_id) WHERE (done_at IS NULL);
CREATE INDEX tasks_open_all ON stock.tasks USING btree (done_at, task_id) WHERE (done_at IS NULL);
CREATE INDEX tasks_open_kind ON stock.tasks USING btree (kind, done_at, task_id) WHERE (done_at IS NULL);
CREATE INDEX till_returns_due ON stock.till_returns USING btree (look_at) WHERE (look_at IS NOT NULL);
CREATE INDEX till_returns_open ON stock.till_returns USING btree (location_id, at, receipt_id, sku) WHERE (state = 'open'::text);
CREATE INDEX till_returns_root ON stock.till_returns USING btree (root) WHERE (root IS NOT NULL);
CREATE INDEX transfer_lines_sku ON stock.transfer_lines USING btree (sku, transfer_id);
CREATE INDEX transfers_from ON stock.transfers USING btree (from_location, transfer_id);
CREATE UNIQUE INDEX transfers_ref ON stock.transfers USING btree (ref) WHERE (ref IS NOT NULL);
CREATE INDEX transfers_to ON stock.transfers USING btree (to_location, transfer_id);
CREATE UNIQUE INDEX identifiers_token ON vault.identifiers USING btree (token);
CREATE INDEX search_tokens_of ON vault.search_tokens USING btree (identifier_id, field);
ALTER INDEX log.events_order ATTACH PARTITION log.events_elsewhere_xid_position_idx;
CREATE TRIGGER identifiers_forgotten AFTER DELETE OR TRUNCATE ON customers.identifiers FOR EACH STATEMENT EXECUTE FUNCTION customers.identity_forgotten();
CREATE TRIGGER identifiers_moved AFTER UPDATE ON customers.identifiers REFERENCING OLD TABLE AS was_hers NEW TABLE AS now_hers FOR EACH STATEMENT EXECUTE FUNCTION customers.identity_moved();
CREATE TRIGGER links_forgotten AFTER DELETE OR TRUNCATE ON customers.links FOR EACH STATEMENT EXECUTE FUNCTION customers.identity_forgotten();
CREATE TRIGGER tg_pgqueuer_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON jobs.pgqueuer FOR EACH STATEMENT EXECUTE FUNCTION jobs.fn_pgqueuer_changed();
CREATE TRIGGER ledger_is_append_only BEFORE DELETE OR UPDATE ON stock.ledger FOR EACH STATEMENT EXECUTE FUNCTION stock.refuse_change();
ALTER TABLE ONLY auth.links
    ADD CONSTRAINT links_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES auth.staff(staff_id);
ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT sessions_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES auth.staff(staff_id);
ALTER TABLE ONLY auth.staff_locations
    ADD CONSTRAINT staff_locations_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES auth.staff(staff_id);
ALTER TABLE ONLY customers.customers
    ADD CONSTRAINT customers_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES customers.customers(customer_id);
ALTER TABLE ONLY customers.identifiers
    ADD CONSTRAINT identifiers_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers.customers(customer_id);
ALTER TABLE ONLY customers.list_entries
    ADD CONSTRAINT list_entries_list_id_fkey FOREIGN KEY (list_id) REFERENCES customers.lists(list_id) ON DELETE CASCADE;
ALTER TABLE ONLY customers.segment_versions
    ADD CONSTRAINT segment_versions_segment_id_fkey FOREIGN KEY (segment_id) REFERENCES customers.segments(segment_id);
ALTER TABLE ONLY ingest.write_keys
    ADD CONSTRAINT write_keys_source_id_fkey FOREIGN KEY (source_id) REFERENCES ingest.sources(source_id);
ALTER TABLE ONLY stock.cart_codes
    ADD CONSTRAINT cart_codes_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES stock.carts(cart_id);
ALTER TABLE ONLY stock.cart_lines
    ADD CONSTRAINT cart_lines_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES stock.carts(cart_id);
ALTER TABLE ONLY stock.count_lines
    ADD CONSTRAINT count_lines_count_id_fkey FOREIGN KEY (count_id) REFERENCES stock.counts(count_id);
ALTER TABLE ONLY stock.delivery_prefixes
    ADD CONSTRAINT delivery_prefixes_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES stock.delivery_zones(zone_id) ON DELETE CASCADE;
ALTER TABLE ONLY stock.delivery_services
    ADD CONSTRAINT delivery_services_origin_fkey FOREIGN KEY (origin) REFERENCES stock.locations(location_id);
ALTER TABLE ONLY stock.delivery_services
    ADD CONSTRAINT delivery_services_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES stock.delivery_zones(zone_id) ON DELETE CASCADE;
ALTER TABLE ONLY stock.fulfilment_lines
    ADD CONSTRAINT fulfilment_lines_fulfilment_id_fkey FOREIGN KEY (fulfilment_id) REFERENCES stock.fulfilments(fulfilment_id);
ALTER TABLE ONLY stock.fulfilment_steps
    ADD CONSTRAINT fulfilment_steps_fulfilment_id_fkey FOREIGN KEY (fulfilment_id) REFERENCES stock.fulfilments(fulfilment_id);
ALTER TABLE ONLY stock.fulfilments
    ADD CONSTRAINT fulfilments_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock.orders(order_id);
ALTER TABLE ONLY stock.order_cancels
    ADD CONSTRAINT order_cancels_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock.orders(order_id);
ALTER TABLE ONLY stock.order_holds
    ADD CONSTRAINT order_holds_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock.orders(order_id);
ALTER TABLE ONLY stock.order_lines
    ADD CONSTRAINT order_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock.orders(order_id);
ALTER TABLE ONLY stock.order_taxes
    ADD CONSTRAINT order_taxes_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock.orders(order_id);
ALTER TABLE ONLY stock.payment_steps
    ADD CONSTRAINT payment_steps_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES stock.payments(payment_id);
ALTER TABLE ONLY stock.payments
    ADD CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES stock.orders(order_id);
ALTER TABLE ONLY stock.preorders
    ADD CONSTRAINT preorders_inbound_id_fkey FOREIGN KEY (inbound_id) REFERENCES stock.inbound(inbound_id);
ALTER TABLE ONLY stock.region_places
    ADD CONSTRAINT region_places_location_id_fkey FOREIGN KEY (location_id) REFERENCES stock.locations(location_id);
ALTER TABLE ONLY stock.region_places
    ADD CONSTRAINT region_places_region_id_fkey FOREIGN KEY (region_id) REFERENCES stock.regions(region_id) ON DELETE CASCADE;
ALTER TABLE ONLY stock.release_goods
    ADD CONSTRAINT release_goods_release_id_fkey FOREIGN KEY (release_id) REFERENCES stock.releases(release_id);
ALTER TABLE ONLY stock.release_tickets
    ADD CONSTRAINT release_tickets_release_id_fkey FOREIGN KEY (release_id) REFERENCES stock.releases(release_id);
ALTER TABLE ONLY stock.releases
    ADD CONSTRAINT releases_location_id_fkey FOREIGN KEY (location_id) REFERENCES stock.locations(location_id);
ALTER TABLE ONLY stock.return_lines
    ADD CONSTRAINT return_lines_return_id_fkey FOREIGN KEY (return_id) REFERENCES stock.returns(return_id);
ALTER TABLE ONLY stock.sending_places
    ADD CONSTRAINT sending_places_location_id_fkey FOREIGN KEY (location_id) REFERENCES stock.locations(location_id);
ALTER TABLE ONLY stock.tasks
    ADD CONSTRAINT tasks_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES stock.holds(hold_id);
ALTER TABLE ONLY stock.transfer_lines
    ADD CONSTRAINT transfer_lines_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES stock.transfers(transfer_id);
ALTER TABLE ONLY vault.identifiers
    ADD CONSTRAINT identifiers_generation_fkey FOREIGN KEY (generation) REFERENCES vault.master_keys(generation);
