create table cases_file (
  digest text primary key,
  blob text not null,
  media_type text not null,
  size_bytes bigint not null,
  touched_at bigint not null
);
create index cases_file_touched on cases_file (touched_at);
create table cases_attachment (
  id text primary key,
  case_id text not null,
  step text not null,
  entry_id text,
  upload_id text,
  digest text not null,
  thumb_digest text,
  name text not null,
  media_type text not null,
  kind text not null,
  size_bytes bigint not null,
  from_citizen bigint not null,
  lng double precision,
  lat double precision,
  by_id text not null,
  by_name text not null,
  uploaded_at bigint not null
);
create index cases_attachment_case on cases_attachment (case_id, uploaded_at);
create index cases_attachment_upload on cases_attachment (upload_id) where upload_id is not null;
create index cases_attachment_digest on cases_attachment (digest);
create index cases_attachment_thumb on cases_attachment (thumb_digest) where thumb_digest is not null;
create index cases_attachment_pending on cases_attachment (uploaded_at) where entry_id is null;
create table cases_upload (
  id text primary key,
  opened_at bigint not null,
  expires_at bigint not null,
  ip text
);
create index cases_upload_expires on cases_upload (expires_at);
