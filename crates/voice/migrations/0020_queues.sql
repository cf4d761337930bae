create table voice_queue (
    id text primary key,
    name text not null,
    identity text not null,
    numbers text not null,
    strategy text not null,
    skills text not null,
    general_after_secs bigint,
    priority bigint not null,
    capacity bigint not null,
    wrap_up_secs bigint not null,
    first_announcement_secs bigint not null,
    announcement_secs bigint not null,
    overflow_after_secs bigint,
    overflow_unstaffed bigint not null,
    overflow_queue text,
    answer_within_secs bigint not null,
    answer_share_pct bigint not null,
    sort bigint not null,
    active bigint not null,
    version bigint not null,
    updated_at bigint not null
);
create table voice_number (
    id text primary key,
    kind text not null,
    number text not null,
    reason text not null,
    expires_at bigint,
    created_at bigint not null,
    created_by text not null,
    created_name text not null,
    hits bigint not null
);
create unique index voice_number_unique on voice_number (kind, number);
create index voice_number_created on voice_number (kind, created_at, id);
create table voice_seat_skill (
    seat_id text not null,
    skill text not null,
    level bigint not null,
    primary key (seat_id, skill)
);
create table voice_queue_visit (
    call_id text not null,
    no bigint not null,
    queue_id text not null,
    joined_at bigint not null,
    left_at bigint not null,
    waited_ms bigint not null,
    priority bigint not null,
    outcome text not null,
    seat_no text,
    primary key (call_id, no)
);
create index voice_queue_visit_left on voice_queue_visit (left_at, queue_id);
create table voice_call_trace (
    call_id text not null,
    no bigint not null,
    at bigint not null,
    kind text not null,
    detail text not null,
    primary key (call_id, no)
);
create table voice_settings_version (
    id text primary key,
    version bigint not null
);
insert into voice_settings_version (id, version) values ('routing', 1);
