//! The slice's addresses. Handlers read the request, call one function of [`crate::store`], and show the
//! result; what is allowed is decided there.

mod acceptance;
mod alarms;
mod amendment;
mod assignment;
mod attachment;
mod bulk;
mod bulk_runs;
mod calendar;
mod case_form;
mod catalogue;
mod catalogue_rows;
mod categories;
mod closure;
mod co_handling;
mod commitments;
mod creation;
mod detail;
mod discoveries;
mod dispatch;
mod documents;
mod ending;
mod exchanges;
mod extension;
mod external_link;
mod feedback;
mod flow_drafts;
mod flow_migrations;
mod flow_trials;
mod flows;
mod form_drafts;
mod forms;
mod limit_rules;
mod list;
mod note;
mod objection;
mod old_orders;
mod operation;
mod order_types;
mod overview;
mod position;
mod publication;
mod ratings;
mod redo;
mod reply;
mod rerouting;
mod result_review;
mod return_visit;
mod review;
mod runs;
mod saved_queries;
mod sending_back;
mod side_view;
mod succession;
mod supervision;
mod task_view;
mod tasks;
mod urge;
mod view;

pub(crate) use view::secret;

use utoipa_axum::router::OpenApiRouter;

use crate::Cases;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(cases: Cases) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(creation::routes())
        .merge(list::routes())
        .merge(detail::routes())
        .merge(amendment::routes())
        .merge(review::routes())
        .merge(dispatch::routes())
        .merge(discoveries::routes())
        .merge(exchanges::routes())
        .merge(acceptance::routes())
        .merge(sending_back::routes())
        .merge(assignment::routes())
        .merge(feedback::routes())
        .merge(result_review::routes())
        .merge(return_visit::routes())
        .merge(closure::routes())
        .merge(note::routes())
        .merge(attachment::routes())
        .merge(documents::routes())
        .merge(position::routes())
        .merge(publication::routes())
        .merge(commitments::routes())
        .merge(urge::routes())
        .merge(alarms::routes())
        .merge(extension::routes())
        .merge(ending::routes())
        .merge(objection::routes())
        .merge(succession::routes())
        .merge(supervision::routes())
        .merge(co_handling::routes())
        .merge(rerouting::routes())
        .merge(redo::routes())
        .merge(reply::routes())
        .merge(external_link::routes())
        .merge(tasks::routes())
        .merge(ratings::routes())
        .merge(overview::routes())
        .merge(categories::routes())
        .merge(catalogue::routes())
        .merge(catalogue_rows::routes())
        .merge(runs::routes())
        .merge(old_orders::routes())
        .merge(limit_rules::routes())
        .merge(saved_queries::routes())
        .merge(flows::routes())
        .merge(flow_drafts::routes())
        .merge(flow_trials::routes())
        .merge(flow_migrations::routes())
        .merge(forms::routes())
        .merge(form_drafts::routes())
        .merge(order_types::routes())
        .merge(case_form::routes())
        .merge(bulk::routes())
        .merge(bulk_runs::routes())
        .merge(calendar::routes())
        .with_state(cases)
}
