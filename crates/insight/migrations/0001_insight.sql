create table insight_design (
  id text primary key,
  owner_id text not null,
  owner_name text not null,
  report text not null,
  name text not null,
  query text not null,
  shared bigint not null,
  version bigint not null,
  made_at bigint not null
);
create index insight_design_owner on insight_design (owner_id, name);
create index insight_design_shared on insight_design (name) where shared = 1;
create table insight_closing (
  month text not null,
  unit_id text not null,
  unit_name text not null,
  figures text not null,
  primary key (month, unit_id)
);
create table insight_closed_month (
  month text primary key,
  weights text not null,
  closed_at bigint not null,
  closed_by text not null,
  closed_by_name text not null
);
create table insight_weights (
  id text primary key,
  weights text not null,
  version bigint not null,
  changed_at bigint not null,
  changed_by text not null
);
create table insight_wall (
  id text primary key,
  owner_id text not null,
  owner_name text not null,
  name text not null,
  layout text not null,
  shared bigint not null,
  version bigint not null,
  made_at bigint not null
);
create index insight_wall_owner on insight_wall (owner_id, name);
create table insight_warning (
  id text primary key,
  kind text not null,
  subject text not null,
  subject_name text not null,
  first_at bigint not null,
  last_at bigint not null,
  count bigint not null,
  expected double precision not null,
  chance double precision not null,
  cases text not null,
  state text not null,
  verdict text,
  owner_id text,
  owner_name text,
  taken_at bigint,
  ended_at bigint,
  note text,
  version bigint not null
);
create unique index insight_warning_open on insight_warning (kind, subject) where state <> 'ended';
create index insight_warning_last on insight_warning (last_at, id);
create table insight_risk_word (
  word text primary key,
  topic text not null,
  active bigint not null,
  changed_at bigint not null,
  changed_by text not null
);
