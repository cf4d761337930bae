create table knowledge_entry (
  id text primary key,
  number text not null,
  unit_id text not null,
  unit_path text not null,
  region text not null,
  business text not null,
  kind text not null,
  title text not null,
  state text not null,
  work text not null,
  published_no bigint,
  work_no bigint,
  last_no bigint not null,
  stage bigint not null,
  stages bigint not null,
  publisher text not null,
  published_at bigint,
  valid_from bigint,
  expires_at bigint,
  review_due_at bigint,
  public bigint not null,
  views bigint not null,
  last_viewed_at bigint,
  created_at bigint not null,
  created_by text not null,
  updated_at bigint not null,
  version bigint not null
);
create unique index knowledge_entry_number on knowledge_entry (number);
create index knowledge_entry_updated on knowledge_entry (updated_at, id);
create index knowledge_entry_state on knowledge_entry (state, business, published_at, id);
create index knowledge_entry_work on knowledge_entry (work, updated_at) where work <> '';
create index knowledge_entry_expiry on knowledge_entry (expires_at) where expires_at is not null;
create index knowledge_entry_due on knowledge_entry (review_due_at) where review_due_at is not null;
create index knowledge_entry_path on knowledge_entry (unit_path, updated_at);
create table knowledge_version (
  entry_id text not null,
  no bigint not null,
  content text not null,
  authors text not null,
  author_name text not null,
  saved_at bigint not null,
  submitted_at bigint,
  published_at bigint,
  primary key (entry_id, no)
);
create table knowledge_answer (
  id text primary key,
  entry_id text not null,
  number text not null,
  views bigint not null,
  last_viewed_at bigint
);
create index knowledge_answer_entry on knowledge_answer (entry_id);
create table knowledge_decision (
  id text primary key,
  entry_id text not null,
  no bigint not null,
  round bigint not null,
  stage bigint not null,
  passed bigint not null,
  opinion text not null,
  person_id text not null,
  person_name text not null,
  at bigint not null
);
create index knowledge_decision_entry on knowledge_decision (entry_id, no);
create table knowledge_change (
  id text primary key,
  entry_id text not null,
  at bigint not null,
  person_id text not null,
  person_name text not null,
  action text not null,
  note text not null
);
create index knowledge_change_entry on knowledge_change (entry_id, id);
create table knowledge_link (
  from_id text not null,
  to_id text not null,
  primary key (from_id, to_id)
);
create index knowledge_link_to on knowledge_link (to_id);
create table knowledge_file (
  id text primary key,
  name text not null,
  media_type text not null,
  size_bytes bigint not null,
  blob_name text not null,
  body text not null,
  body_state text not null,
  created_by text not null,
  created_at bigint not null
);
create table knowledge_file_use (
  file_id text not null,
  entry_id text not null,
  public bigint not null,
  primary key (file_id, entry_id)
);
create index knowledge_file_use_entry on knowledge_file_use (entry_id);
create table knowledge_class (
  kind text not null,
  code text not null,
  parent_code text,
  name text not null,
  sort bigint not null,
  active bigint not null,
  version bigint not null,
  primary key (kind, code)
);
create table knowledge_stage (
  region text primary key,
  stages bigint not null,
  version bigint not null
);
create table knowledge_word (
  id text primary key,
  kind text not null,
  text text not null,
  created_by text not null,
  created_at bigint not null
);
create unique index knowledge_word_text on knowledge_word (kind, text);
create table knowledge_counter (
  name text primary key,
  value bigint not null
);
create table knowledge_use (
  day text not null,
  person_id text not null,
  entry_id text not null,
  reads bigint not null,
  uses bigint not null,
  last_at bigint not null,
  primary key (person_id, day, entry_id)
);
create index knowledge_use_trail on knowledge_use (person_id, last_at);
create table knowledge_favourite (
  person_id text not null,
  entry_id text not null,
  at bigint not null,
  primary key (person_id, entry_id)
);
create table knowledge_report (
  id text primary key,
  entry_id text not null,
  answer_id text,
  unit_id text not null,
  unit_path text not null,
  source text not null,
  text text not null,
  person_id text not null,
  person_name text not null,
  at bigint not null,
  state text not null,
  reply text not null,
  closed_by text not null,
  closed_at bigint
);
create index knowledge_report_open on knowledge_report (state, at, id);
create index knowledge_report_entry on knowledge_report (entry_id, at);
create table knowledge_opinion (
  entry_id text primary key,
  helpful bigint not null,
  unhelpful bigint not null
);
