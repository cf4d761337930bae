//! What is counted of calls, seats and keys.

use super::{How, Measure, Unit, measure};

const INBOUND: &str = "direction = 'in'";
const QUEUED: &str = "direction = 'in' and queues > 0";
const ANSWERED: &str = "direction = 'in' and answered_at is not null";
const STATE_HOURS: &str = "(coalesce(until, {now}) - at) / 3600000.0";

/// Measures of calls, seats and keys.
pub const MEASURES: &[Measure] = &[
    measure("calls", "calls", ("通话总量", "Calls"), ("呼入、外拨与内部通话之和。", "Inbound, outbound and internal."), Unit::Count, How::Count("true")),
    measure("inbound", "calls", ("来电量", "Inbound"), ("打入热线的全部来电。", "All calls to the hotline."), Unit::Count, How::Count(INBOUND)),
    measure("answered", "calls", ("接听量", "Answered"), ("由话务员接听的来电。", "Inbound calls that an agent answered."), Unit::Count, How::Count(ANSWERED)),
    measure("unanswered", "calls", ("未接听量", "Not answered"), ("没有话务员接听的来电，含自助服务后挂机。", "Inbound calls that no agent answered, also those that ended in self-service."), Unit::Count, How::Count("direction = 'in' and answered_at is null")),
    measure("queued", "calls", ("排队量", "Queued"), ("进入人工队列的来电。", "Inbound calls that joined a queue."), Unit::Count, How::Count(QUEUED)),
    measure("abandoned", "calls", ("排队放弃量", "Gave up"), ("进入队列后没有接听的来电。", "Joined a queue and were not answered."), Unit::Count, How::Count("direction = 'in' and queues > 0 and answered_at is null")),
    measure("connection_rate", "calls", ("接通率", "Answered, share"), ("接听量 ÷ 进入人工队列的来电。", "Answered of all that joined a queue."), Unit::Share, How::Share("answered_at is not null", QUEUED)),
    measure("in_time_rate", "calls", ("15 秒接通率", "Answered within 15 s"), ("15 秒内接听 ÷ 接听量。", "Answered within 15 seconds of all answered."), Unit::Share, How::Share("waited_ms <= 15000", ANSWERED)),
    measure("outbound", "calls", ("外拨量", "Outbound"), ("话务员外拨的通话。", "Calls that agents dialled."), Unit::Count, How::Count("direction = 'out'")),
    measure("internal", "calls", ("内部通话", "Internal"), ("座席之间的通话。", "Between seats."), Unit::Count, How::Count("direction not in ('in', 'out')")),
    measure("outbound_rate", "calls", ("外拨成功率", "Outbound answered"), ("接通的外拨 ÷ 外拨量。", "Answered of all outbound calls."), Unit::Share, How::Share("answered_at is not null", "direction = 'out'")),
    measure("callers", "calls", ("来电人数", "Callers"), ("不同号码的来电人数。", "Different callers."), Unit::Count, How::Distinct("case when direction = 'in' then citizen end")),
    measure("wait_mean", "calls", ("平均等待时间", "Mean wait"), ("进入队列的来电平均等待秒数。", "Seconds that queued callers waited."), Unit::Seconds, How::Mean("waited_ms / 1000.0", QUEUED)),
    measure("wait_p90", "calls", ("等待 90 分位", "90th percentile of the wait"), ("九成来电的等待不超过此秒数。", "Nine of ten waited no longer."), Unit::Seconds, How::Quantile("waited_ms / 1000.0", QUEUED, 0.9)),
    measure("wait_max", "calls", ("最长等待时间", "Longest wait"), ("进入队列的来电最长等待秒数。", "The longest wait in a queue."), Unit::Seconds, How::Max("waited_ms / 1000.0", QUEUED)),
    measure("talk_hours", "calls", ("总通话时长", "Talk time"), ("通话时长合计（小时）。", "Sum of the talks."), Unit::Hours, How::Sum("talked_ms / 3600000.0", "answered_at is not null")),
    measure("talk_in_hours", "calls", ("呼入通话时长", "Inbound talk time"), ("接听来电的通话时长合计（小时）。", "Sum of inbound talks."), Unit::Hours, How::Sum("talked_ms / 3600000.0", ANSWERED)),
    measure("talk_out_hours", "calls", ("外拨通话时长", "Outbound talk time"), ("外拨通话时长合计（小时）。", "Sum of outbound talks."), Unit::Hours, How::Sum("talked_ms / 3600000.0", "direction = 'out' and answered_at is not null")),
    measure("talk_mean", "calls", ("平均通话时长", "Mean talk"), ("接通通话的平均秒数。", "Mean length of a talk."), Unit::Seconds, How::Mean("talked_ms / 1000.0", "answered_at is not null")),
    measure("talk_max", "calls", ("最长通话", "Longest talk"), ("接通通话的最长秒数。", "The longest talk."), Unit::Seconds, How::Max("talked_ms / 1000.0", "answered_at is not null")),
    measure("calls_rated", "calls", ("通话评价量", "Rated"), ("市民按键评价过的通话。", "Calls that the caller rated."), Unit::Count, How::Count("stars is not null")),
    measure("calls_satisfied", "calls", ("通话满意率", "Satisfied, share"), ("三星及以上 ÷ 通话评价量。", "Three stars or more of all rated."), Unit::Share, How::Share("stars > 2", "stars is not null")),
    measure("signed_in_hours", "seats", ("签入总时长", "Signed in"), ("各状态时长之和（小时）。", "All states together."), Unit::Hours, How::Sum(STATE_HOURS, "state <> 'signed_out'")),
    measure("ready_hours", "seats", ("示闲时长", "Ready"), ("等待来电的时长（小时）。", "Waiting for calls."), Unit::Hours, How::Sum(STATE_HOURS, "state = 'ready'")),
    measure("ringing_hours", "seats", ("振铃时长", "Ringing"), ("分配与振铃的时长（小时）。", "Reserved or ringing."), Unit::Hours, How::Sum(STATE_HOURS, "state in ('reserved', 'ringing')")),
    measure("on_call_hours", "seats", ("通话时长", "On calls"), ("通话状态的时长（小时）。", "On calls."), Unit::Hours, How::Sum(STATE_HOURS, "state = 'on_call'")),
    measure("wrap_up_hours", "seats", ("话后处理时长", "Wrap-up"), ("话后处理的时长（小时）。", "After calls."), Unit::Hours, How::Sum(STATE_HOURS, "state = 'wrap_up'")),
    measure("not_ready_hours", "seats", ("示忙时长", "Not ready"), ("示忙的时长（小时）。", "Not ready."), Unit::Hours, How::Sum(STATE_HOURS, "state = 'not_ready'")),
    measure("break_hours", "seats", ("小休时长", "On breaks"), ("小休的时长（小时）。", "On breaks."), Unit::Hours, How::Sum(STATE_HOURS, "state = 'break'")),
    measure("occupancy", "seats", ("工时利用率", "Occupancy"), ("（振铃 + 通话 + 话后处理）时长 ÷（签入总时长 − 小休时长）。", "Ringing, talking and wrap-up of the time signed in without breaks."), Unit::Share, How::Ratio(STATE_HOURS, "state in ('reserved', 'ringing', 'on_call', 'wrap_up')", "state not in ('break', 'signed_out')")),
    measure("sittings", "seats", ("签入次数", "Sign-ins"), ("签入座席的次数。", "How often somebody signed in."), Unit::Count, How::Distinct("agent_id || '@' || cast(signed_in_at as varchar)")),
    measure("first_in", "seats", ("最早签入", "First sign-in"), ("统计期内最早的签入时间。", "The first sign-in of the period."), Unit::Instant, How::Min("signed_in_at", "true")),
    measure("last_out", "seats", ("最晚签出", "Last sign-out"), ("统计期内最晚的签出时间。", "The last sign-out of the period."), Unit::Instant, How::Max("signed_out_at", "true")),
    measure("presses", "keys", ("按键次数", "Key presses"), ("来电人在呼叫流程中的按键次数。", "Keys that callers pressed."), Unit::Count, How::Sum("times", "starts_with(what, 'key:')")),
    measure("entered", "keys", ("进入次数", "Came to it"), ("来电进入节点的次数。", "How often callers came to it."), Unit::Count, How::Sum("times", "what = 'entered'")),
    measure("gone", "keys", ("挂机次数", "Hung up there"), ("来电人在节点挂机的次数。", "How often callers hung up there."), Unit::Count, How::Sum("times", "what = 'gone'")),
];
