alter table bot_chat add column call_id text;
create index bot_chat_call on bot_chat (call_id) where call_id is not null;
