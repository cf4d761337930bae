create table voice_message_pin (
    person_id text primary key,
    person_name text not null,
    number text not null,
    salt text not null,
    hash text not null,
    set_at bigint not null
);
create unique index voice_message_pin_number on voice_message_pin (number);
create table voice_flow_shipped (
    id text primary key
);
insert into voice_flow_shipped (id)
select s.id from (
    select 'main' as id union all select 'after_hours' union all select 'menu' union all
    select 'order_query' union all select 'satisfaction' union all select 'direct'
) s where exists (select 1 from voice_flow);
