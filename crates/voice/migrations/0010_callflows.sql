create table voice_flow (
    id text primary key,
    name text not null,
    note text not null,
    draft text not null,
    version bigint not null,
    published bigint not null,
    updated_at bigint not null,
    updated_name text not null
);
create table voice_flow_version (
    flow_id text not null,
    no bigint not null,
    graph text not null,
    note text not null,
    published_at bigint not null,
    published_by text not null,
    published_name text not null,
    primary key (flow_id, no)
);
create table voice_flow_number (
    number text primary key,
    hotline text not null,
    name text not null,
    flow_id text not null,
    language text not null,
    version bigint not null
);
create table voice_hours (
    id text primary key,
    name text not null,
    spec text not null,
    version bigint not null
);
create table voice_access_code (
    id text primary key,
    name text not null,
    salt text not null,
    hash text not null,
    version bigint not null
);
create table voice_prompt (
    id text primary key,
    name text not null,
    version bigint not null,
    created_at bigint not null
);
create table voice_prompt_sound (
    id text primary key,
    prompt_id text not null,
    language text not null,
    no bigint not null,
    source text not null,
    text text not null,
    file text not null,
    duration_ms bigint not null,
    in_force bigint not null,
    created_at bigint not null,
    created_name text not null
);
create unique index voice_prompt_sound_no on voice_prompt_sound (prompt_id, language, no);
create table voice_message (
    id text primary key,
    call_id text not null,
    recording_id text not null,
    mailbox text not null,
    caller text not null,
    hotline text not null,
    at bigint not null,
    from_ms bigint not null,
    length_ms bigint not null,
    heard_at bigint,
    agent_id text,
    agent_name text,
    done_at bigint,
    done_name text,
    done_note text
);
create index voice_message_at on voice_message (at, id);
create table voice_callback (
    id text primary key,
    call_id text not null,
    number text not null,
    queue_id text not null,
    hotline text not null,
    at bigint not null,
    since bigint not null,
    agent_id text,
    agent_name text,
    claimed_at bigint,
    state text not null,
    done_at bigint,
    done_name text,
    done_note text
);
create index voice_callback_since on voice_callback (state, since, id);
create table voice_survey (
    call_id text primary key,
    at bigint not null,
    state text not null,
    stars bigint,
    caller text not null,
    agent_id text,
    agent_name text
);
create index voice_survey_at on voice_survey (at, call_id);
create table voice_flow_count (
    hour bigint not null,
    flow_id text not null,
    version bigint not null,
    node_id text not null,
    what text not null,
    times bigint not null,
    primary key (hour, flow_id, version, node_id, what)
);
