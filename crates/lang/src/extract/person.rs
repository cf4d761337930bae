//! People, by how they are introduced, addressed and told of.

use std::sync::LazyLock;

use regex::Regex;

use super::{Span, Text};
use crate::lexicon::{Lexicon, Tagged};
use crate::normalize::is_han;
use crate::stopwords::is_stopword;

const SURNAMES: &str = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧利师巩聂关肖占代闫覃逯佘曾游笛蔚尧麦岳亓仝付涂";
/// Surnames that hardly begin another word; behind them a name may be guessed.
const COMMON: &str = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹严魏陶姜戚谢邹潘葛范彭鲁韦俞袁柳鲍史唐薛贺倪汤罗毕郝傅齐康伍余顾孟黄萧尹姚邵汪毛戴宋庞熊项祝董梁杜阮闵贾江郭林钟徐邱骆夏蔡田樊胡霍虞柯卢莫邓洪崔龚程邢裴陆翁段侯武刘詹龙叶黎赖乔谭申冉桂温庄柴阎廖耿聂肖闫覃佘曾岳付涂";
const COMPOUND: [&str; 20] = [
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "端木",
    "南宫", "东郭", "西门", "独孤", "长孙", "轩辕", "闻人",
];
/// Characters that foreign names are written with.
const FOREIGN: &str = "阿艾安奥巴拜班邦贝比彼宾波伯博布查达戴丹德登邓迪蒂丁杜多厄恩尔法范菲费芬弗佛福伏盖甘戈格葛古瓜哈海汉豪赫亨胡华怀霍基吉季加贾简杰金卡凯坎康考柯科克肯库奎昆拉莱兰朗劳勒雷黎理里利莉丽林琳卢鲁路伦罗洛吕玛马麦迈曼芒梅门蒙米密敏明莫默姆穆纳娜南内妮尼涅宁纽努诺欧帕潘庞佩彭皮平珀普齐奇乔切琴琼让热仁瑞若撒萨塞桑瑟森沙莎山尚绍舍圣施史什舒丝斯思松苏索塔泰坦汤唐陶特滕提田廷汀通图托瓦万旺威韦维魏温翁沃乌西希锡席夏香肖谢辛欣休修许雅亚扬耶叶伊因英尤于约宰赞泽扎詹珍芝朱兹佐";
/// Characters that follow a name and are none of it.
const NOT_GIVEN: &str = "的在是说称和与及等来于已因向将去打也从为被把对到有要给就反表认告介透致电先女同男未没不都还又再我你他她们这那会能可才跟让请找住开收拿带做干其且而但或并所该由";

/// Words of address; a lone surname is a name only with them.
const TITLES: &str = "先生|女士|小姐|太太|夫人|同志|师傅|老师|医生|大夫|护士|阿姨|大爷|大妈|大娘|大哥|大姐|叔叔|伯伯|律师|警官|法官|警察|博士|教授|校长|院长|园长|奶奶|爷爷|老板|主任|副主任|经理|总经理|书记|局长|处长|科长|所长|站长|队长|镇长|乡长|村长|县长|区长|市长|会计|工程师|主管|店长|房东|组长|馆长|总监|记者|教练|导演|董事长|总裁|部长|司长|厅长|班长|连长|物业|中介|姓业主|某某|某人|某|总|工|姐|哥|嫂|姨|婶|叔|伯|导|董|局|队";

static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"([\p{{Han}}]{{1,4}}?)({TITLES})")).expect("the pattern is constant")
});
/// What stands before a name.
static INTRODUCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:我叫|名叫|名为|叫做|叫|我是|本人|找|联系|姓名|联系人|负责人|当事人|投诉人|来电人|诉求人|举报人|反映人|法人代表|法定代表人|代表人|法人|户主|业主|房东|租客|租户|店主|老板|司机|驾驶员|记者|通讯员|市民|居民|村民|村主任|村支书|书记|主任|经理|总监|总裁|董事长|局长|院长|校长|所长|队长|处长|部长|教授|专家|导演|教练|主持人|作者|作家|歌手|演员|影星|球员|前锋|后卫|门将|主帅|丈夫|妻子|老公|老婆|爱人|儿子|女儿|父亲|母亲|爸爸|妈妈|孩子|学生|同学|男子|女子|患者|嫌疑人|死者|老人|员工|职工|工人|会计|护士|医生|律师|民警|刑警|网友|编辑|摄影|总经理|秘书长|分析师|设计师|创始人|签证官|发言人)(?:人|代表)?(?:是|为|:|：|叫)?[（(“‘\s]?",
    )
    .expect("the pattern is constant")
});
/// What stands behind a name.
const TELLS: [&str; 30] = [
    "说",
    "表示",
    "认为",
    "指出",
    "称",
    "告诉",
    "介绍",
    "透露",
    "反映",
    "来电",
    "致电",
    "投诉",
    "坦言",
    "强调",
    "解释",
    "回忆",
    "觉得",
    "提出",
    "拨打",
    "咨询",
    "求助",
    "举报",
    "身份证",
    "本人",
    "曾",
    "先后",
    "一家",
    "名下",
    "手机",
    "电话",
];
static DOTTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{Han}]{1,8}(?:[·•・‧][\p{Han}]{1,8})+").expect("the pattern is constant")
});
static FAMILIAR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:姓([\p{Han}])的(?:先生|女士|师傅|老师|男子|女子|老人|人|业主|工作人员)?|[老小]([\p{Han}]))",
    )
    .expect("the pattern is constant")
});

/// Finds people in a text that is cut into words. What is `taken` is something else.
pub(super) fn find(
    text: &Text<'_>,
    tokens: &[Tagged<'_>],
    taken: &[bool],
    lexicon: &Lexicon,
) -> Vec<Span<()>> {
    let mut found = Found { text, taken, out: Vec::new() };
    for dotted in DOTTED.find_iter(text.folded) {
        let (from, to) = trimmed(dotted.start(), dotted.as_str(), tokens);
        found.add(from, to);
    }
    addressed(&mut found, tokens, lexicon);
    introduced(&mut found, tokens);
    told_of(&mut found, tokens, lexicon);
    familiar(&mut found);
    again(&mut found);
    found.out.sort_by_key(|span| span.start);
    found.out
}

/// The people of a text so far.
struct Found<'a, 'b> {
    text: &'a Text<'b>,
    taken: &'a [bool],
    out: Vec<Span<()>>,
}

impl Found<'_, '_> {
    /// Adds what is no part of something else.
    fn add(&mut self, from: usize, to: usize) {
        let span = self.text.span(from, to, ());
        let free = span.start < span.end
            && !self.taken[span.start..span.end].iter().any(|taken| *taken)
            && !self.out.iter().any(|known| known.start < span.end && span.start < known.end);
        if free {
            self.out.push(span);
        }
    }
}

/// Leaves off what stands before a dotted name and is no part of it: 找艾力·买买提.
fn trimmed(from: usize, words: &str, tokens: &[Tagged<'_>]) -> (usize, usize) {
    let (mut start, mut end) = (from, from + words.len());
    let dot = from + words.find(['·', '•', '・', '‧']).unwrap_or(0);
    let last = from + words.rfind(['·', '•', '・', '‧']).unwrap_or(0) + '·'.len_utf8();
    let foreign = |word: &str| word.chars().all(|c| FOREIGN.contains(c));
    for token in tokens {
        let token_end = token.start + token.word.len();
        let common = !token.tag.starts_with("nr") && !foreign(token.word);
        if token.start >= from
            && token_end <= dot
            && common
            && (is_stopword(token.word) || token.word.chars().count() >= 2 || NOT_GIVEN.contains(token.word))
        {
            start = token_end;
        }
        if token.start > last && token.start < end && common && token.word.chars().all(is_han) {
            end = token.start;
        }
    }
    if start >= dot { (from, end) } else { (start, end) }
}

/// People with a word of address: 王师傅, 李建国先生.
fn addressed(found: &mut Found<'_, '_>, tokens: &[Tagged<'_>], lexicon: &Lexicon) {
    let folded = found.text.folded;
    for captures in ADDRESSED.captures_iter(folded) {
        let (Some(before), Some(title)) = (captures.get(1), captures.get(2)) else { continue };
        let short = title.as_str().chars().count() == 1 && title.as_str() != "某";
        let chars: Vec<(usize, char)> = before.as_str().char_indices().collect();
        let starts = |from: usize| tokens.iter().any(|token| token.start == from);
        let mut name = None;
        for length in (2..=chars.len().min(4)).rev() {
            let from = before.start() + chars[chars.len() - length].0;
            let tail = &folded[from..before.end()];
            if surname(tail).is_some_and(|surname| length > surname && length <= surname + 2)
                && starts(from)
                && !is_stopword(tail)
                && !tail.chars().skip(1).any(|c| NOT_GIVEN.contains(c))
                && (known_name(tokens, from, before.end())
                    || (!lexicon.has(tail) && length == 3 && common(tail)))
            {
                name = Some((from, before.end()));
                break;
            }
        }
        if let Some(compound) = COMPOUND.iter().find(|compound| before.as_str().ends_with(**compound)) {
            name = Some((before.end() - compound.len(), title.end()));
        }
        if name.is_none() && !(short && starts(title.start()) && !starts(before.start())) {
            let lone = chars.last().map(|(at, c)| (before.start() + at, *c));
            if let Some((from, c)) = lone.filter(|(_, c)| !(*c == '班' && title.as_str() == "主任"))
                && (if short { COMMON.contains(c) } else { SURNAMES.contains(c) })
                // 和平路主任 has no Mr Lu: the surname begins a word.
                && tokens.iter().any(|token| token.start == from)
                && !(short && (goes_on(&folded[title.end()..]) || lexicon_word(tokens, from, title.end())))
            {
                name = Some((from, title.end()));
            }
        }
        if let Some((from, to)) = name {
            let to = if title.as_str().starts_with('某') { title.end() } else { to };
            found.add(from, to);
        }
    }
}

/// Tells whether a word that is no name stands exactly there: 高总 is one, 马队 is none.
fn lexicon_word(tokens: &[Tagged<'_>], from: usize, to: usize) -> bool {
    tokens.iter().any(|token| {
        token.start == from && token.start + token.word.len() >= to && !token.tag.starts_with("nr")
    })
}

/// Tells whether a short word of address is the beginning of another word: 王总共, 李工地.
fn goes_on(rest: &str) -> bool {
    rest.starts_with(|c| {
        "共是计体会有部统局地作程厂业人资期伤友商艺具姐妹妹们哥弟长员面方伍列事播演".contains(c)
    })
}

/// People behind a word that a name follows: 负责人王建国.
fn introduced(found: &mut Found<'_, '_>, tokens: &[Tagged<'_>]) {
    let folded = found.text.folded;
    for word in INTRODUCED.find_iter(folded) {
        let mut at = word.end();
        // 李冬、王强、赵明.
        for _ in 0..8 {
            let Some(to) = name_at(folded, at, tokens) else { break };
            found.add(at, to);
            let Some(next) = folded[to..].chars().next().filter(|c| matches!(c, '、' | '和' | ' ')) else {
                break;
            };
            at = to + next.len_utf8();
        }
    }
}

/// Returns where a name ends that begins at a byte.
fn name_at(folded: &str, from: usize, tokens: &[Tagged<'_>]) -> Option<usize> {
    let rest = &folded[from..];
    let surname = surname(rest)?;
    if !tokens.iter().any(|token| token.start == from) {
        return None;
    }
    if let Some(token) = tokens.iter().find(|token| token.start == from && token.tag.starts_with("nr")) {
        let length = token.word.chars().count();
        if (surname + 1..=surname + 2).contains(&length) {
            let end = from + token.word.len();
            return Some(end + more_of_name(folded, end, length - surname, tokens));
        }
    }
    let first = tokens.iter().find(|token| token.start == from)?;
    let is_given = |c: char| is_han(c) && !NOT_GIVEN.contains(c);
    // What follows shows where the name ends, also where the text was cut otherwise: 孙丽不退, 吴国平表示.
    for given in [2, 1] {
        let Some((at, last)) = rest.char_indices().nth(surname + given - 1) else { continue };
        let to = from + at + last.len_utf8();
        let ends = folded[to..].chars().next().is_none_or(|c| !is_han(c) || NOT_GIVEN.contains(c))
            || tells(&folded[to..]);
        let word = tokens.iter().any(|token| {
            token.start == from
                && token.start + token.word.len() == to
                && matches!(token.tag, "v" | "d" | "ad" | "t" | "r" | "c" | "p" | "l")
        });
        if ends
            && !word
            && common(rest)
            && rest.chars().skip(surname).take(given).all(is_given)
            && !super::place::is_region(&folded[from..to])
        {
            return Some(to);
        }
    }
    // A word that the dictionary knows as something else is no name.
    if first.word.chars().count() > surname || !common(rest) && surname == 1 {
        return None;
    }
    let given: Vec<(usize, char)> = rest.char_indices().skip(surname).take(2).collect();
    let (at, one) = *given.first()?;
    if !is_given(one) {
        return None;
    }
    let end = from + at + one.len_utf8();
    Some(end + more_of_name(folded, end, 1, tokens))
}

/// Returns how many bytes of a second character of a given name follow.
fn more_of_name(folded: &str, end: usize, given: usize, tokens: &[Tagged<'_>]) -> usize {
    let Some(next) = folded[end..].chars().next().filter(|_| given == 1) else { return 0 };
    let to = end + next.len_utf8();
    let within = tokens.iter().any(|token| token.start < to && token.start + token.word.len() > to);
    let lone = tokens.iter().any(|token| {
        token.start == end
            && token.start + token.word.len() == to
            && token.tag != "v"
            && token.tag != "p"
            && token.tag != "d"
    });
    let middle = tokens.iter().any(|token| token.start < end && token.start + token.word.len() == to);
    if is_han(next) && !NOT_GIVEN.contains(next) && !within && (lone || middle) { next.len_utf8() } else { 0 }
}

/// People whom the cut of the text, or the words around them, show to be some.
fn told_of(found: &mut Found<'_, '_>, tokens: &[Tagged<'_>], lexicon: &Lexicon) {
    let folded = found.text.folded;
    for (at, token) in tokens.iter().enumerate() {
        let mut end = token.start + token.word.len();
        let length = token.word.chars().count();
        let listed = folded[..token.start].ends_with('、') || folded[end..].starts_with('、');
        // The cut leaves names that it does not know in two: 龚|强华, 吴子|深.
        let next = tokens.get(at + 1).filter(|next| is_given_name(next));
        if let Some(next) =
            next.filter(|next| token.tag == "nr" && !(length == 1 && next.word.chars().count() == 1))
        {
            let given = next.word.chars().count();
            let lone = length == 1 && given == 2 && COMMON.contains(token.word);
            let cut = length == 2 && given == 1 && common(token.word);
            let after = &folded[next.start + next.word.len()..];
            if lone || (cut && (listed || after.starts_with('、') || tells(after))) {
                end = next.start + next.word.len();
            }
        }
        let word = &folded[token.start..end];
        let length = word.chars().count();
        let rest = &folded[end..];
        let told = tells(rest) || (rest.starts_with(':') && token.start == 0);
        let Some(surname) = surname(word).filter(|surname| length > *surname && length <= surname + 2) else {
            // A foreign name is told from a place and a team by what it does.
            if told
                && length >= 2
                && (token.tag.starts_with("nr") || !lexicon.has(token.word))
                && token.tag != "ns"
                && is_foreign(word)
                && !super::place::is_region(word)
            {
                found.add(before_foreign(folded, token.start), end);
            }
            continue;
        };
        let joined = end > token.start + token.word.len();
        // The cut guesses at words that it does not know; with such a surname it is a name.
        let guessed = !lexicon.has(word)
            && common(word)
            && (length == surname + 2 || told)
            && matches!(token.tag, "ns" | "x" | "n" | "t" | "v" | "nz");
        if !(joined || guessed || token.tag.starts_with("nr"))
            || super::place::is_region(word)
            || names_place(word, rest) && !told
        {
            continue;
        }
        let known = lexicon.has(word);
        // The dictionary's short names are words as well: 明星, 荣誉, 康复.
        let likely = joined
            || match (known, length - surname) {
                (true, 1) => listed && common(word),
                (true, _) => !is_foreign(word) && !word.contains('之') && !word.starts_with("何时"),
                (false, _) => common(word) || !"和时从能向都全平高通关应终经解东西何".contains(&word[..3]),
            };
        if told || likely {
            let more = if known || joined { 0 } else { more_of_name(folded, end, length - surname, tokens) };
            found.add(token.start, end + more);
        }
    }
}

fn tells(rest: &str) -> bool {
    TELLS.iter().any(|word| rest.starts_with(word))
}

fn is_foreign(word: &str) -> bool {
    word.chars().all(|c| FOREIGN.contains(c))
}

/// Tells whether a word may be a given name, or the second character of one.
fn is_given_name(token: &Tagged<'_>) -> bool {
    let length = token.word.chars().count();
    let kind = matches!(
        token.tag,
        "a" | "n"
            | "v"
            | "b"
            | "nr"
            | "nz"
            | "z"
            | "zg"
            | "ng"
            | "ag"
            | "vg"
            | "vn"
            | "ad"
            | "an"
            | "g"
            | "i"
            | "j"
    );
    kind && length <= 2
        && token
            .word
            .chars()
            .all(|c| is_han(c) && !NOT_GIVEN.contains(c) && !"家氏姓府庄村路街镇某总局".contains(c))
        && !is_stopword(token.word)
        && !(length == 1 && matches!(token.tag, "v"))
        && !TITLES.split('|').any(|title| token.word.starts_with(title))
        && !TELLS.contains(&token.word)
}

/// Tells whether what looks like a name names a place or a thing, by its end or by what follows.
fn names_place(word: &str, rest: &str) -> bool {
    // Many a name ends with a mountain or a river, hardly one with a street.
    const ENDS: &str = "寺街岛坡派路村湾庄镇区县乡店桥站卡牌奖杯队级朝学院校沿线";
    const ALSO_ENDS: &str = "宝树城山河湖江海峰园门宫塔楼洲州国军化性";
    const FOLLOW: [&str; 16] = [
        "路", "街", "村", "镇", "区", "县", "市", "乡", "小区", "大道", "广场", "大厦", "公司", "集团", "寺",
        "桥",
    ];
    (word.chars().count() > 2
        && word.ends_with(|c| ENDS.contains(c) || (ALSO_ENDS.contains(c) && !common(word))))
        || word.ends_with(['姓', '氏'])
        || FOLLOW.iter().any(|end| rest.starts_with(end))
}

/// Returns where a foreign name begins of which only the end is one word.
fn before_foreign(folded: &str, start: usize) -> usize {
    folded[..start]
        .char_indices()
        .rev()
        .take(4)
        .take_while(|(_, c)| FOREIGN.contains(*c))
        .last()
        .map_or(start, |(at, _)| at)
}

/// People as neighbours call them: 老王, 小李, 姓赵的师傅.
fn familiar(found: &mut Found<'_, '_>) {
    let folded = found.text.folded;
    for captures in FAMILIAR.captures_iter(folded) {
        let Some(whole) = captures.get(0) else { continue };
        if captures.get(1).is_some_and(|c| SURNAMES.contains(c.as_str())) {
            found.add(whole.start(), whole.end());
        }
        let Some(name) = captures.get(2) else { continue };
        const ALSO_WORDS: &str = "江田夏金马石龙段汤康史";
        let follows = folded[whole.end()..]
            .chars()
            .next()
            .is_none_or(|c| !is_han(c) || "的说在是把给和跟家打来去被也就没不一他向称".contains(c));
        let before = folded[..whole.start()]
            .chars()
            .next_back()
            .is_none_or(|c| !is_han(c) || "叫是找跟和给让被把问对的由到请".contains(c));
        if COMMON.contains(name.as_str()) && !ALSO_WORDS.contains(name.as_str()) && follows && before {
            found.add(whole.start(), whole.end());
        }
    }
}

/// Names that were found once, wherever else they stand.
fn again(found: &mut Found<'_, '_>) {
    let folded = found.text.folded;
    let names: Vec<(usize, usize)> = found
        .out
        .iter()
        .filter(|span| (3..=8).contains(&(span.end - span.start)))
        .map(|span| (span.start, span.end))
        .collect();
    for (start, end) in names.into_iter().take(20) {
        let byte = |at: usize| found.text.places.get(at).copied().unwrap_or(folded.len());
        let name = &folded[byte(start)..byte(end)];
        for (at, _) in folded.match_indices(name) {
            found.add(at, at + name.len());
        }
    }
}

fn known_name(tokens: &[Tagged<'_>], from: usize, to: usize) -> bool {
    tokens.iter().any(|token| {
        token.start == from && token.start + token.word.len() == to && token.tag.starts_with("nr")
    })
}

fn common(name: &str) -> bool {
    surname(name) == Some(2) || name.chars().next().is_some_and(|c| COMMON.contains(c))
}

/// Returns how many characters the surname has that a name begins with.
fn surname(name: &str) -> Option<usize> {
    if COMPOUND.iter().any(|compound| name.starts_with(compound)) {
        return Some(2);
    }
    name.chars().next().filter(|c| SURNAMES.contains(*c)).map(|_| 1)
}
