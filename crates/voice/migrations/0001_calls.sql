create table voice_call (
    id text primary key,
    direction text not null,
    origin text not null,
    caller text not null,
    called text not null,
    started_at bigint not null,
    answered_at bigint,
    ended_at bigint,
    seat_no text,
    agent_id text,
    agent_name text,
    contact_id text,
    result text,
    hung_up_by text,
    waited_ms bigint not null,
    talked_ms bigint not null,
    recording_id text
);
create index voice_call_started on voice_call (started_at, id);
create index voice_call_caller on voice_call (caller, started_at);
create index voice_call_agent on voice_call (agent_id, started_at);
create table voice_call_event (
    call_id text not null,
    no bigint not null,
    at bigint not null,
    kind text not null,
    detail text not null,
    primary key (call_id, no)
);
create table voice_recording (
    id text primary key,
    call_id text not null,
    path text not null,
    started_at bigint not null,
    duration_ms bigint not null,
    bytes bigint not null,
    state text not null
);
create index voice_recording_call on voice_recording (call_id);
create table voice_missed_call (
    call_id text primary key,
    caller text not null,
    at bigint not null,
    waited_ms bigint not null,
    handled_at bigint,
    handled_by text,
    handled_name text,
    handled_note text
);
create index voice_missed_call_at on voice_missed_call (at, call_id);
create table voice_seat_session (
    id text primary key,
    seat_no text not null,
    seat_id text not null,
    person_id text not null,
    person_name text not null,
    signed_in_at bigint not null,
    signed_out_at bigint
);
create index voice_seat_session_person on voice_seat_session (person_id, signed_in_at);
create table voice_seat_state (
    session_id text not null,
    no bigint not null,
    at bigint not null,
    state text not null,
    call_id text,
    primary key (session_id, no)
);
