//! SQL of the slice.

pub mod callbacks;
pub mod callflow;
pub mod calls;
pub mod campaign_calls;
pub mod campaign_targets;
pub mod campaigns;
pub mod downloads;
pub mod emergencies;
pub mod facts;
pub mod figures;
pub mod flow_counts;
pub mod flow_tables;
pub mod messages;
pub mod missed;
pub mod numbers;
pub mod phone_book;
pub mod phrases;
pub mod prompts;
pub mod queues;
pub mod record;
pub mod recordings;
pub mod summaries;
pub mod surveys;
pub mod telephones;
pub mod visits;
pub mod whatif;
