create table cases_application (
  id text primary key,
  case_id text not null,
  kind text not null,
  state text not null,
  decider text not null,
  reason text not null,
  data text not null,
  unit_id text,
  unit_path text,
  asked_by text,
  asked_by_name text not null,
  asked_at bigint not null,
  decided_by text,
  decided_by_name text,
  decided_at bigint,
  opinion text
);
create index cases_application_case on cases_application (case_id, asked_at);
create index cases_application_unit on cases_application (unit_id, asked_at);
create table cases_errand (
  id text primary key,
  case_id text not null,
  kind text not null,
  state text not null,
  round text,
  unit_id text,
  unit_path text,
  person_id text,
  text text not null,
  data text not null,
  given_by text,
  given_by_name text not null,
  given_at bigint not null,
  days bigint,
  yellow_at bigint,
  due_at bigint,
  reported_at bigint,
  answer text,
  answered_at bigint,
  answered_by_name text,
  grade text,
  evaluation text,
  evaluated_at bigint,
  evaluated_by_name text
);
create index cases_errand_case on cases_errand (case_id, given_at);
create index cases_errand_unit on cases_errand (unit_id, given_at);
create index cases_errand_person on cases_errand (person_id, given_at);
alter table cases_task add column subject text;
alter table cases_deadline add column extended_days bigint not null default 0;
alter table cases_deadline add column paused_at bigint;
alter table cases_deadline add column pauses text;
alter table cases_case add column standing text not null default '{}';
alter table cases_case add column main_id text;
alter table cases_case add column struck_out bigint not null default 0;
alter table cases_case add column first_unit_id text;
create index cases_case_main on cases_case (main_id) where main_id is not null;
