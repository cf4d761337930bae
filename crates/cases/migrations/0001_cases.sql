create table cases_category (
  id text primary key,
  parent_id text,
  code text not null,
  name text not null,
  type text,
  unit_code text,
  level bigint not null,
  path text not null,
  path_name text not null,
  ordinal bigint not null,
  active bigint not null,
  version bigint not null
);
create unique index cases_category_code on cases_category (code);
create table cases_flow (
  id text primary key,
  name text not null,
  version bigint not null,
  digest text not null,
  xml text not null,
  active bigint not null,
  published_at bigint not null,
  published_by text not null
);
create unique index cases_flow_version on cases_flow (name, version);
create table cases_number (
  day text primary key,
  next bigint not null
);
create table cases_case (
  id text primary key,
  number text not null,
  query_code text not null,
  type text not null,
  category_id text,
  title text not null,
  content text not null,
  contact_id text,
  contact_name text not null,
  contact_phone text,
  contact_gender text,
  confidential bigint not null,
  district text,
  address text,
  lng double precision,
  lat double precision,
  call_id text,
  source text not null,
  urgency text not null,
  status text not null,
  preliminary_opinion text,
  answer text,
  unit_id text,
  unit_path text,
  person_id text,
  created_by text,
  created_by_name text not null,
  created_unit_id text,
  created_unit_path text,
  created_at bigint not null,
  updated_at bigint not null,
  dispatched_at bigint,
  accepted_at bigint,
  handled_at bigint,
  settled_at bigint,
  archived_at bigint,
  in_time bigint,
  due_at bigint,
  yellow_at bigint,
  stars bigint,
  rated_by text,
  visits bigint not null,
  reopened bigint not null,
  version bigint not null,
  flow_id text not null,
  flow_state text not null,
  flow_version bigint not null
);
create unique index cases_case_number on cases_case (number);
create index cases_case_created on cases_case (created_at, id);
create index cases_case_status on cases_case (status, created_at);
create index cases_case_unit on cases_case (unit_id, created_at);
create index cases_case_due on cases_case (due_at) where due_at is not null;
create index cases_case_contact on cases_case (contact_id, created_at);
create index cases_case_call on cases_case (call_id) where call_id is not null;
create index cases_case_writer on cases_case (created_by, created_at);
create table cases_co_unit (
  case_id text not null,
  unit_id text not null,
  primary key (case_id, unit_id)
);
create index cases_co_unit_unit on cases_co_unit (unit_id);
create table cases_task (
  id text primary key,
  case_id text not null,
  token text,
  step text not null,
  capability text not null,
  unit_id text,
  unit_path text,
  person_id text,
  state text not null,
  opened_at bigint not null,
  closed_at bigint,
  closed_by text,
  due_at bigint,
  yellow_at bigint
);
create index cases_task_case on cases_task (case_id, state);
create index cases_task_unit on cases_task (unit_id, opened_at) where state = 'open';
create index cases_task_person on cases_task (person_id, opened_at) where state = 'open';
create index cases_task_queue on cases_task (capability, opened_at) where state = 'open';
create index cases_task_closed_by on cases_task (closed_by, closed_at) where closed_by is not null;
create table cases_deadline (
  id text primary key,
  case_id text not null,
  name text not null,
  days bigint not null,
  start_at bigint not null,
  yellow_at bigint not null,
  due_at bigint not null,
  state text not null,
  ended_at bigint,
  derivation text not null
);
create index cases_deadline_case on cases_deadline (case_id, start_at);
create index cases_deadline_open on cases_deadline (due_at) where state = 'open';
create table cases_timer (
  id text primary key,
  case_id text not null,
  kind text not null,
  subject text not null,
  fire_at bigint not null,
  state text not null
);
create index cases_timer_waiting on cases_timer (fire_at) where state = 'waiting';
create index cases_timer_subject on cases_timer (subject);
create table cases_timeline (
  id text primary key,
  case_id text not null,
  at bigint not null,
  kind text not null,
  actor_kind text not null,
  actor_id text not null,
  actor_name text not null,
  unit_id text,
  text text,
  data text not null
);
create index cases_timeline_case on cases_timeline (case_id, at);
create table cases_closure (
  id text primary key,
  case_id text not null,
  reason text not null,
  closed_at bigint not null,
  closed_by text not null,
  reopened_at bigint,
  reopened_by text,
  reopen_reason text
);
create index cases_closure_case on cases_closure (case_id, closed_at);
create table cases_rating (
  id text primary key,
  case_id text not null,
  stars bigint not null,
  comment text not null,
  source text not null,
  unit_id text,
  given_at bigint not null,
  given_by text not null,
  state text not null,
  opinion text,
  followed_up_at bigint,
  followed_up_by text,
  reopened bigint not null
);
create index cases_rating_case on cases_rating (case_id, given_at);
create index cases_rating_open on cases_rating (given_at) where state = 'open';
create table cases_recording (
  recording_id text not null,
  case_id text not null,
  call_id text not null,
  duration_ms bigint not null,
  bound_at bigint not null,
  primary key (recording_id, case_id)
);
create index cases_recording_case on cases_recording (case_id);
create index cases_recording_call on cases_recording (call_id);
create table cases_calendar_day (
  date text primary key,
  kind text not null,
  name text not null,
  updated_at bigint not null,
  updated_by text not null
);
