create table voice_own_phrase (
    id text primary key,
    person_id text not null,
    title text not null,
    source text not null,
    text text not null,
    file text not null,
    duration_ms bigint not null,
    created_at bigint not null
);
create index voice_own_phrase_person on voice_own_phrase (person_id, created_at);
create table voice_summary_form (
    id text primary key,
    fields text not null,
    version bigint not null
);
alter table voice_call_summary add column fields text not null default '{}';
