//! `.osm.pbf`: blocks of protocol buffers, each compressed.

use std::io::{BufRead, Read as _};

use flate2::read::ZlibDecoder;

use super::OsmError;
use super::bytes::{Message, deltas, numbers, signed};
use super::parts::{Element, Member, MemberKind, Tags, Wants};

/// The largest head of a block, as the format says.
const HEAD_BYTES_MAX: u32 = 64 * 1024;
/// The largest block, packed and unpacked, as the format says.
const BLOCK_BYTES_MAX: usize = 32 * 1024 * 1024;
/// What files may need of their reader.
const KNOWN: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

type Visit<'v> = &'v mut dyn FnMut(&Element<'_>) -> Result<(), OsmError>;

fn corrupt(what: &str) -> OsmError {
    OsmError::Corrupt(what.to_owned())
}

pub(super) fn read<R: BufRead>(
    file: &mut R,
    wants: Wants,
    go_on: &dyn Fn() -> bool,
    visit: Visit<'_>,
) -> Result<(), OsmError> {
    let mut headed = false;
    while let Some((kind, block)) = next_block(file)? {
        if !go_on() {
            return Err(OsmError::TooLong);
        }
        match &*kind {
            "OSMHeader" => {
                check_needs(&block)?;
                headed = true;
            }
            "OSMData" if headed => read_block(&block, wants, visit)?,
            "OSMData" => return Err(corrupt("data before the head")),
            _ => {}
        }
    }
    if headed { Ok(()) } else { Err(corrupt("there is no head")) }
}

/// Reads a block and unpacks it; none at the end.
fn next_block<R: BufRead>(file: &mut R) -> Result<Option<(String, Vec<u8>)>, OsmError> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let whole = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => corrupt("it breaks off"),
        _ => OsmError::Io(error),
    };
    let mut length = [0; 4];
    file.read_exact(&mut length).map_err(whole)?;
    let length = u32::from_be_bytes(length);
    if length > HEAD_BYTES_MAX {
        return Err(corrupt("the head of a block is too large"));
    }
    let mut head = vec![0; length as usize];
    file.read_exact(&mut head).map_err(whole)?;
    let (mut kind, mut size) = (String::new(), 0);
    let mut message = Message(&head);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => kind = String::from_utf8_lossy(field.bytes()?).into_owned(),
            3 => size = usize::try_from(field.number()?).map_err(|_| corrupt("a block's size"))?,
            _ => {}
        }
    }
    if size > BLOCK_BYTES_MAX {
        return Err(corrupt("a block is too large"));
    }
    let mut packed = vec![0; size];
    file.read_exact(&mut packed).map_err(whole)?;
    let mut message = Message(&packed);
    let mut block = None;
    while let Some((number, field)) = message.next()? {
        match number {
            1 => block = Some(field.bytes()?.to_vec()),
            3 => {
                let mut out = Vec::new();
                ZlibDecoder::new(field.bytes()?)
                    .take(BLOCK_BYTES_MAX as u64 + 1)
                    .read_to_end(&mut out)
                    .map_err(|_| corrupt("a block cannot be unpacked"))?;
                if out.len() > BLOCK_BYTES_MAX {
                    return Err(corrupt("a block is too large"));
                }
                block = Some(out);
            }
            4..=7 => return Err(OsmError::Unsupported("a packing other than zlib".to_owned())),
            _ => {}
        }
    }
    Ok(Some((kind, block.ok_or_else(|| corrupt("an empty block"))?)))
}

fn check_needs(block: &[u8]) -> Result<(), OsmError> {
    let mut message = Message(block);
    while let Some((number, field)) = message.next()? {
        if number == 4 {
            let need = String::from_utf8_lossy(field.bytes()?).into_owned();
            if !KNOWN.contains(&&*need) {
                return Err(OsmError::Unsupported(need));
            }
        }
    }
    Ok(())
}

/// A block's words and how its places are counted.
struct Frame<'a> {
    words: Vec<&'a str>,
    granularity: f64,
    lat_offset: f64,
    lng_offset: f64,
}

impl<'a> Frame<'a> {
    fn word(&self, at: u64) -> Result<&'a str, OsmError> {
        usize::try_from(at)
            .ok()
            .and_then(|at| self.words.get(at))
            .copied()
            .ok_or_else(|| corrupt("a word that the block does not hold"))
    }

    #[expect(clippy::cast_precision_loss, reason = "nanodegrees have fewer digits than a double")]
    fn place(&self, lat: i64, lng: i64) -> [f64; 2] {
        [
            1e-9 * (self.lng_offset + self.granularity * lng as f64),
            1e-9 * (self.lat_offset + self.granularity * lat as f64),
        ]
    }

    fn tags(&self, keys: &[u64], values: &[u64]) -> Result<Tags<'a>, OsmError> {
        let pairs = keys.iter().zip(values).map(|(key, value)| Ok((self.word(*key)?, self.word(*value)?)));
        Ok(Tags(pairs.collect::<Result<_, OsmError>>()?))
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "nanodegrees fit")]
fn read_block(block: &[u8], wants: Wants, visit: Visit<'_>) -> Result<(), OsmError> {
    let mut frame = Frame { words: Vec::new(), granularity: 100.0, lat_offset: 0.0, lng_offset: 0.0 };
    let mut groups = Vec::new();
    let mut message = Message(block);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => {
                let mut table = Message(field.bytes()?);
                while let Some((number, field)) = table.next()? {
                    if number == 1 {
                        // A word that is no text is no word that a map shows.
                        frame.words.push(std::str::from_utf8(field.bytes()?).unwrap_or_default());
                    }
                }
            }
            2 => groups.push(field.bytes()?),
            17 => frame.granularity = field.number()? as i64 as f64,
            19 => frame.lat_offset = field.number()? as i64 as f64,
            20 => frame.lng_offset = field.number()? as i64 as f64,
            _ => {}
        }
    }
    for group in groups {
        let mut message = Message(group);
        while let Some((number, field)) = message.next()? {
            match number {
                1 if wants.nodes => node(&frame, field.bytes()?, visit)?,
                2 if wants.nodes => dense(&frame, field.bytes()?, visit)?,
                3 if wants.ways => way(&frame, field.bytes()?, visit)?,
                4 if wants.relations => relation(&frame, field.bytes()?, visit)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn node(frame: &Frame<'_>, bytes: &[u8], visit: Visit<'_>) -> Result<(), OsmError> {
    let (mut id, mut lat, mut lng) = (0, 0, 0);
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => id = signed(field.number()?),
            2 => numbers(field.bytes()?, &mut keys)?,
            3 => numbers(field.bytes()?, &mut values)?,
            8 => lat = signed(field.number()?),
            9 => lng = signed(field.number()?),
            _ => {}
        }
    }
    visit(&Element::Node { id, place: frame.place(lat, lng), tags: frame.tags(&keys, &values)? })
}

fn dense(frame: &Frame<'_>, bytes: &[u8], visit: Visit<'_>) -> Result<(), OsmError> {
    let (mut ids, mut lats, mut lngs, mut words) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => deltas(field.bytes()?, &mut ids)?,
            8 => deltas(field.bytes()?, &mut lats)?,
            9 => deltas(field.bytes()?, &mut lngs)?,
            10 => numbers(field.bytes()?, &mut words)?,
            _ => {}
        }
    }
    if lats.len() != ids.len() || lngs.len() != ids.len() {
        return Err(corrupt("nodes without places"));
    }
    let mut at = 0;
    for (index, id) in ids.iter().enumerate() {
        let mut tags = Tags::default();
        while let Some(key) = words.get(at) {
            at += 1;
            if *key == 0 {
                break;
            }
            let value = words.get(at).ok_or_else(|| corrupt("a key without a value"))?;
            at += 1;
            tags.0.push((frame.word(*key)?, frame.word(*value)?));
        }
        visit(&Element::Node { id: *id, place: frame.place(lats[index], lngs[index]), tags })?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_wrap, reason = "ids are signed numbers written as they are")]
fn way(frame: &Frame<'_>, bytes: &[u8], visit: Visit<'_>) -> Result<(), OsmError> {
    let (mut id, mut refs) = (0, Vec::new());
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => id = field.number()? as i64,
            2 => numbers(field.bytes()?, &mut keys)?,
            3 => numbers(field.bytes()?, &mut values)?,
            8 => deltas(field.bytes()?, &mut refs)?,
            _ => {}
        }
    }
    visit(&Element::Way { id, refs: &refs, tags: frame.tags(&keys, &values)? })
}

fn relation(frame: &Frame<'_>, bytes: &[u8], visit: Visit<'_>) -> Result<(), OsmError> {
    let (mut roles, mut ids, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        match number {
            2 => numbers(field.bytes()?, &mut keys)?,
            3 => numbers(field.bytes()?, &mut values)?,
            8 => numbers(field.bytes()?, &mut roles)?,
            9 => deltas(field.bytes()?, &mut ids)?,
            10 => numbers(field.bytes()?, &mut kinds)?,
            _ => {}
        }
    }
    let mut members = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let kind = match kinds.get(index) {
            Some(0) => MemberKind::Node,
            Some(1) => MemberKind::Way,
            Some(2) => MemberKind::Relation,
            _ => return Err(corrupt("a member of no kind")),
        };
        let role = roles.get(index).map_or(Ok(""), |role| frame.word(*role))?;
        members.push(Member { kind, id: *id, role });
    }
    visit(&Element::Relation { members: &members, tags: frame.tags(&keys, &values)? })
}
