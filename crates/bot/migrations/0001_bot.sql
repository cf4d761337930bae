create table bot_model (
  id text primary key,
  created_at bigint not null,
  created_by text not null,
  orders bigint not null,
  scores text not null,
  file text not null,
  note text not null
);
create index bot_model_created on bot_model (created_at);
create table bot_setting (
  name text primary key,
  value text not null,
  version bigint not null
);
create table bot_choice (
  id text primary key,
  at bigint not null,
  person_id text not null,
  case_id text,
  model_id text,
  field text not null,
  suggested text not null,
  chosen text not null,
  origin text not null,
  confidence double precision,
  accepted bigint not null
);
create index bot_choice_at on bot_choice (at);
create index bot_choice_case on bot_choice (case_id) where case_id is not null;
create table bot_dismissal (
  one_id text not null,
  other_id text not null,
  at bigint not null,
  person_id text not null,
  primary key (one_id, other_id)
);
create table bot_chat (
  id text primary key,
  token_digest text not null,
  lang text not null,
  state text not null,
  dialogue text not null,
  name text not null,
  phone text,
  case_number text,
  agent_id text,
  agent_name text,
  reason text not null,
  asked_at bigint,
  answered_at bigint,
  started_at bigint not null,
  updated_at bigint not null,
  ended_at bigint,
  ended_by text,
  stars bigint,
  comment text not null,
  last_no bigint not null,
  version bigint not null
);
create index bot_chat_state on bot_chat (state, updated_at);
create index bot_chat_started on bot_chat (started_at, id);
create index bot_chat_agent on bot_chat (agent_id, started_at) where agent_id is not null;
create table bot_message (
  chat_id text not null,
  no bigint not null,
  at bigint not null,
  speaker text not null,
  name text not null,
  text text not null,
  extra text not null,
  helpful bigint,
  primary key (chat_id, no)
);
create table bot_question (
  id text primary key,
  folded text not null,
  text text not null,
  reason text not null,
  state text not null,
  times bigint not null,
  first_at bigint not null,
  last_at bigint not null,
  chat_id text,
  answer text not null,
  entry_id text,
  changed_by text not null
);
create unique index bot_question_folded on bot_question (folded);
create index bot_question_state on bot_question (state, last_at);
create table bot_teaching (
  id text primary key,
  question text not null,
  entry_id text not null,
  title text not null,
  created_at bigint not null,
  created_by text not null,
  from_version bigint,
  to_version bigint
);
create table bot_trial (
  id text primary key,
  question text not null,
  entry_id text,
  title text not null,
  created_at bigint not null,
  created_by text not null
);
create table bot_publication (
  version bigint primary key,
  at bigint not null,
  by_name text not null,
  trials bigint not null,
  right_before bigint not null,
  right_after bigint not null
)
