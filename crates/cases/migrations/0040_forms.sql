create table cases_form (
  id text primary key,
  name text not null,
  version bigint not null,
  digest text not null,
  title_zh text not null,
  title_en text not null,
  form text not null,
  active bigint not null,
  note text not null,
  published_at bigint not null,
  published_by text not null,
  fault text,
  fault_at bigint
);
create unique index cases_form_version on cases_form (name, version);
create table cases_form_draft (
  id text primary key,
  name text not null,
  title text not null,
  form text not null,
  base_id text,
  version bigint not null,
  updated_at bigint not null,
  updated_by text not null
);
create unique index cases_form_draft_name on cases_form_draft (name);
create table cases_order_type (
  id text primary key,
  zh text not null,
  en text not null,
  type text not null,
  category_id text,
  form_name text,
  flow_name text,
  for_citizens bigint not null,
  active bigint not null,
  ordinal bigint not null,
  templates text not null,
  version bigint not null,
  updated_at bigint not null,
  updated_by text not null
);
create table cases_form_answer (
  case_id text not null,
  form_name text not null,
  form_id text not null,
  answers text not null,
  updated_at bigint not null,
  updated_by text not null,
  primary key (case_id, form_name)
);
create index cases_form_answer_form on cases_form_answer (form_id);
alter table cases_case add column order_type_id text;
alter table cases_case add column form_text text;
create index cases_case_order_type on cases_case (order_type_id, created_at) where order_type_id is not null;
