create table voice_emergency_transfer (
    id text primary key,
    call_id text not null,
    at bigint not null,
    service text not null,
    number text not null,
    caller text not null,
    case_id text,
    case_number text,
    note text not null,
    seat_no text not null,
    person_id text not null,
    person_name text not null
);
create index voice_emergency_transfer_at on voice_emergency_transfer (at, id);
create index voice_emergency_transfer_call on voice_emergency_transfer (call_id);
