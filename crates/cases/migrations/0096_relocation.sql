create table cases_relocation (
  unit_id text primary key,
  noted_at bigint not null,
  next_at bigint not null
);
create index cases_alarm_unit on cases_alarm (unit_id);
