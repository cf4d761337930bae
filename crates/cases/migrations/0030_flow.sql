alter table cases_flow add column title text;
alter table cases_flow add column note text;
create table cases_flow_draft (
  id text primary key,
  name text not null,
  title text not null,
  xml text not null,
  base_id text,
  version bigint not null,
  updated_at bigint not null,
  updated_by text not null
);
create index cases_flow_draft_name on cases_flow_draft (name);
create table cases_flow_rule (
  ordinal bigint primary key,
  type text,
  category_id text,
  flow_name text not null
);
create index cases_case_flow on cases_case (flow_id, id) where archived_at is null;
