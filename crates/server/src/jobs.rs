//! Housekeeping of the kernel.

use std::time::Duration;

use kernel::{Job, Kit};

/// Returns the jobs that belong to no slice.
pub(crate) fn jobs(kit: &Kit) -> Vec<Job> {
    let kit = kit.clone();
    vec![Job::every("kernel.forget_answers", Duration::from_secs(3600), move || {
        let kit = kit.clone();
        async move { Ok(kernel::http::forget_old_answers(&kit).await?) }
    })]
}
