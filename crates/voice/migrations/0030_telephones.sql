create table voice_telephone (
    seat_id text primary key,
    seat_no text not null,
    ha1 text not null,
    note text not null,
    chosen bigint not null,
    auto_answer bigint not null,
    created_at bigint not null,
    created_name text not null,
    password_at bigint not null
);
create unique index voice_telephone_seat_no on voice_telephone (seat_no);
