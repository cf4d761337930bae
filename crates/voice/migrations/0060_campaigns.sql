create table voice_campaign (
    id text primary key,
    name text not null,
    purpose text not null,
    mode text not null,
    state text not null,
    plan text not null,
    created_at bigint not null,
    created_by text not null,
    created_name text not null,
    started_at bigint,
    ended_at bigint,
    version bigint not null
);
create index voice_campaign_created on voice_campaign (created_at, id);
create index voice_campaign_state on voice_campaign (state);
create table voice_campaign_target (
    id text primary key,
    campaign_id text not null,
    no bigint not null,
    number text not null,
    name text not null,
    unit_id text,
    unit_path text,
    unit_name text,
    contact_id text,
    case_id text,
    case_number text,
    fields text not null,
    state text not null,
    attempts bigint not null,
    due_at bigint not null,
    result text,
    agent_id text,
    agent_name text,
    claimed_at bigint,
    call_id text,
    talked_ms bigint not null,
    answers text not null,
    keys text not null,
    note text not null,
    updated_at bigint not null
);
create unique index voice_campaign_target_number on voice_campaign_target (campaign_id, number);
create index voice_campaign_target_due on voice_campaign_target (campaign_id, state, due_at, no);
create index voice_campaign_target_no on voice_campaign_target (campaign_id, no);
create index voice_campaign_target_unit on voice_campaign_target (unit_id) where unit_id is not null;
create table voice_campaign_attempt (
    id text primary key,
    campaign_id text not null,
    target_id text not null,
    number text not null,
    at bigint not null,
    agent_name text,
    call_id text,
    ended_at bigint,
    result text
);
create index voice_campaign_attempt_number on voice_campaign_attempt (number, at);
create index voice_campaign_attempt_target on voice_campaign_attempt (target_id, at);
create index voice_campaign_attempt_open on voice_campaign_attempt (at) where ended_at is null;
create table voice_campaign_agent (
    campaign_id text not null,
    person_id text not null,
    joined_at bigint not null,
    primary key (campaign_id, person_id)
);
create index voice_campaign_agent_person on voice_campaign_agent (person_id);
insert into voice_hours (id, name, spec, version) values ('outbound', '外呼时段', '{"week":[[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}],[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}],[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}],[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}],[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}],[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}],[{"from":"09:00","to":"12:00"},{"from":"14:00","to":"20:00"}]],"holiday":[],"make_up":null,"dates":{}}', 1);
