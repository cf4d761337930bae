create table voice_phone_book (
    id text primary key,
    name text not null,
    number text not null,
    kind text not null,
    note text not null,
    updated_at bigint not null
);
create index voice_phone_book_name on voice_phone_book (name, id);
create table voice_standard_phrase (
    id text primary key,
    topic text not null,
    title text not null,
    body text not null,
    updated_at bigint not null
);
create index voice_standard_phrase_topic on voice_standard_phrase (topic, title, id);
create table voice_call_summary (
    call_id text primary key,
    result text not null,
    note text not null,
    agent_id text not null,
    agent_name text not null,
    written_at bigint not null
);
create table voice_recording_download (
    id text primary key,
    recording_id text not null,
    call_id text not null,
    person_id text not null,
    person_name text not null,
    reason text not null,
    at bigint not null
);
create index voice_recording_download_recording on voice_recording_download (recording_id, at);
