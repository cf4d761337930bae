//! The reports that everybody finds in the list.

use super::{Report, Words};

const CALLS: Words = ("话务", "Calls");
const AGENTS: Words = ("话务员", "Agents");
const ORDERS: Words = ("工单", "Orders");
const UNITS: Words = ("承办单位", "Units");
const ANALYSIS: Words = ("分析", "Analysis");
const CITIZENS: Words = ("市民信息资源", "Citizens");
const FREE: Words = ("自助分析", "Free analysis");

#[expect(clippy::too_many_arguments, reason = "a row of the catalogue")]
const fn report(
    id: &'static str,
    group: Words,
    title: Words,
    about: Words,
    table: &'static str,
    by: &'static [&'static str],
    measures: &'static [&'static str],
    chart: &'static str,
) -> Report {
    Report { id, group, title, about, table, axis: "at", only: None, by, measures, chart }
}

/// All reports, in the order of the list.
pub const REPORTS: &[Report] = &[
    report(
        "inbound",
        CALLS,
        ("来电量报表", "Inbound calls"),
        (
            "打入热线的全部来电，含自助服务后挂机和未接通的来电；不含外拨与内部通话。",
            "All calls to the hotline, also those that ended in self-service or unanswered; outbound and internal calls don't count.",
        ),
        "calls",
        &["day"],
        &["inbound", "answered", "unanswered", "callers"],
        "line",
    ),
    report(
        "answered",
        CALLS,
        ("接听量报表", "Answered calls"),
        (
            "由话务员接听的来电；接通率以进入人工队列的来电为分母。",
            "Inbound calls that an agent answered; the share is of those that joined a queue.",
        ),
        "calls",
        &["day"],
        &["inbound", "queued", "answered", "abandoned", "connection_rate", "in_time_rate"],
        "line",
    ),
    report(
        "outbound",
        CALLS,
        ("外拨量报表", "Outbound calls"),
        (
            "话务员外拨的通话，含回访与回拨；不含内部通话。",
            "Calls that agents dialled, also return visits; internal calls don't count.",
        ),
        "calls",
        &["day"],
        &["outbound", "outbound_rate", "talk_out_hours", "talk_mean"],
        "line",
    ),
    report(
        "call-figures",
        CALLS,
        ("话务运行指标", "Call figures"),
        (
            "接入量、接通量、接通率、外拨、排队与等待时间；等待从进入人工队列算起。",
            "Offered, answered, share answered, outbound, queue and waiting times; waiting begins with the queue.",
        ),
        "calls",
        &["day"],
        &[
            "inbound",
            "queued",
            "answered",
            "abandoned",
            "connection_rate",
            "in_time_rate",
            "outbound",
            "wait_mean",
            "wait_p90",
            "wait_max",
            "talk_mean",
        ],
        "line",
    ),
    report(
        "time-of-day",
        CALLS,
        ("来电时段分布", "Calls by time of day"),
        ("来电按星期与时段的分布。", "Inbound calls by day of the week and hour."),
        "calls",
        &["weekday", "hour_of_day"],
        &["inbound", "answered", "connection_rate"],
        "heat",
    ),
    report(
        "trunk",
        CALLS,
        ("中继报表", "Trunks"),
        ("各中继与网页入口的通话。", "Calls by trunk, and those from the page."),
        "calls",
        &["trunk"],
        &["calls", "inbound", "answered", "outbound", "internal", "talk_hours"],
        "bar",
    ),
    report(
        "queue",
        CALLS,
        ("队列业务报表", "Queues"),
        (
            "各队列的来电；来电经过多个队列时计入最后一个。",
            "Calls by queue; a call that waited in several counts for the last.",
        ),
        "calls",
        &["queue"],
        &["queued", "answered", "abandoned", "connection_rate", "wait_mean", "wait_max"],
        "bar",
    ),
    Report {
        only: Some("direction = 'in' and queues > 0"),
        ..report(
            "waits",
            CALLS,
            ("排队等待报表", "Waiting in queues"),
            (
                "各队列在各时段的等待：均值、90 分位与最长，排队中放弃的计入；来电经过多个队列时计入最后一个，等待从进入第一个队列算起。",
                "How long callers waited, by queue and hour of the day: mean, 90th percentile and longest, those who gave up among them. A call that waited in several queues counts for the last, its wait from the first on.",
            ),
            "calls",
            &["queue", "hour_of_day"],
            &["queued", "wait_mean", "wait_p90", "wait_max", "in_time_rate", "abandoned"],
            "heat",
        )
    },
    report(
        "line",
        CALLS,
        ("来电线路类型", "Callers' lines"),
        ("按手机、固定电话、网页区分的来电。", "Inbound calls by mobile, landline and web."),
        "calls",
        &["line"],
        &["inbound", "answered", "callers", "talk_mean"],
        "pie",
    ),
    report(
        "length",
        CALLS,
        ("通话时长分布", "Lengths of talks"),
        ("通话按时长段的分布。", "Calls by the length of the talk."),
        "calls",
        &["length"],
        &["calls", "inbound", "outbound", "talk_hours"],
        "bar",
    ),
    report(
        "call-kind",
        CALLS,
        ("来电类型（话后小结）", "What came of calls"),
        (
            "按话务员话后小结区分的通话，含骚扰、无声、误拨；未填写小结的单列。",
            "Calls by the agents' summaries, also nuisance and silent calls; those without a summary stand apart.",
        ),
        "calls",
        &["summary"],
        &["calls", "inbound", "talk_hours"],
        "pie",
    ),
    report(
        "keys",
        CALLS,
        ("按键报表", "Key presses"),
        (
            "来电人在各呼叫流程节点的按键次数，以整点小时计。",
            "Keys that callers pressed at the nodes of call flows, by full hours.",
        ),
        "keys",
        &["node", "key"],
        &["presses", "entered", "gone"],
        "bar",
    ),
    report(
        "call-satisfaction",
        CALLS,
        ("通话满意度与接通率", "Satisfaction with calls"),
        (
            "市民按键评价；满意为三星及以上。接通率以进入人工队列的来电为分母。",
            "The callers' ratings by key; three stars or more are satisfied. Answered is of those that joined a queue.",
        ),
        "calls",
        &["day"],
        &["queued", "answered", "connection_rate", "calls_rated", "calls_satisfied", "outbound_rate"],
        "line",
    ),
    report(
        "agent-work",
        AGENTS,
        ("话务员工作量", "Agents' work"),
        (
            "各话务员接听与外拨的通话；未接通的来电不属于任何话务员。",
            "Calls that agents answered and dialled; unanswered calls belong to nobody.",
        ),
        "calls",
        &["agent"],
        &[
            "answered",
            "outbound",
            "internal",
            "talk_in_hours",
            "talk_out_hours",
            "talk_mean",
            "talk_max",
            "calls_rated",
            "calls_satisfied",
        ],
        "bar",
    ),
    report(
        "agent-hours",
        AGENTS,
        ("话务员工作时长", "Agents' hours"),
        (
            "各话务员在座席各状态的时长；跨日的状态计入开始日；进行中的状态计到此刻。",
            "Hours in each state; a state over midnight counts for the day that it began; one that lasts counts up to now.",
        ),
        "seats",
        &["agent"],
        &[
            "signed_in_hours",
            "ready_hours",
            "ringing_hours",
            "on_call_hours",
            "wrap_up_hours",
            "not_ready_hours",
            "break_hours",
            "occupancy",
        ],
        "bar",
    ),
    report(
        "sign-ins",
        AGENTS,
        ("签入签出报表", "Sign-ins"),
        (
            "各话务员每日最早签入、最晚签出与签入次数。",
            "First sign-in, last sign-out and number of sign-ins, by agent and day.",
        ),
        "seats",
        &["agent", "day"],
        &["sittings", "first_in", "last_out", "signed_in_hours", "on_call_hours"],
        "bar",
    ),
    report(
        "seat",
        AGENTS,
        ("座席报表", "Seats"),
        ("各座席号的使用时长。", "Hours by seat."),
        "seats",
        &["seat"],
        &[
            "signed_in_hours",
            "ready_hours",
            "ringing_hours",
            "on_call_hours",
            "wrap_up_hours",
            "not_ready_hours",
            "break_hours",
            "sittings",
        ],
        "bar",
    ),
    report(
        "writer-work",
        AGENTS,
        ("工单登记工作量", "Orders by writer"),
        (
            "各登记人登记的工单；市民网上提交的没有登记人。",
            "Orders by who wrote them; those from the portal have no writer.",
        ),
        "orders",
        &["writer"],
        &["created", "at_once", "dispatched", "satisfaction_rate"],
        "bar",
    ),
    report(
        "compare-agents",
        AGENTS,
        ("话务员对比", "Agents compared"),
        ("各话务员在各月的通话。", "Calls by agent and month."),
        "calls",
        &["agent", "month"],
        &["answered", "outbound", "talk_hours", "talk_mean"],
        "bar",
    ),
    report(
        "orders",
        ORDERS,
        ("工单报表", "Orders"),
        ("统计期内登记的工单，状态以此刻为准。", "Orders written in the period, as they are now."),
        "orders",
        &["day"],
        &["created", "settled", "at_once", "by_unit", "open", "ended", "overdue"],
        "line",
    ),
    report(
        "category",
        ORDERS,
        ("业务分类报表", "Categories"),
        ("按事项大类与分类统计；未分类的单列。", "By category; those without one stand apart."),
        "orders",
        &["category_top", "category"],
        &["created", "settled", "open", "settle_rate", "satisfaction_rate"],
        "tree",
    ),
    report(
        "type",
        ORDERS,
        ("诉求类型报表", "Types"),
        (
            "按咨询、投诉、举报、求助、建议等类型统计。",
            "By type: enquiries, complaints, requests for help and so on.",
        ),
        "orders",
        &["type"],
        &["created", "settled", "open", "ended", "settle_rate", "satisfaction_rate"],
        "pie",
    ),
    report(
        "status",
        ORDERS,
        ("工单状态报表", "Statuses"),
        ("统计期内登记的工单此刻所处的状态。", "Where the orders of the period stand now."),
        "orders",
        &["status"],
        &["created", "overdue"],
        "pie",
    ),
    report(
        "light",
        ORDERS,
        ("红黄绿灯报表", "Lights"),
        ("统计期内登记的工单此刻的时限颜色。", "The colours of the limits now."),
        "orders",
        &["light"],
        &["created"],
        "pie",
    ),
    report(
        "occurrence",
        ORDERS,
        ("诉求发生时间报表", "When orders come"),
        ("工单登记的星期与时段。", "Orders by day of the week and hour."),
        "orders",
        &["weekday", "hour_of_day"],
        &["created", "citizens"],
        "heat",
    ),
    Report {
        axis: "settled_at",
        ..report(
            "completion",
            ORDERS,
            ("办结时间报表", "When orders are settled"),
            (
                "按办结时间统计，与登记时间无关；重新办理中的工单不计。",
                "By the time of settlement, whenever they were written; orders that were taken up again don't count.",
            ),
            "orders",
            &["day"],
            &["settled", "at_once", "by_unit", "handle_hours", "handle_median", "on_time_rate"],
            "line",
        )
    },
    report(
        "level",
        ORDERS,
        ("紧急程度报表", "Urgency"),
        ("按一般、紧急、特急统计。", "By how much they hurry."),
        "orders",
        &["urgency"],
        &["created", "settled", "open", "overdue", "accept_hours", "handle_hours", "on_time_rate"],
        "bar",
    ),
    report(
        "source",
        ORDERS,
        ("诉求来源报表", "Sources"),
        ("按电话、网站、工作人员等来源统计。", "By how they came."),
        "orders",
        &["source"],
        &["created", "settled", "at_once", "satisfaction_rate"],
        "pie",
    ),
    report(
        "district",
        ORDERS,
        ("区域报表", "Districts"),
        ("按事发区域统计；未填写区域的单列。", "By district; those without one stand apart."),
        "orders",
        &["district"],
        &["created", "settled", "open", "overdue", "on_time_rate", "satisfaction_rate"],
        "bar",
    ),
    report(
        "steps",
        ORDERS,
        ("环节时效报表", "Steps"),
        ("各办理环节的件数与用时（自然时间）。", "Steps with their times."),
        "steps",
        &["step"],
        &["steps", "steps_done", "steps_open", "steps_cancelled", "step_hours", "step_p90", "steps_in_time"],
        "bar",
    ),
    report(
        "unit",
        UNITS,
        ("承办单位办理情况", "Units"),
        (
            "按现承办单位统计登记于统计期内的工单；剔除考核的不计入率。",
            "By the unit in charge; struck-out orders don't count in shares.",
        ),
        "orders",
        &["unit"],
        &[
            "created",
            "settled",
            "open",
            "overdue",
            "accept_hours",
            "handle_hours",
            "on_time_rate",
            "satisfaction_rate",
            "reopened",
            "struck_out",
        ],
        "bar",
    ),
    report(
        "assessment",
        UNITS,
        ("考核指标", "Assessment"),
        (
            "时效性、办结率、回访率、满意度；剔除考核的不计入率。",
            "Timeliness, settled, visited, satisfied; struck-out orders don't count in shares.",
        ),
        "orders",
        &["unit"],
        &[
            "created",
            "response_rate",
            "on_time_rate",
            "settle_rate",
            "visit_rate",
            "satisfaction_rate",
            "stars_mean",
            "reopened_rate",
        ],
        "bar",
    ),
    report(
        "compare-units",
        UNITS,
        ("单位月度对比", "Units by month"),
        ("各承办单位在各月登记的工单。", "Units by month."),
        "orders",
        &["unit", "month"],
        &["created", "settled", "settle_rate", "on_time_rate", "satisfaction_rate"],
        "bar",
    ),
    report(
        "unit-steps",
        UNITS,
        ("单位环节时效", "Units' steps"),
        ("各单位在各环节的用时（自然时间）。", "Times of steps by unit."),
        "steps",
        &["unit", "step"],
        &["steps", "steps_done", "step_hours", "step_p90", "steps_in_time"],
        "bar",
    ),
    report(
        "hot",
        ANALYSIS,
        ("热点问题", "Hot matters"),
        (
            "按受理量从多到少排列的事项，累计占比看主次（帕累托）。",
            "Categories from the most frequent on, with their share so far.",
        ),
        "orders",
        &["category"],
        &["created", "citizens", "open", "settle_rate"],
        "pareto",
    ),
    report(
        "hard",
        ANALYSIS,
        ("难点问题", "Hard matters"),
        (
            "办结慢、超期多、重办多、满意率低的事项。",
            "Categories that take long, miss limits, come back or leave citizens dissatisfied.",
        ),
        "orders",
        &["category"],
        &[
            "handle_median",
            "created",
            "overdue",
            "on_time_rate",
            "reopened",
            "satisfaction_rate",
            "settle_rate",
        ],
        "bar",
    ),
    report(
        "hot-months",
        ANALYSIS,
        ("热点事项月度走势", "Hot matters by month"),
        (
            "各事项大类在各月的受理量与办结率，用于比较高峰月份与解决力度。",
            "Main categories by month: when they peaked and how well they were settled.",
        ),
        "orders",
        &["category_top", "month"],
        &["created", "settle_rate", "handle_median"],
        "heat",
    ),
    report(
        "risk",
        ANALYSIS,
        ("社会风险评估研判", "Risk by area over the years"),
        (
            "各区域历年的受理量、投诉举报、超期、重办与满意率，用于研判风险在何处积累；区间可选多年，可按事项大类细分。",
            "Orders, complaints, missed limits, orders that came back and satisfaction by district and year: where risk builds up. Choose several years; main categories may be added.",
        ),
        "orders",
        &["district", "year"],
        &["created", "overdue", "reopened", "settle_rate", "on_time_rate", "satisfaction_rate"],
        "heat",
    ),
    report(
        "control",
        ANALYSIS,
        ("日受理量控制图", "Control chart"),
        (
            "逐日受理量与均值、上下控制限（均值 ± 3 个标准差）。",
            "Orders by day with mean and limits of three standard deviations.",
        ),
        "orders",
        &["day"],
        &["created"],
        "control",
    ),
    report(
        "dispersion",
        ANALYSIS,
        ("办理时长离散程度", "Spread of times"),
        (
            "办理时长的均值、中位数、四分位与标准差；分位数为近似值。",
            "Mean, median, quartiles and deviation of the time to settle; quantiles are approximate.",
        ),
        "orders",
        &["unit"],
        &[
            "settled",
            "handle_hours",
            "handle_median",
            "handle_q1",
            "handle_q3",
            "handle_min",
            "handle_max",
            "handle_deviation",
            "handle_p90",
        ],
        "box",
    ),
    report(
        "free-orders",
        FREE,
        ("工单自助分析", "Orders, freely"),
        ("任选维度与指标分析工单。", "Orders by any dimensions and measures."),
        "orders",
        &["month"],
        &["created", "settled"],
        "bar",
    ),
    report(
        "free-calls",
        FREE,
        ("通话自助分析", "Calls, freely"),
        ("任选维度与指标分析通话。", "Calls by any dimensions and measures."),
        "calls",
        &["month"],
        &["inbound", "answered"],
        "bar",
    ),
    report(
        "citizens-trend",
        CITIZENS,
        ("诉求人群趋势", "Citizens over time"),
        (
            "各月有诉求的市民人数（按服务对象去重，不显示个人）与人均诉求件数；件数与人数之差来自重复反映。",
            "Different citizens with orders by month, none of them named, and orders per citizen: what is more than one comes from those who wrote again.",
        ),
        "orders",
        &["month"],
        &["citizens", "created", "per_citizen", "satisfaction_rate"],
        "line",
    ),
    report(
        "citizens-cycle",
        CITIZENS,
        ("诉求周期规律", "Cycles of demand"),
        (
            "一周各日、一天各时段有诉求的市民人数与件数，看市民在什么时候需要帮助。",
            "Citizens and orders by day of the week and hour: when people need help.",
        ),
        "orders",
        &["weekday", "hour_of_day"],
        &["created", "citizens"],
        "heat",
    ),
    report(
        "citizens-demand",
        CITIZENS,
        ("区域需求特征", "Demand by district"),
        (
            "各区域市民在各事项大类上的需求，人均诉求件数高的反映问题反复。",
            "What citizens of each district need, by main category; many orders per citizen tell of matters that come back.",
        ),
        "orders",
        &["district", "category_top"],
        &["created", "citizens", "per_citizen", "satisfaction_rate"],
        "heat",
    ),
    report(
        "citizens-channel",
        CITIZENS,
        ("渠道使用特征", "Channels"),
        (
            "市民通过哪些渠道、反映哪类诉求；同一市民使用多个渠道时在各渠道分别计一人。",
            "By which channels citizens bring which types; who used several counts once in each.",
        ),
        "orders",
        &["source", "type"],
        &["created", "citizens", "per_citizen"],
        "bar",
    ),
    report(
        "free-seats",
        FREE,
        ("座席自助分析", "Seats, freely"),
        ("任选维度与指标分析座席状态。", "States of seats by any dimensions and measures."),
        "seats",
        &["month"],
        &["signed_in_hours"],
        "bar",
    ),
    report(
        "free-steps",
        FREE,
        ("环节自助分析", "Steps, freely"),
        ("任选维度与指标分析办理环节。", "Steps by any dimensions and measures."),
        "steps",
        &["month"],
        &["steps", "step_hours"],
        "bar",
    ),
];

/// Finds a report.
#[must_use]
pub fn find(id: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::REPORTS;
    use crate::fact;
    use crate::report::{dimension, measure};

    #[test]
    fn every_report_names_what_exists() {
        let mut ids = HashSet::new();
        for report in REPORTS {
            assert!(ids.insert(report.id), "{} twice", report.id);
            let table = fact::table(report.table).unwrap();
            assert!(table.columns.iter().any(|column| column.name == report.axis), "{}", report.id);
            for id in report.by {
                assert!(dimension::find(report.table, id).is_some(), "{}: dimension {id}", report.id);
            }
            for id in report.measures {
                assert!(measure::find(report.table, id).is_some(), "{}: measure {id}", report.id);
            }
        }
        let mut known = HashSet::new();
        for one in measure::all() {
            assert!(known.insert((one.table, one.id)), "{} twice", one.id);
        }
    }
}
