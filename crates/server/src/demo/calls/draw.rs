//! Which calls the demonstration city had: drawn from one seed, so that the same days always bring the same calls.

use chrono::{DateTime, Datelike as _, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Days before today that have calls.
pub(super) const DAYS: i64 = 90;

/// Calls an hour of a working day, beside those from which orders came: few at night, a hump before and one after noon.
const HOURLY: [f64; 24] = [
    0.12, 0.08, 0.06, 0.06, 0.08, 0.15, 0.3, 0.5, 1.0, 1.9, 1.9, 1.2, 0.6, 0.6, 1.3, 1.6, 1.5, 0.9, 0.6, 0.5,
    0.45, 0.4, 0.3, 0.2,
];
const WEEKEND: f64 = 0.55;
const SEED: u64 = 12_345;
const SEC: i64 = 1_000;
const HOUR: i64 = 3_600 * SEC;
/// So many missed calls, the newest, still wait to be seen to.
pub(super) const OPEN: usize = 5;
/// Greeting, until the queue is joined.
pub(super) const GREETING: i64 = 4 * SEC;
/// How long a seat rings.
pub(super) const RINGING: i64 = 3 * SEC;

/// What can come of an answered call, in the agent's words, and of how many in a hundred.
const SUMMARIES: [(&str, u32, &[&str]); 7] = [
    (
        "answered",
        80,
        &[
            "咨询居住证办理地点和材料，已按知识库答复。",
            "询问医保异地就医备案流程，已告知线上入口。",
            "咨询公积金提取条件，已答复。",
            "询问工单办理进度，已告知承办单位正在处理。",
            "咨询供暖开栓时间，已答复。",
            "询问公交改线情况，已告知。",
            "咨询新生儿落户材料，已答复。",
            "咨询社保卡补办网点，已告知地址和时间。",
            "询问停水通知，已告知预计恢复时间。",
            "反映的问题此前已有工单，已说明进度。",
        ],
    ),
    ("transferred", 5, &["已转接业务专席。", "已转班长解答。"]),
    ("callback", 4, &["需核实后回电，已记录。"]),
    ("wrong_number", 3, &["打错电话。"]),
    ("silent", 4, &["无声电话，三次询问无应答后挂机。"]),
    ("nuisance", 1, &["骚扰电话，已劝导。"]),
    ("other", 3, &["表扬话务员，已登记。", "建议，已记录。"]),
];

/// A call out of which an order came.
pub(super) struct Fixed {
    /// The order's place in the files.
    pub order: usize,
    /// Who wrote it, as a place in the list of agents.
    pub agent: usize,
    /// When the order was written, epoch milliseconds.
    pub at: i64,
    /// The citizen's number.
    pub number: String,
}

/// How a call began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Over the trunk.
    Trunk,
    /// From the portal's page.
    Page,
    /// An agent dialled.
    Dialled,
}

/// A call that is over. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// The order that came out of it, as a place in the files.
    pub order: Option<usize>,
    /// The missed call that it answers, as a place in the list of calls.
    pub answers: Option<usize>,
    pub way: Way,
    /// The citizen's number, or `web`.
    pub number: String,
    /// Whether it was for the other hotline of the city.
    pub second_line: bool,
    pub started_at: i64,
    pub answered_at: Option<i64>,
    pub ended_at: i64,
    /// When the agent was ready again.
    pub wrapped_at: i64,
    /// Who talked or dialled, as a place in the list of agents.
    pub agent: Option<usize>,
    pub result: &'static str,
    pub hung_up_by: &'static str,
    /// The citizen's stars; 0 where the citizen hung up before they were asked for.
    pub stars: Option<i64>,
    pub summary: Option<(&'static str, &'static str)>,
}

impl Call {
    /// Returns from when on an agent is busy with it.
    pub(super) fn busy_from(&self) -> i64 {
        match self.answered_at.filter(|_| self.way != Way::Dialled) {
            Some(at) => at - RINGING,
            None => self.started_at,
        }
    }
}

/// When agents are busy.
struct Floor(Vec<Vec<(i64, i64)>>);

impl Floor {
    /// Returns from when on an agent is free for so long, not before `from`.
    fn free_at(&self, agent: usize, from: i64, length: i64) -> i64 {
        let mut at = from;
        // Times are few and not in order.
        while let Some((_, end)) = self.0[agent].iter().find(|(begin, end)| at < *end && at + length > *begin)
        {
            at = end + 2 * SEC;
        }
        at
    }

    fn take(&mut self, agent: usize, from: i64, to: i64) {
        self.0[agent].push((from, to));
    }
}

struct Draw<'a> {
    chance: StdRng,
    zone: Tz,
    now: i64,
    floor: Floor,
    known: &'a [String],
    calls: Vec<Call>,
}

/// Draws all calls up to `now`, in order of time. `known` are numbers of citizens who have a file.
pub(super) fn draw(zone: Tz, now: i64, agents: usize, fixed: &[Fixed], known: &[String]) -> Vec<Call> {
    let mut draw = Draw {
        chance: StdRng::seed_from_u64(SEED),
        zone,
        now,
        floor: Floor(vec![Vec::new(); agents]),
        known,
        calls: Vec::new(),
    };
    if agents == 0 {
        return Vec::new();
    }
    for one in fixed {
        draw.with_order(one);
    }
    let today = local(zone, now).date_naive();
    for ago in (0..=DAYS).rev() {
        draw.day(today - chrono::Duration::days(ago));
    }
    draw.call_back();
    let mut calls = draw.calls;
    // What answers what is said by places, so they move with the calls.
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|at| calls[*at].started_at);
    let mut place = vec![0; calls.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    for call in &mut calls {
        call.answers = call.answers.map(|old| place[old]);
    }
    calls.sort_by_key(|call| call.started_at);
    calls
}

fn local(zone: Tz, at: i64) -> DateTime<Tz> {
    DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone)
}

impl Draw<'_> {
    fn secs(&mut self, least: i64, most: i64) -> i64 {
        self.chance.random_range(least * SEC..=most * SEC)
    }

    /// Draws from an exponential distribution.
    fn exponential(&mut self, mean_secs: f64) -> i64 {
        (-(1.0 - self.chance.random::<f64>()).ln() * mean_secs * SEC as f64) as i64
    }

    fn one_in_hundred(&mut self, share: u32) -> bool {
        self.chance.random_range(0..100) < share
    }

    /// The call in which an order was written; left out where the agent talks to somebody else at that time.
    fn with_order(&mut self, one: &Fixed) {
        let answered_at = one.at - self.secs(80, 260);
        let ended_at = (one.at + self.secs(8, 45)).min(self.now - 5 * SEC);
        let wrapped_at = (ended_at + self.secs(20, 120)).min(self.now - SEC);
        let waited = GREETING + self.secs(3, 11);
        let begin = answered_at - waited;
        if self.floor.free_at(one.agent, begin, wrapped_at - begin) != begin {
            return;
        }
        self.floor.take(one.agent, begin, wrapped_at);
        let call = Call {
            order: Some(one.order),
            answers: None,
            way: Way::Trunk,
            number: one.number.clone(),
            second_line: false,
            started_at: begin,
            answered_at: Some(answered_at),
            ended_at,
            wrapped_at,
            agent: Some(one.agent),
            result: "answered",
            hung_up_by: if self.one_in_hundred(70) { "citizen" } else { "agent" },
            stars: self.stars(),
            summary: Some(("ordered", "已记录工单。")),
        };
        self.calls.push(call);
    }

    fn day(&mut self, day: chrono::NaiveDate) {
        let is_weekend = day.weekday().number_from_monday() > 5;
        let share = if is_weekend { WEEKEND } else { 1.0 };
        let Some(midnight) = self.zone.from_local_datetime(&day.and_time(chrono::NaiveTime::MIN)).earliest()
        else {
            return;
        };
        let midnight = midnight.timestamp_millis();
        let peak = HOURLY.iter().copied().fold(0.0, f64::max);
        let mut at = midnight;
        loop {
            // Callers come at random at the peak's rate, thinned to the hour's.
            at += self.exponential(3_600.0 / peak);
            if at >= midnight + 24 * HOUR || at > self.now - 30 * SEC {
                break;
            }
            let hour = local(self.zone, at).hour() as usize;
            if self.chance.random::<f64>() * peak < HOURLY[hour] * share {
                self.arrival(at, is_weekend);
            }
        }
        // Now and then somebody is called, to ask or to tell.
        if !is_weekend && self.one_in_hundred(60) && !self.known.is_empty() {
            let at = midnight + 10 * HOUR + self.secs(0, 6 * 3_600);
            let number = self.known[self.chance.random_range(0..self.known.len())].clone();
            self.dial(at, number, None);
        }
    }

    /// Who sits at that time: one at night, two in busy hours, another every day.
    fn on_duty(&self, at: i64, is_weekend: bool) -> Vec<usize> {
        let all = self.floor.0.len();
        let local = local(self.zone, at);
        let day = usize::try_from(local.date_naive().num_days_from_ce()).unwrap_or(0);
        let (shift, seats) = match local.hour() {
            0..8 => (0, 1),
            8..12 => (1, 2),
            12..14 => (3, 1),
            14..18 => (4, 2),
            _ => (6, 1),
        };
        (0..if is_weekend { 1 } else { seats }).map(|seat| (day * 5 + shift + seat) % all).collect()
    }

    /// Somebody calls; whoever is free first answers, unless patience ends before.
    fn arrival(&mut self, at: i64, is_weekend: bool) {
        let (way, number) = self.caller();
        let second_line = way == Way::Trunk && self.one_in_hundred(9);
        let summary = self.summary();
        let brief = matches!(summary.0, "wrong_number" | "silent" | "nuisance");
        let talk = if brief {
            self.secs(8, 30)
        } else {
            (self.secs(35, 60) + self.exponential(120.0)).min(900 * SEC)
        };
        let wrap = self.secs(12, 80);
        let ready = at + GREETING + self.secs(3, 12);
        let patience = GREETING + self.secs(6, 20) + self.exponential(140.0);
        let free_at = |agent| self.floor.free_at(agent, ready - RINGING, RINGING + talk + wrap);
        let on_duty = self.on_duty(at, is_weekend).into_iter();
        let (rings_at, agent) = on_duty.map(|agent| (free_at(agent), agent)).min().unwrap_or((ready, 0));
        let answered_at = rings_at + RINGING;
        let gives_up = answered_at - at > patience || self.one_in_hundred(3);
        let call = Call {
            order: None,
            answers: None,
            way,
            number,
            second_line,
            started_at: at,
            answered_at: None,
            ended_at: at + patience.min(240 * SEC),
            wrapped_at: 0,
            agent: None,
            result: "missed",
            hung_up_by: "citizen",
            stars: None,
            summary: None,
        };
        if gives_up {
            if call.ended_at < self.now {
                self.calls.push(call);
            }
            return;
        }
        let ended_at = answered_at + talk;
        if ended_at + wrap >= self.now {
            return;
        }
        self.floor.take(agent, rings_at, ended_at + wrap);
        let call = Call {
            answered_at: Some(answered_at),
            ended_at,
            wrapped_at: ended_at + wrap,
            agent: Some(agent),
            result: "answered",
            hung_up_by: if brief || self.one_in_hundred(25) { "agent" } else { "citizen" },
            stars: if brief { None } else { self.stars() },
            summary: self.one_in_hundred(88).then_some(summary),
            ..call
        };
        self.calls.push(call);
    }

    fn caller(&mut self) -> (Way, String) {
        match self.chance.random_range(0..100) {
            0..3 => (Way::Page, "web".to_owned()),
            3..15 => (Way::Trunk, format!("0600{}", self.chance.random_range(2_000_000..9_000_000))),
            15..45 if !self.known.is_empty() => {
                (Way::Trunk, self.known[self.chance.random_range(0..self.known.len())].clone())
            }
            _ => (Way::Trunk, format!("1990000{}", self.chance.random_range(5_000..7_000))),
        }
    }

    fn summary(&mut self) -> (&'static str, &'static str) {
        let mut left = self.chance.random_range(0..SUMMARIES.iter().map(|one| one.1).sum());
        for (code, share, notes) in SUMMARIES {
            if left < share {
                return (code, notes[self.chance.random_range(0..notes.len())]);
            }
            left -= share;
        }
        ("answered", "")
    }

    fn stars(&mut self) -> Option<i64> {
        match self.chance.random_range(0..100) {
            0..34 => Some(5),
            34..48 => Some(4),
            48..53 => Some(3),
            53..55 => Some(2),
            55..57 => Some(1),
            57..63 => Some(0),
            _ => None,
        }
    }

    /// Calls citizens back whom nobody had answered; the newest still wait.
    fn call_back(&mut self) {
        let mut missed: Vec<(i64, usize)> = self
            .calls
            .iter()
            .zip(0_usize..)
            .filter(|(call, _)| call.result == "missed")
            .map(|(call, place)| (call.started_at, place))
            .collect();
        missed.sort_unstable();
        missed.truncate(missed.len().saturating_sub(OPEN));
        for (_, place) in missed {
            let call = &self.calls[place];
            let (way, ended_at, number) = (call.way, call.ended_at, call.number.clone());
            if way == Way::Trunk && self.one_in_hundred(60) {
                let at = ended_at + self.secs(600, 5_400);
                self.dial(at, number, Some(place));
            }
        }
    }

    fn dial(&mut self, wished: i64, number: String, answers: Option<usize>) {
        let (talk, wrap) = (self.secs(30, 60) + self.exponential(70.0), self.secs(8, 40));
        let ring = self.secs(5, 18);
        let agent = self.on_duty(wished, false)[0];
        let started_at = self.floor.free_at(agent, wished, ring + talk + wrap);
        let reached = answers.is_some() || self.one_in_hundred(75);
        let answered_at = reached.then_some(started_at + ring);
        let ended_at = answered_at.map_or(started_at + 32 * SEC, |at| at + talk);
        if ended_at + wrap >= self.now {
            return;
        }
        self.floor.take(agent, started_at, ended_at + wrap);
        self.calls.push(Call {
            order: None,
            answers,
            way: Way::Dialled,
            number,
            second_line: false,
            started_at,
            answered_at,
            ended_at,
            wrapped_at: ended_at + wrap,
            agent: Some(agent),
            result: if reached { "answered" } else { "no_answer" },
            hung_up_by: if reached { "citizen" } else { "agent" },
            stars: None,
            summary: reached.then_some(("callback", "已致电市民并答复。")),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-18 15:00 in Shanghai.
    const NOW: i64 = 1_794_985_200_000;

    fn calls() -> Vec<Call> {
        draw(chrono_tz::Asia::Shanghai, NOW, 12, &[], &["19900001008".to_owned()])
    }

    #[test]
    fn days_look_like_those_of_a_hotline() {
        let calls = calls();
        assert_eq!(calls, self::calls(), "the same seed, other calls");
        assert!((1_150..1_700).contains(&calls.len()), "{} calls", calls.len());
        let local = |call: &Call| local(chrono_tz::Asia::Shanghai, call.started_at);
        let hours = |from: u32, to: u32| {
            calls.iter().filter(|call| (from..to).contains(&local(call).hour())).count()
                / (to - from) as usize
        };
        assert!(hours(9, 11) > 8 * hours(0, 6), "the night is quiet");
        assert!(hours(9, 11) > 2 * hours(12, 14) && hours(14, 17) > hours(12, 14), "two humps");
        let weekend = calls.iter().filter(|call| local(call).weekday().number_from_monday() > 5).count();
        assert!(weekend * 4 < calls.len(), "{weekend} of {} at weekends", calls.len());
        let count = |what: fn(&Call) -> bool| calls.iter().filter(|call| what(call)).count();
        let missed = count(|call| call.result == "missed");
        assert!(missed * 50 > calls.len() && missed * 10 < calls.len(), "{missed} missed");
        assert!(count(|call| call.way == Way::Dialled) > 20);
        assert!(count(|call| call.stars.is_some_and(|stars| stars > 0)) > 400);
    }

    #[test]
    fn nobody_talks_twice_at_a_time_and_nothing_is_yet_to_come() {
        let calls = calls();
        for agent in 0..12 {
            let mut own: Vec<&Call> = calls.iter().filter(|call| call.agent == Some(agent)).collect();
            own.sort_by_key(|call| call.busy_from());
            for pair in own.windows(2) {
                assert!(pair[1].busy_from() >= pair[0].wrapped_at, "agent {agent}: {pair:?}");
            }
        }
        for call in &calls {
            assert!(call.started_at < call.ended_at && call.ended_at.max(call.wrapped_at) < NOW, "{call:?}");
            assert!(call.answers.is_none_or(|place| calls[place].result == "missed"));
        }
    }
}
