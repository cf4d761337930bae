//! What is counted of orders and their steps.

use super::{How, Measure, Unit, measure};

const SETTLED: &str = "status in ('approved', 'closed_at_once', 'archived')";
const OPEN: &str = "status not in ('approved', 'closed_at_once', 'archived', 'not_accepted', 'voided', 'merged')";
const HANDLED: &str = "settled_at is not null";
const HANDLE_HOURS: &str = "(settled_at - at) / 3600000.0";

/// Measures of orders and steps.
pub const MEASURES: &[Measure] = &[
    measure("created", "orders", ("受理量", "Orders"), ("统计期内登记的全部工单。", "All orders written in the period."), Unit::Count, How::Count("true")),
    measure("settled", "orders", ("办结量", "Settled"), ("审核完毕、即时办结、已归档的工单。", "Orders approved, answered at once or archived."), Unit::Count, How::Count(SETTLED)),
    measure("open", "orders", ("在办量", "Open"), ("尚未办结，且未作不予受理、废弃、并单处理的工单。", "Orders that are neither settled nor ended early."), Unit::Count, How::Count(OPEN)),
    measure("ended", "orders", ("不予受理、废弃、并单", "Ended early"), ("不予受理、废弃或并入其他工单的工单。", "Orders not accepted, voided or merged."), Unit::Count, How::Count("status in ('not_accepted', 'voided', 'merged')")),
    measure("at_once", "orders", ("即时办结量", "Answered at once"), ("未转派单位、由中心直接答复办结的工单。", "Orders settled by the centre without a unit."), Unit::Count, How::Count("status in ('approved', 'closed_at_once', 'archived') and dispatched_at is null")),
    measure("by_unit", "orders", ("单位办结量", "Settled by units"), ("转派单位后办结的工单。", "Orders settled after a unit got them."), Unit::Count, How::Count("status in ('approved', 'closed_at_once', 'archived') and dispatched_at is not null")),
    measure("dispatched", "orders", ("派单量", "Dispatched"), ("转派给承办单位的工单。", "Orders given to a unit."), Unit::Count, How::Count("dispatched_at is not null")),
    measure("settle_rate", "orders", ("办结率", "Settled, share"), ("办结量 ÷ 受理量（不含不予受理、废弃、并单）。", "Settled of all that were not ended early."), Unit::Share, How::Share(SETTLED, "status not in ('not_accepted', 'voided', 'merged')")),
    measure("overdue", "orders", ("超期在办量", "Overdue now"), ("运行中的时限此刻已经超过的工单。", "Orders whose running limit has passed by now."), Unit::Count, How::Count("due_at < {now}")),
    measure("judged", "orders", ("考核件数", "Judged"), ("已有办理结果、且未剔除考核的工单。", "Orders with a result that were not struck out."), Unit::Count, How::Count("struck_out = 0 and in_time is not null")),
    measure("on_time_rate", "orders", ("按时办结率", "On time"), ("办理时限内完成 ÷ 考核件数；已剔除的不计。", "Results within the limit of all judged; struck-out orders don't count."), Unit::Share, How::Share("in_time = 1", "struck_out = 0 and in_time is not null")),
    measure("response_rate", "orders", ("按时签收率", "Accepted in time"), ("签收时限内签收 ÷ 有签收时限且已签收或已超时的工单；已剔除的不计。", "Accepted within the limit of all with such a limit that were accepted or missed it; struck-out orders don't count."), Unit::Share, How::Share("accepted_at <= accept_due_at", "struck_out = 0 and accept_due_at is not null and (accepted_at is not null or accept_due_at < {now})")),
    measure("visited", "orders", ("回访量", "Visited"), ("至少回访过一次的工单。", "Orders with at least one return visit."), Unit::Count, How::Count("visits > 0")),
    measure("visit_rate", "orders", ("回访率", "Visited, share"), ("已回访 ÷ 单位办结量。", "Visited of those settled by units."), Unit::Share, How::Share("visits > 0", "status in ('approved', 'closed_at_once', 'archived') and dispatched_at is not null")),
    measure("rated", "orders", ("评价量", "Rated"), ("市民已评价、且未剔除的工单。", "Rated orders that were not struck out."), Unit::Count, How::Count("struck_out = 0 and stars is not null")),
    measure("satisfied", "orders", ("满意量", "Satisfied"), ("评价三星及以上、且未剔除的工单。", "Three stars or more, not struck out."), Unit::Count, How::Count("struck_out = 0 and stars > 2")),
    measure("satisfaction_rate", "orders", ("满意率", "Satisfied, share"), ("满意量 ÷ 评价量。", "Satisfied of all rated."), Unit::Share, How::Share("stars > 2", "struck_out = 0 and stars is not null")),
    measure("stars_mean", "orders", ("平均星级", "Mean stars"), ("市民评价星级的平均值；已剔除的不计。", "Mean of the stars; struck-out orders don't count."), Unit::Stars, How::Mean("stars", "struck_out = 0 and stars is not null")),
    measure("reopened", "orders", ("重办量", "Taken up again"), ("办结后重新办理的工单。", "Orders taken up again after they were settled."), Unit::Count, How::Count("reopened > 0")),
    measure("reopened_rate", "orders", ("重办率", "Taken up again, share"), ("重办量 ÷ 办结过的工单。", "Of all that were settled once."), Unit::Share, How::Share("reopened > 0", "settled_at is not null or reopened > 0")),
    measure("extended", "orders", ("延期量", "Extended"), ("批准延期的工单。", "Orders with more working days granted."), Unit::Count, How::Count("extended_days > 0")),
    measure("struck_out", "orders", ("剔除量", "Struck out"), ("经批准不计入单位考核的工单。", "Orders that don't count for their unit."), Unit::Count, How::Count("struck_out = 1")),
    measure("citizens", "orders", ("诉求人数", "Citizens"), ("不同市民的人数（按服务对象去重）。", "Different citizens."), Unit::Count, How::Distinct("citizen")),
    measure("accept_hours", "orders", ("平均签收时长", "Mean time to accept"), ("派单到签收的平均小时数（自然时间）。", "Hours from dispatch to acceptance."), Unit::Hours, How::Mean("(accepted_at - dispatched_at) / 3600000.0", "accepted_at >= dispatched_at")),
    measure("handle_hours", "orders", ("平均办理时长", "Mean time to settle"), ("登记到办结的平均小时数（自然时间）。", "Hours from writing to settlement."), Unit::Hours, How::Mean(HANDLE_HOURS, HANDLED)),
    measure("handle_median", "orders", ("办理时长中位数", "Median time to settle"), ("一半工单在此小时数内办结。", "Half of the orders were settled within it."), Unit::Hours, How::Quantile(HANDLE_HOURS, HANDLED, 0.5)),
    measure("handle_q1", "orders", ("办理时长下四分位", "Lower quartile"), ("四分之一工单在此小时数内办结。", "A quarter of the orders were settled within it."), Unit::Hours, How::Quantile(HANDLE_HOURS, HANDLED, 0.25)),
    measure("handle_q3", "orders", ("办理时长上四分位", "Upper quartile"), ("四分之三工单在此小时数内办结。", "Three quarters of the orders were settled within it."), Unit::Hours, How::Quantile(HANDLE_HOURS, HANDLED, 0.75)),
    measure("handle_p90", "orders", ("办理时长 90 分位", "90th percentile"), ("九成工单在此小时数内办结。", "Nine of ten orders were settled within it."), Unit::Hours, How::Quantile(HANDLE_HOURS, HANDLED, 0.9)),
    measure("handle_deviation", "orders", ("办理时长标准差", "Standard deviation"), ("办理时长的离散程度。", "How far the times are from their mean."), Unit::Hours, How::Deviation(HANDLE_HOURS, HANDLED)),
    measure("handle_min", "orders", ("最短办理时长", "Shortest"), ("最快办结所用小时数。", "The fastest settlement."), Unit::Hours, How::Min(HANDLE_HOURS, HANDLED)),
    measure("handle_max", "orders", ("最长办理时长", "Longest"), ("最慢办结所用小时数。", "The slowest settlement."), Unit::Hours, How::Max(HANDLE_HOURS, HANDLED)),
    measure("steps", "steps", ("环节数", "Steps"), ("统计期内开始的办理环节。", "Steps that began in the period."), Unit::Count, How::Count("true")),
    measure("steps_done", "steps", ("已办环节", "Done"), ("已经办理的环节。", "Steps that were done."), Unit::Count, How::Count("state = 'done'")),
    measure("steps_open", "steps", ("在办环节", "Open"), ("尚未办理的环节。", "Steps that are open."), Unit::Count, How::Count("state = 'open'")),
    measure("steps_cancelled", "steps", ("取消环节", "Cancelled"), ("不再需要办理的环节。", "Steps that are no longer needed."), Unit::Count, How::Count("state = 'cancelled'")),
    measure("steps_in_time", "steps", ("环节按时率", "In time"), ("时限内办理 ÷ 有时限的已办环节。", "Within the limit of all done that had one."), Unit::Share, How::Share("closed_at <= due_at", "state = 'done' and due_at is not null")),
    measure("step_hours", "steps", ("环节平均时长", "Mean time"), ("环节开始到办理的平均小时数（自然时间）。", "Hours from its beginning until it was done."), Unit::Hours, How::Mean("(closed_at - at) / 3600000.0", "state = 'done'")),
    measure("step_p90", "steps", ("环节时长 90 分位", "90th percentile"), ("九成环节在此小时数内办理。", "Nine of ten were done within it."), Unit::Hours, How::Quantile("(closed_at - at) / 3600000.0", "state = 'done'", 0.9)),
];
