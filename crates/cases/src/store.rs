//! All SQL of the slice. A behaviour's file here runs its rule of [`crate::case`] in one transaction; the
//! common part of that is [`work`].

pub mod application;
pub mod calendar;
pub mod case;
pub mod catalogue;
pub mod catalogue_choice;
pub mod catalogue_trial;
pub mod category;
pub mod citizen;
pub mod creation;
pub mod deadline;
pub mod dispatch;
pub mod errand;
pub mod figures;
pub mod flow;
pub mod flow_draft;
pub mod flow_migration;
pub mod list;
pub mod number;
pub mod overview;
pub mod rating;
pub mod recording;
pub mod run;
pub mod scope;
pub mod side_work;
pub mod task;
pub mod timeline;
pub mod timer;
pub mod work;

mod acceptance;
mod amendment;
pub mod assignment;
mod closure;
mod ending;
mod extension;
mod feedback;
mod note;
mod objection;
mod result_review;
mod return_visit;
mod review;
mod sending_back;
mod supervision;
pub mod urge;
