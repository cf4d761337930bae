use chrono::{NaiveDate, NaiveDateTime};

use super::*;
use crate::lexicon::Lexicon;

/// A Saturday.
fn now() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap()
}

fn times(said: &str) -> Vec<Span<Moment>> {
    static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new([]));
    crate::extract::extract(said, now(), &LEXICON).times
}

/// Checks what the first time of a text is, as written and as meant; `…` is an end that was not said.
fn check(said: &str, words: &str, from: &str, to: &str) {
    let found = times(said);
    let first = found.first().unwrap_or_else(|| panic!("no time in {said}"));
    let end = |end: Option<NaiveDateTime>| {
        end.map_or_else(|| "…".to_owned(), |end| end.format("%F %T").to_string())
    };
    let stamp = |text: &str, late: bool| match text.len() {
        10 => format!("{text} {}", if late { "23:59:59" } else { "00:00:00" }),
        _ => text.to_owned(),
    };
    assert_eq!(
        (first.text.as_str(), end(first.value.from), end(first.value.to)),
        (words, stamp(from, false), stamp(to, true)),
        "{said}"
    );
}

fn none(said: &str) {
    assert!(times(said).is_empty(), "{said}: {:?}", times(said));
}

#[test]
fn dates_and_hours_as_people_say_them() {
    check("昨天晚上8点半开始停水", "昨天晚上8点半", "2026-11-20 20:30:00", "2026-11-20 20:30:59");
    check("我2026年3月5日交的钱", "2026年3月5日", "2026-03-05", "2026-03-05");
    check("上周五下午3点来过", "上周五下午3点", "2026-11-13 15:00:00", "2026-11-13 15:59:59");
    check("上周星期三停的电", "上周星期三", "2026-11-11", "2026-11-11");
    check("去年十月份就报修了", "去年十月份", "2025-10-01", "2025-10-31");
    check("15年交的房", "15年", "2015-01-01", "2015-12-31");
    check("一九九八年三月拆的", "一九九八年三月", "1998-03-01", "1998-03-31");
    check("于2026/11/2 19:05拨打", "2026/11/2 19:05", "2026-11-02 19:05:00", "2026-11-02 19:05:59");
    check("20260315办的卡", "20260315", "2026-03-15", "2026-03-15");
    check("6月底完工", "6月底", "2026-06-24", "2026-06-30");
    check("今年第三季度的电费", "今年第三季度", "2026-07-01", "2026-09-30");
    check("去年下半年开始的", "去年下半年", "2025-07-01", "2025-12-31");
    check("去年夏天水压就低", "去年夏天", "2025-06-01", "2025-08-31");
    check("上世纪90年代的房子", "上世纪90年代", "1990-01-01", "1999-12-31");
    check("上周末有人砸门", "上周末", "2026-11-14", "2026-11-15");
    check("5号停的水", "5号", "2026-11-05", "2026-11-05");
    check("3月的第二周没有班车", "3月的第二周", "2026-03-09", "2026-03-15");
}

#[test]
fn hours_mean_what_the_part_of_the_day_says() {
    check("昨晚2点还在唱歌", "昨晚2点", "2026-11-21 02:00:00", "2026-11-21 02:59:59");
    check("今天凌晨12点一刻", "今天凌晨12点一刻", "2026-11-22 00:15:00", "2026-11-22 00:15:59");
    check("前天半夜11点多", "前天半夜11点多", "2026-11-19 23:00:00", "2026-11-19 23:59:59");
    check("中午1点吵得睡不着", "中午1点", "2026-11-21 13:00:00", "2026-11-21 13:59:59");
    check("今天下午三四点来的", "今天下午三四点", "2026-11-21 15:00:00", "2026-11-21 16:00:00");
    check("9号上午八点零五分", "9号上午八点零五分", "2026-11-09 08:05:00", "2026-11-09 08:05:59");
}

#[test]
fn ranges_take_over_what_their_end_leaves_out() {
    check("12月九号到十五号封路", "12月九号到十五号", "2026-12-09", "2026-12-15");
    check(
        "今天下午1点10分到3点没人接电话",
        "今天下午1点10分到3点",
        "2026-11-21 13:10:00",
        "2026-11-21 15:00:00",
    );
    check(
        "晚上10点到第二天早上6点打桩",
        "晚上10点到第二天早上6点",
        "2026-11-21 22:00:00",
        "2026-11-22 06:00:00",
    );
    check("周一至周五没有公交", "周一至周五", "2026-11-16", "2026-11-20");
    check("小区从11月3日至今没有暖气", "从11月3日至今", "2026-11-03 00:00:00", "2026-11-21 10:00:00");
    check("从去年9月起就漏水", "从去年9月起", "2025-09-01 00:00:00", "2026-11-21 10:00:00");
    check("11月到次年3月供暖", "11月到次年3月", "2026-11-01", "2027-03-31");
    check("1月3日至2月10日停业", "1月3日至2月10日", "2026-01-03", "2026-02-10");
    check("正月初五到十五摆摊", "正月初五到十五", "2026-02-21", "2026-03-03");
}

#[test]
fn before_and_after_open_one_end() {
    check("下周五之前给答复", "下周五之前", "2026-11-21 10:00:00", "2026-11-27");
    check("去年10月以前交的费", "去年10月以前", "…", "2025-10-31");
    check("今晚八点以后停电", "今晚八点以后", "2026-11-21 20:00:00", "…");
    check("11月25日起涨价", "11月25日起", "2026-11-25 00:00:00", "…");
    check("上周三前往办理", "上周三", "2026-11-11", "2026-11-11");
    check("周二来电反映", "周二", "2026-11-17", "2026-11-17");
}

#[test]
fn lengths_say_how_long_and_how_long_ago() {
    check("三天前报的修", "三天前", "2026-11-18", "2026-11-18");
    check("三天前的下午3点打过电话", "三天前的下午3点", "2026-11-18 15:00:00", "2026-11-18 15:59:59");
    check("半个小时前刚打过", "半个小时前", "2026-11-21 09:30:00", "2026-11-21 10:00:00");
    check("两年前搬来的", "两年前", "2024-01-01", "2024-12-31");
    check("已经停水三天了", "三天", "2026-11-18 00:00:00", "2026-11-21 10:00:00");
    check("近三个月一直这样", "近三个月", "2026-08-21 00:00:00", "2026-11-21 10:00:00");
    check("前几天刚修好", "前几天", "2026-11-14 00:00:00", "2026-11-20 10:00:00");
    check("5个工作日内处理", "5个工作日内", "2026-11-21 10:00:00", "2026-11-28");
    let lasting = times("等了两个半小时，保修3年，一次两小时三十分");
    let found: Vec<(&str, Option<i64>)> =
        lasting.iter().map(|span| (span.text.as_str(), span.value.lasts_secs)).collect();
    assert_eq!(
        found,
        [("两个半小时", Some(9_000)), ("3年", Some(94_608_000)), ("两小时三十分", Some(9_000))],
        "a length alone says nothing of when"
    );
    assert_eq!(lasting[0].value.from, None);
}

#[test]
fn what_comes_again_is_said_to() {
    check("每天22:00至23:30施工", "每天22:00至23:30", "2026-11-21 22:00:00", "2026-11-21 23:30:59");
    check("每周六上午9点到11点练琴", "每周六上午9点到11点", "2026-11-21 09:00:00", "2026-11-21 11:00:00");
    check("每月15号发工资", "每月15号", "2026-11-15", "2026-11-15");
    check("每天都吵", "每天", "…", "…");
    assert!(times("每周六上午在楼下摆摊")[0].value.repeats);
    assert!(!times("周六上午在楼下摆摊")[0].value.repeats);
}

#[test]
fn feasts_of_the_sun_and_of_the_moon() {
    check("今年春节前交的物业费", "今年春节前", "…", "2026-02-17");
    check("去年国庆期间买的", "去年国庆期间", "2025-10-01", "2025-10-07");
    check("农历八月十五晚上8点放烟花", "农历八月十五晚上8点", "2026-09-25 20:00:00", "2026-09-25 20:59:59");
    check("腊月二十三停气", "腊月二十三", "2027-01-30", "2027-01-30");
    check("今年清明上坟", "今年清明", "2026-04-05", "2026-04-05");
    check("母亲节那天", "母亲节", "2026-05-10", "2026-05-10");
}

#[test]
fn a_story_goes_on_from_the_day_it_told_of() {
    let found = times("11月3日报修，次日来人，当天下午又坏了");
    let days: Vec<u32> =
        found.iter().filter_map(|span| span.value.from).map(|from| from.date().day()).collect();
    assert_eq!(days, [3, 4, 4]);
}

#[test]
fn what_only_looks_like_a_time_is_none() {
    for said in [
        "听澜雅苑3号楼电梯坏了",
        "住在人民路5号",
        "地铁2号线",
        "身份证号140302197706220124",
        "提三点建议",
        "有一点吵",
        "八一路和国庆路口",
        "李国庆的房子",
        "一天到晚吵",
        "合格率七点八",
        "大约300多户",
        "五年级的学生",
        "他一直不来",
        "13800000000",
    ] {
        none(said);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "[0-9零一二三五十廿年月日号点半分时刻上下周前后天个小至到从每今去初闰农历正腊世纪代季度春节:：~ -]{0,40}") {
        let chars: Vec<char> = text.chars().collect();
        let folded: String = crate::normalize::fold_aligned(&text).into_iter().collect();
        let view = Text { places: folded.char_indices().map(|(at, _)| at).collect(), folded: &folded, original: chars };
        let _ = find(&view, now());
    }
}
