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
