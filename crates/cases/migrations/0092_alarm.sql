-- Alarms of missed limits, which somebody has to acknowledge; until then they go from level to level.
create table cases_alarm (
  id text primary key,
  case_id text not null references cases_case (id),
  limit_name text not null,
  due_at bigint not null,
  unit_id text,
  unit_path text,
  person_id text,
  level bigint not null,
  state text not null,
  next_at bigint,
  acknowledged_by text,
  acknowledged_by_name text,
  acknowledged_at bigint,
  note text,
  raised_at bigint not null
);
create index cases_alarm_state on cases_alarm (state, id);
create index cases_alarm_next on cases_alarm (next_at) where next_at is not null;
create index cases_alarm_case on cases_alarm (case_id);
