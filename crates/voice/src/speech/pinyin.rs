//! Chinese text as pinyin with tone numbers, which is what the embedded voice reads well.

use pinyin::{ToPinyin as _, ToPinyinMulti as _};

use crate::callflow::Language;
use crate::callflow::said;

/// Characters that are read otherwise in these words. The longest word at a place decides.
const WORDS: &[(&str, &str)] = &[
    ("银行", "yin2 hang2"),
    ("行业", "hang2 ye4"),
    ("行长", "hang2 zhang3"),
    ("分行", "fen1 hang2"),
    ("支行", "zhi1 hang2"),
    ("央行", "yang1 hang2"),
    ("行情", "hang2 qing2"),
    ("同行", "tong2 hang2"),
    ("发行", "fa1 xing2"),
    ("执行", "zhi2 xing2"),
    ("长大", "zhang3 da4"),
    ("市长", "shi4 zhang3"),
    ("区长", "qu1 zhang3"),
    ("县长", "xian4 zhang3"),
    ("镇长", "zhen4 zhang3"),
    ("乡长", "xiang1 zhang3"),
    ("村长", "cun1 zhang3"),
    ("局长", "ju2 zhang3"),
    ("处长", "chu4 zhang3"),
    ("科长", "ke1 zhang3"),
    ("所长", "suo3 zhang3"),
    ("院长", "yuan4 zhang3"),
    ("校长", "xiao4 zhang3"),
    ("班长", "ban1 zhang3"),
    ("组长", "zu3 zhang3"),
    ("部长", "bu4 zhang3"),
    ("家长", "jia1 zhang3"),
    ("增长", "zeng1 zhang3"),
    ("成长", "cheng2 zhang3"),
    ("生长", "sheng1 zhang3"),
    ("首长", "shou3 zhang3"),
    ("会长", "hui4 zhang3"),
    ("董事长", "dong3 shi4 zhang3"),
    ("站长", "zhan4 zhang3"),
    ("队长", "dui4 zhang3"),
    ("重新", "chong2 xin1"),
    ("重复", "chong2 fu4"),
    ("重听", "chong2 ting1"),
    ("重播", "chong2 bo1"),
    ("重庆", "chong2 qing4"),
    ("重建", "chong2 jian4"),
    ("重申", "chong2 shen1"),
    ("双重", "shuang1 chong2"),
    ("处理", "chu3 li3"),
    ("处罚", "chu3 fa2"),
    ("处置", "chu3 zhi4"),
    ("处于", "chu3 yu2"),
    ("处分", "chu3 fen4"),
    ("相处", "xiang1 chu3"),
    ("查处", "cha2 chu3"),
    ("惩处", "cheng2 chu3"),
    ("办事处", "ban4 shi4 chu4"),
    ("到处", "dao4 chu4"),
    ("好处", "hao3 chu4"),
    ("各处", "ge4 chu4"),
    ("调查", "diao4 cha2"),
    ("调度", "diao4 du4"),
    ("调动", "diao4 dong4"),
    ("调研", "diao4 yan2"),
    ("强调", "qiang2 diao4"),
    ("调解", "tiao2 jie3"),
    ("调整", "tiao2 zheng3"),
    ("空调", "kong1 tiao2"),
    ("协调", "xie2 tiao2"),
    ("调节", "tiao2 jie2"),
    ("调价", "tiao2 jia4"),
    ("还款", "huan2 kuan3"),
    ("归还", "gui1 huan2"),
    ("退还", "tui4 huan2"),
    ("偿还", "chang2 huan2"),
    ("还钱", "huan2 qian2"),
    ("还给", "huan2 gei3"),
    ("还书", "huan2 shu1"),
    ("为您", "wei4 nin2"),
    ("为了", "wei4 le5"),
    ("因为", "yin1 wei4"),
    ("为什么", "wei4 shen2 me5"),
    ("为民", "wei4 min2"),
    ("便宜", "pian2 yi5"),
    ("首都", "shou3 du1"),
    ("成都", "cheng2 du1"),
    ("都市", "du1 shi4"),
    ("应急", "ying4 ji2"),
    ("反应", "fan3 ying4"),
    ("适应", "shi4 ying4"),
    ("响应", "xiang3 ying4"),
    ("供应", "gong1 ying4"),
    ("回应", "hui2 ying4"),
    ("相应", "xiang1 ying4"),
    ("应用", "ying4 yong4"),
    ("答应", "da1 ying5"),
    ("对应", "dui4 ying4"),
    ("更新", "geng1 xin1"),
    ("更换", "geng1 huan4"),
    ("更改", "geng1 gai3"),
    ("更正", "geng1 zheng4"),
    ("变更", "bian4 geng1"),
    ("会计", "kuai4 ji4"),
    ("假期", "jia4 qi1"),
    ("放假", "fang4 jia4"),
    ("请假", "qing3 jia4"),
    ("休假", "xiu1 jia4"),
    ("暑假", "shu3 jia4"),
    ("寒假", "han2 jia4"),
    ("节假日", "jie2 jia4 ri4"),
    ("法定假日", "fa3 ding4 jia4 ri4"),
    ("下载", "xia4 zai4"),
    ("记载", "ji4 zai3"),
    ("效率", "xiao4 lv4"),
    ("利率", "li4 lv4"),
    ("税率", "shui4 lv4"),
    ("比率", "bi3 lv4"),
    ("满意率", "man3 yi4 lv4"),
    ("率先", "shuai4 xian1"),
    ("音乐", "yin1 yue4"),
    ("乐器", "yue4 qi4"),
    ("数据", "shu4 ju4"),
    ("着急", "zhao2 ji2"),
    ("着火", "zhao2 huo3"),
    ("睡着", "shui4 zhao2"),
    ("附着", "fu4 zhuo2"),
    ("着手", "zhuo2 shou3"),
    ("目的", "mu4 di4"),
    ("的确", "di2 que4"),
    ("的士", "di1 shi4"),
    ("土地", "tu3 di4"),
    ("地址", "di4 zhi3"),
    ("地点", "di4 dian3"),
    ("地方", "di4 fang1"),
    ("地区", "di4 qu1"),
    ("地铁", "di4 tie3"),
    ("地面", "di4 mian4"),
    ("工地", "gong1 di4"),
    ("场地", "chang3 di4"),
    ("当地", "dang1 di4"),
    ("属地", "shu3 di4"),
    ("各地", "ge4 di4"),
    ("异地", "yi4 di4"),
    ("得知", "de2 zhi1"),
    ("取得", "qu3 de2"),
    ("获得", "huo4 de2"),
    ("所得", "suo3 de2"),
    ("不得不", "bu4 de2 bu4"),
    ("不得", "bu4 de2"),
    ("得到", "de2 dao4"),
    ("了解", "liao3 jie3"),
    ("了结", "liao3 jie2"),
    ("受不了", "shou4 bu5 liao3"),
    ("不了", "bu4 liao3"),
    ("分量", "fen4 liang4"),
    ("成分", "cheng2 fen4"),
    ("部分", "bu4 fen5"),
    ("身份", "shen1 fen4"),
    ("爱好", "ai4 hao4"),
    ("转动", "zhuan4 dong4"),
    ("传记", "zhuan4 ji4"),
    ("曾经", "ceng2 jing1"),
    ("出差", "chu1 chai1"),
    ("差别", "cha1 bie2"),
    ("误差", "wu4 cha1"),
    ("差额", "cha1 e2"),
    ("差不多", "cha4 bu5 duo1"),
    ("中奖", "zhong4 jiang3"),
    ("中毒", "zhong4 du2"),
    ("中标", "zhong4 biao1"),
    ("种植", "zhong4 zhi2"),
    ("种树", "zhong4 shu4"),
    ("单位", "dan1 wei4"),
    ("几乎", "ji1 hu1"),
    ("参差", "cen1 ci1"),
    ("人参", "ren2 shen1"),
    ("少年", "shao4 nian2"),
    ("青少年", "qing1 shao4 nian2"),
    ("省略", "sheng3 lve4"),
    ("反省", "fan3 xing3"),
    ("相片", "xiang4 pian4"),
    ("照相", "zhao4 xiang4"),
    ("真相", "zhen1 xiang4"),
    ("要求", "yao1 qiu2"),
    ("要约", "yao1 yue1"),
    ("参与", "can1 yu4"),
    ("肮脏", "ang1 zang1"),
    ("脏", "zang1"),
    ("倒闭", "dao3 bi4"),
    ("倒塌", "dao3 ta1"),
    ("倒车", "dao4 che1"),
    ("降落", "jiang4 luo4"),
    ("投降", "tou2 xiang2"),
    ("干净", "gan1 jing4"),
    ("干部", "gan4 bu4"),
    ("干扰", "gan1 rao3"),
    ("干活", "gan4 huo2"),
    ("若干", "ruo4 gan1"),
    ("骨干", "gu3 gan4"),
    ("干燥", "gan1 zao4"),
    ("散布", "san4 bu4"),
    ("散步", "san4 bu4"),
    ("解散", "jie3 san4"),
    ("疏散", "shu1 san4"),
    ("弹性", "tan2 xing4"),
    ("子弹", "zi3 dan4"),
    ("安宁", "an1 ning2"),
    ("宁可", "ning4 ke3"),
    ("给予", "ji3 yu3"),
    ("供给", "gong1 ji3"),
    ("给水", "ji3 shui3"),
    ("补给", "bu3 ji3"),
    ("称职", "chen4 zhi2"),
    ("对称", "dui4 chen4"),
    ("合同", "he2 tong5"),
    ("胡同", "hu2 tong4"),
    ("薄弱", "bo2 ruo4"),
    ("厦门", "xia4 men2"),
    ("什么", "shen2 me5"),
    ("怎么", "zen3 me5"),
    ("我们", "wo3 men5"),
    ("你们", "ni3 men5"),
    ("他们", "ta1 men5"),
    ("咱们", "zan2 men5"),
    ("朋友", "peng2 you5"),
    ("先生", "xian1 sheng5"),
    ("一会儿", "yi2 hui4 r5"),
    ("号码", "hao4 ma3"),
    ("号召", "hao4 zhao4"),
    ("召集", "zhao4 ji2"),
    ("背包", "bei1 bao1"),
    ("没收", "mo4 shou1"),
    ("淹没", "yan1 mo4"),
    ("朝阳", "chao2 yang2"),
    ("朝向", "chao2 xiang4"),
    ("今朝", "jin1 zhao1"),
    ("模样", "mu2 yang4"),
    ("屏除", "bing3 chu2"),
    ("拗", "ao4"),
    ("塞车", "sai1 che1"),
    ("堵塞", "du3 se4"),
    ("闭塞", "bi4 se4"),
    ("瓶塞", "ping2 sai1"),
    ("露天", "lu4 tian1"),
    ("暴露", "bao4 lu4"),
    ("露面", "lou4 mian4"),
    ("血压", "xue4 ya1"),
    ("流血", "liu2 xue4"),
    ("薪俸", "xin1 feng4"),
    ("刹车", "sha1 che1"),
    ("挑战", "tiao3 zhan4"),
    ("挑选", "tiao1 xuan3"),
    ("宿舍", "su4 she4"),
    ("舍得", "she3 de5"),
    ("似的", "shi4 de5"),
    ("提防", "di1 fang5"),
    ("尽管", "jin3 guan3"),
    ("尽快", "jin3 kuai4"),
    ("尽量", "jin3 liang4"),
    ("尽早", "jin3 zao3"),
    ("累计", "lei3 ji4"),
    ("积累", "ji1 lei3"),
    ("连累", "lian2 lei5"),
    ("勉强", "mian3 qiang3"),
    ("强迫", "qiang3 po4"),
    ("切实", "qie4 shi2"),
    ("一切", "yi2 qie4"),
    ("冲着", "chong4 zhe5"),
    ("看守", "kan1 shou3"),
    ("看护", "kan1 hu4"),
    ("创伤", "chuang1 shang1"),
    ("钉子", "ding1 zi5"),
    ("缝隙", "feng4 xi4"),
    ("载重", "zai4 zhong4"),
    ("折腾", "zhe1 teng5"),
    ("咽喉", "yan1 hou2"),
    ("占用", "zhan4 yong4"),
    ("侵占", "qin1 zhan4"),
    ("正月", "zheng1 yue4"),
    ("只有", "zhi3 you3"),
    ("一只", "yi4 zhi1"),
    ("钻石", "zuan4 shi2"),
    ("的", "de5"),
    ("地", "de5"),
    ("得", "de5"),
    ("着", "zhe5"),
    ("了", "le5"),
    ("们", "men5"),
    ("都", "dou1"),
    ("还", "hai2"),
    ("为", "wei2"),
    ("和", "he2"),
    ("将", "jiang1"),
    ("只", "zhi3"),
    ("把", "ba3"),
    ("被", "bei4"),
    ("与", "yu3"),
    ("会", "hui4"),
    ("好", "hao3"),
    ("没", "mei2"),
    ("那", "na4"),
    ("哪", "na3"),
    ("长", "chang2"),
    ("重", "zhong4"),
    ("行", "xing2"),
    ("数", "shu4"),
    ("幺", "yao1"),
    ("两", "liang3"),
    ("给", "gei3"),
    ("处", "chu4"),
    ("调", "diao4"),
    ("便", "bian4"),
    ("应", "ying1"),
    ("更", "geng4"),
    ("种", "zhong3"),
    ("中", "zhong1"),
    ("转", "zhuan3"),
    ("率", "lv4"),
    ("空", "kong1"),
    ("相", "xiang1"),
    ("似", "si4"),
    ("少", "shao3"),
    ("省", "sheng3"),
    ("要", "yao4"),
    ("占", "zhan4"),
    ("正", "zheng4"),
    ("分", "fen1"),
    ("干", "gan4"),
    ("间", "jian1"),
    ("看", "kan4"),
    ("难", "nan2"),
    ("量", "liang4"),
    ("号", "hao4"),
];

/// Longest word of the table, in characters.
const LONGEST: usize = 4;

/// Names of letters, as near as pinyin comes.
const LETTERS: [&str; 26] = [
    "ei1",
    "bi4",
    "xi1",
    "di4",
    "yi4",
    "ai2 fu5",
    "ji4",
    "ai2 qi5",
    "ai4",
    "jie4",
    "kai4",
    "ai2 lou5",
    "ai2 mu5",
    "en1",
    "ou1",
    "pi4",
    "kiu4",
    "a1",
    "ai2 si5",
    "ti4",
    "you4",
    "wei1",
    "da2 bu5 liu5",
    "ai2 ke5 si5",
    "wai4",
    "zei4",
];

/// Puts a text into pinyin with tone numbers; signs stay as pauses.
#[must_use]
pub fn transcribe(text: &str) -> String {
    let text = spell_numbers(text);
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if let Some((length, reading)) = word_at(&chars[at..]) {
            out.push(reading.to_owned());
            at += length;
            continue;
        }
        let c = chars[at];
        at += 1;
        if let Some(reading) = c.to_pinyin() {
            out.push(reading.with_tone_num_end().replace('ü', "v"));
        } else if c.is_ascii_alphabetic() {
            out.push(LETTERS[(c.to_ascii_lowercase() as u8 - b'a') as usize].to_owned());
        } else if let Some(pause) = pause(c) {
            match out.last_mut() {
                Some(last) => last.push(pause),
                None => out.push(pause.to_string()),
            }
        }
    }
    // A syllable without a tone number is one with a neutral tone.
    out.iter()
        .map(|part| {
            let bare = part.trim_end_matches(['.', ',', '?', '!']);
            if bare.ends_with(|c: char| c.is_ascii_alphabetic()) {
                format!("{bare}5{}", &part[bare.len()..])
            } else {
                part.clone()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Tells how many readings a character has.
#[must_use]
pub fn readings(c: char) -> usize {
    c.to_pinyin_multi().map_or(0, |multi| multi.count())
}

fn word_at(chars: &[char]) -> Option<(usize, &'static str)> {
    (1..=LONGEST.min(chars.len())).rev().find_map(|length| {
        let word: String = chars[..length].iter().collect();
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, reading)| (length, *reading))
    })
}

fn pause(c: char) -> Option<char> {
    match c {
        '，' | ',' | '、' | '；' | ';' | '：' | ':' | '（' | '）' | '(' | ')' | '“' | '”' | '-' | '—' => {
            Some(',')
        }
        '。' | '.' | '…' | '\n' => Some('.'),
        '！' | '!' => Some('!'),
        '？' | '?' => Some('?'),
        _ => None,
    }
}

/// Puts runs of digits into characters: long ones and those with a leading zero digit by digit.
fn spell_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            let form =
                if run.len() >= 5 || (run.len() > 1 && run.starts_with('0')) { "code" } else { "number" };
            out.push_str(&said::say(&run, form, Language::Zh));
            run.clear();
        }
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_how_their_characters_are_read() {
        assert_eq!(transcribe("银行行长"), "yin2 hang2 hang2 zhang3");
        assert_eq!(transcribe("孩子长大了。"), "hai2 zi5 zhang3 da4 le5.");
        assert_eq!(transcribe("处理办事处"), "chu3 li3 ban4 shi4 chu4");
        assert_eq!(transcribe("请重新输入"), "qing3 chong2 xin1 shu1 ru4");
        assert_eq!(transcribe("满意率，绿女"), "man3 yi4 lv4, lv4 nv3");
    }

    #[test]
    fn numbers_letters_and_signs_are_read() {
        assert_eq!(transcribe("12345热线"), "yao1 er4 san1 si4 wu3 re4 xian4");
        assert_eq!(transcribe("第15位"), "di4 shi2 wu3 wei4");
        assert_eq!(transcribe("YZ，好！"), "wai4 zei4, hao3!");
        assert_eq!(transcribe(""), "");
        assert_eq!(transcribe("😀\0"), "");
    }

    #[test]
    fn what_is_put_out_is_nothing_but_syllables() {
        let text = "您好，目前没有话务员在线。继续等待请按一，留言请按二！儿化音哪儿嗯呒";
        for part in transcribe(text).split(' ') {
            let syllable = part.trim_end_matches(['.', ',', '!', '?']);
            assert!(syllable.ends_with(|c: char| ('1'..='5').contains(&c)), "{part}");
        }
    }
}
