alter table voice_message_pin add column failures bigint not null default 0;
