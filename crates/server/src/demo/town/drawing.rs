//! Land, water, roads and houses of the invented city.

use geo::Point;
use geo::osm::{Class, Feature, Layer};
use geo::shape::{Line, Polygon, Shape, clip_line, contains};

use super::Ward;
use super::chance::Chance;

/// The middle of the ring roads.
const MIDDLE: Point = [112.525, 30.238];

fn push_area(features: &mut Vec<Feature>, class: Class, name: Option<&str>, edge: Line) {
    features.push(Feature { class, name: name.map(str::to_owned), shape: Shape::Areas(vec![vec![edge]]) });
}

fn push_line(features: &mut Vec<Feature>, class: Class, name: Option<&str>, line: Line) {
    features.push(Feature { class, name: name.map(str::to_owned), shape: Shape::Lines(vec![line]) });
}

/// A closed line around a place, with uneven reach.
fn blob(word: &str, [x, y]: Point, wide: f64, high: f64, uneven: f64) -> Line {
    let mut chance = Chance::of(word);
    let reach: Vec<f64> = (0..12).map(|_| 1.0 + (chance.share() - 0.5) * uneven).collect();
    let mut edge = Line::new();
    for step in 0..72_u32 {
        let along = f64::from(step) / 72.0;
        // Between two of the twelve reaches it goes over smoothly.
        let at = along * 12.0;
        let (from, share) = (at.floor(), at - at.floor());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 11")]
        let from = from as usize;
        let smooth = share * share * (3.0 - 2.0 * share);
        let far = reach[from % 12] * (1.0 - smooth) + reach[(from + 1) % 12] * smooth;
        let angle = along * std::f64::consts::TAU;
        edge.push([x + wide * far * angle.cos(), y + high * far * angle.sin()]);
    }
    edge.push(edge[0]);
    edge
}

fn ring([x, y]: Point, wide: f64, high: f64) -> Line {
    (0..=96_u32)
        .map(|step| {
            let angle = f64::from(step % 96) / 96.0 * std::f64::consts::TAU;
            // A little squarer than a circle, as ring roads are.
            let square = |value: f64| value.signum() * value.abs().powf(0.8);
            [x + wide * square(angle.cos()), y + high * square(angle.sin())]
        })
        .collect()
}

/// What the land is used for.
pub(super) fn land(wards: &[Ward<'_>], features: &mut Vec<Feature>) {
    for ward in wards {
        let kind = if ward.rural { "farm" } else { "residential" };
        push_area(features, Class::area(Layer::Land, kind, 8), None, ward.cell.clone());
        let [x, y] = [ward.street.centre.0, ward.street.centre.1];
        if ward.rural {
            let edge = blob(&ward.street.code, [x, y], 0.0052, 0.0042, 0.5);
            push_area(features, Class::area(Layer::Land, "residential", 9), None, edge);
        }
        let mut chance = Chance::of(&format!("{} green", ward.street.code));
        for number in 0..3 {
            let place = [x + (chance.share() - 0.5) * 0.016, y + (chance.share() - 0.5) * 0.013];
            let kind = if number == 0 { "park" } else { "grass" };
            let word = format!("{}{number}", ward.street.code);
            push_area(
                features,
                Class::area(Layer::Land, kind, 10),
                None,
                blob(&word, place, 0.0011, 0.0009, 0.6),
            );
        }
    }
    for (name, place, wide, high) in [
        ("半亭山", [112.5475, 30.2825], 0.008, 0.0065),
        ("霁岭", [112.5905, 30.2860], 0.012, 0.006),
        ("茶坞岭", [112.5700, 30.2990], 0.010, 0.004),
        ("西望山", [112.4460, 30.2450], 0.006, 0.010),
    ] {
        let edge = blob(name, place, wide, high, 0.5);
        push_area(features, Class::area(Layer::Land, "wood", 8), None, edge);
    }
    for (word, place) in [("软件园", [112.5455, 30.2465]), ("产业园", [112.5685, 30.2395])] {
        let edge = blob(word, place, 0.004, 0.003, 0.2);
        push_area(features, Class::area(Layer::Land, "industrial", 10), None, edge);
    }
}

/// The river's middle line, from the north-west to the south-east.
fn river() -> Line {
    (0..=120_u32)
        .map(|step| {
            let along = f64::from(step) / 120.0;
            let swing = (along * 9.0).sin() * 0.0052 + (along * 21.0).sin() * 0.0012;
            [112.428 + along * 0.222, 30.2685 - along * 0.088 + swing]
        })
        .collect()
}

/// Water; returned to keep houses out of it.
pub(super) fn water(features: &mut Vec<Feature>) -> Vec<Polygon> {
    let middle = river();
    let (mut left, mut right) = (Line::new(), Line::new());
    for (number, pair) in (0_u32..).zip(middle.windows(2)) {
        let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
        let length = dx.hypot(dy);
        let half = 0.0013 + 0.0009 * (f64::from(number) / 120.0) + 0.0002 * (f64::from(number) * 0.4).sin();
        left.push([pair[0][0] - dy / length * half, pair[0][1] + dx / length * half]);
        right.push([pair[0][0] + dy / length * half, pair[0][1] - dx / length * half]);
    }
    right.reverse();
    left.extend(right);
    left.push(left[0]);
    let lake = |name, place, wide, high| (name, blob(name, place, wide, high, 0.45));
    let mut all = vec![vec![left.clone()]];
    push_area(features, Class::area(Layer::Water, "river", 6), None, left);
    // The name is written along the middle.
    push_line(features, Class::line(Layer::Water, "river", 11), Some("云江"), middle);
    for (name, edge) in [
        lake("澄心湖", [112.5215, 30.2600], 0.0042, 0.0026),
        lake("霁岭水库", [112.5985, 30.2790], 0.0040, 0.0028),
        lake("砚池", [112.4565, 30.2345], 0.0014, 0.0010),
        lake("菱湾", [112.5635, 30.2295], 0.0024, 0.0014),
        lake("芦笛荡", [112.6290, 30.1930], 0.0046, 0.0030),
    ] {
        let place = geo::shape::centre(&[vec![edge.clone()]]);
        push_area(features, Class::area(Layer::Water, "lake", 7), Some(name), edge.clone());
        if let Some(place) = place {
            features.push(Feature {
                class: Class::line(Layer::Poi, "lake", 12),
                name: Some(name.to_owned()),
                shape: Shape::Point(place),
            });
        }
        all.push(vec![edge]);
    }
    for (word, from, to) in
        [("北溪", [112.536, 30.300], [112.523, 30.262]), ("麦渠", [112.590, 30.212], [112.612, 30.178])]
    {
        let mut chance = Chance::of(word);
        let line = (0..=16_u32).map(|step| {
            let along = f64::from(step) / 16.0;
            let aside = (along * 11.0).sin() * 0.0012 + (chance.share() - 0.5) * 0.0003;
            [from[0] + (to[0] - from[0]) * along + aside, from[1] + (to[1] - from[1]) * along + aside]
        });
        push_line(features, Class::line(Layer::Water, "canal", 10), Some(word), line.collect());
    }
    all
}

/// Roads, railways and the underground.
pub(super) fn roads(wards: &[Ward<'_>], features: &mut Vec<Feature>) {
    push_line(
        features,
        Class::line(Layer::Road, "motorway", 7),
        Some("云州绕城高速"),
        ring(MIDDLE, 0.072, 0.053),
    );
    push_line(features, Class::line(Layer::Road, "trunk", 8), Some("二环路"), ring(MIDDLE, 0.033, 0.026));
    for (name, to) in [
        ("云穗大道", [112.628, 30.186]),
        ("霁岭大道", [112.590, 30.290]),
        ("北辰大道", [112.515, 30.293]),
        ("青砚大道", [112.440, 30.256]),
        ("枫江大道", [112.462, 30.184]),
        ("江南大道", [112.552, 30.178]),
    ] {
        let mut chance = Chance::of(name);
        let line = (0..=10_u32).map(|step| {
            let along = 0.25 + 0.75 * f64::from(step) / 10.0;
            let aside = (along * 7.0).sin() * 0.0012 * chance.share();
            [MIDDLE[0] + (to[0] - MIDDLE[0]) * along + aside, MIDDLE[1] + (to[1] - MIDDLE[1]) * along - aside]
        });
        push_line(features, Class::line(Layer::Road, "primary", 8), Some(name), line.collect());
    }
    for ward in wards {
        streets(ward, features);
    }
    let rail: Line = (0..=40_u32)
        .map(|step| {
            let along = f64::from(step) / 40.0;
            [112.430 + along * 0.212, 30.2790 - along * 0.020 - (along * 3.2).sin() * 0.012]
        })
        .collect();
    push_line(features, Class::line(Layer::Rail, "rail", 9), None, rail);
    for (from, to) in [([112.462, 30.206], [112.570, 30.246]), ([112.500, 30.274], [112.566, 30.206])] {
        let line = (0..=12_u32).map(|step| {
            let along = f64::from(step) / 12.0;
            [
                from[0] + (to[0] - from[0]) * along,
                from[1] + (to[1] - from[1]) * along + (along * 6.0).sin() * 0.002,
            ]
        });
        push_line(features, Class::line(Layer::Rail, "metro", 11), None, line.collect());
    }
}

/// The named roads of a street and the lanes between them.
fn streets(ward: &Ward<'_>, features: &mut Vec<Feature>) {
    let [x, y] = [ward.street.centre.0, ward.street.centre.1];
    let (wide, high) = (0.0110, 0.0090);
    let name = |at: usize| ward.street.roads.get(at).map(String::as_str);
    let mut chance = Chance::of(&ward.street.code);
    let mut tilt = || (chance.share() - 0.5) * 0.0006;
    let across = vec![[x - wide, y], [x - 0.004, y + tilt()], [x + 0.004, y + tilt()], [x + wide, y]];
    push_line(features, Class::line(Layer::Road, "secondary", 10), name(0), across);
    let along = vec![[x, y - high], [x + tilt(), y - 0.003], [x + tilt(), y + 0.003], [x, y + high]];
    push_line(features, Class::line(Layer::Road, "tertiary", 11), name(1), along);
    let third = vec![[x - wide * 0.8, y - 0.0045], [x, y - 0.0045 + tilt()], [x + wide * 0.8, y - 0.0045]];
    push_line(features, Class::line(Layer::Road, "tertiary", 12), name(2), third);
    let reach = if ward.rural { 0.5 } else { 0.92 };
    let mut chance = Chance::of(&format!("{} lanes", ward.street.code));
    for step in -4_i32..=4 {
        let aside = f64::from(step) * 0.0022;
        for (line, wanted) in [
            (vec![[x - wide * reach, y + aside * 0.85], [x + wide * reach, y + aside * 0.85]], step != 0),
            (vec![[x + aside, y - high * reach], [x + aside, y + high * reach]], step != 0),
        ] {
            // Not every lane goes the whole way.
            let (from, to) = (chance.share() * 0.3, 1.0 - chance.share() * 0.3);
            let cut = |share: f64| {
                [
                    line[0][0] + (line[1][0] - line[0][0]) * share,
                    line[0][1] + (line[1][1] - line[0][1]) * share,
                ]
            };
            if wanted && chance.share() > 0.12 {
                push_line(features, Class::line(Layer::Road, "minor", 12), None, vec![cut(from), cut(to)]);
            }
        }
    }
}

/// Houses between the lanes.
pub(super) fn houses(wards: &[Ward<'_>], water: &[Polygon], features: &mut Vec<Feature>) {
    let main: Vec<Line> = features
        .iter()
        .filter(|one| matches!(one.class.kind, "motorway" | "trunk" | "primary" | "rail"))
        .filter_map(|one| match &one.shape {
            Shape::Lines(lines) => Some(lines.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let blocked = |[x, y]: Point| {
        main.iter().any(|line| {
            clip_line(line, 0, x - 0.0006, x + 0.0006)
                .iter()
                .any(|piece| !clip_line(piece, 1, y - 0.0005, y + 0.0005).is_empty())
        })
    };
    for ward in wards {
        let [x, y] = [ward.street.centre.0, ward.street.centre.1];
        let reach = if ward.rural { 2 } else { 4 };
        let mut chance = Chance::of(&format!("{} houses", ward.street.code));
        for column in -reach..reach {
            for row in -reach..reach {
                for (right, up) in [(0.27, 0.28), (0.73, 0.28), (0.27, 0.72), (0.73, 0.72)] {
                    let (wide, high) =
                        (0.00022 + chance.share() * 0.00038, 0.00016 + chance.share() * 0.00028);
                    let skip = chance.share() > if ward.rural { 0.6 } else { 0.86 };
                    let place =
                        [x + (f64::from(column) + right) * 0.0022, y + (f64::from(row) + up) * 0.0022 * 0.85];
                    if skip
                        || contains(water, place)
                        || !contains(&[vec![ward.cell.clone()]], place)
                        || blocked(place)
                    {
                        continue;
                    }
                    let [px, py] = place;
                    let mut edge = vec![
                        [px - wide, py - high],
                        [px + wide, py - high],
                        [px + wide, py + high],
                        [px - wide, py + high],
                    ];
                    if chance.share() > 0.7 {
                        // An L.
                        edge = vec![
                            [px - wide, py - high],
                            [px + wide, py - high],
                            [px + wide, py],
                            [px, py],
                            [px, py + high],
                            [px - wide, py + high],
                        ];
                    }
                    edge.push(edge[0]);
                    push_area(features, Class::area(Layer::Building, "building", 14), None, edge);
                }
            }
        }
    }
}
