//! SQL of the slice.

pub mod design;
pub mod evaluation;
pub mod subscription;
pub mod subscription_run;
pub mod wall;
pub mod warning;
pub mod warning_list;
pub mod warning_rule;
