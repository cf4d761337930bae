//! Removes from pictures and videos what a telephone writes into them beside the picture: where and with which
//! device they were taken. The picture itself is not touched.

/// Removes it. What cannot be read as its type stays as it is.
#[must_use]
pub fn strip(media_type: &str, bytes: Vec<u8>) -> Vec<u8> {
    match media_type {
        "image/jpeg" => jpeg(&bytes).unwrap_or(bytes),
        "image/png" => png(&bytes).unwrap_or(bytes),
        "image/webp" => webp(&bytes).unwrap_or(bytes),
        "video/mp4" | "video/quicktime" | "audio/mp4" => movie(bytes),
        _ => bytes,
    }
}

/// Segments before the scan: everything stays but APP1 to APP13 and APP15 (EXIF, XMP, makers' notes) and
/// comments. A turned picture stays turned: a fresh EXIF segment says nothing but that.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = vec![0xFF, 0xD8];
    let mut turned = None;
    let mut at = 2;
    loop {
        let [0xFF, marker] = *bytes.get(at..at + 2)? else { return None };
        if marker == 0xFF {
            at += 1;
            continue;
        }
        if marker == 0xDA {
            break;
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?));
        let segment = bytes.get(at..at + 2 + length).filter(|_| length >= 2)?;
        match marker {
            0xE1 => turned = turned.or_else(|| orientation(&segment[4..])),
            0xE2 if segment[4..].starts_with(b"ICC_PROFILE") => kept.extend_from_slice(segment),
            0xE2..=0xED | 0xEF | 0xFE => {}
            _ => kept.extend_from_slice(segment),
        }
        at += 2 + length;
    }
    if let Some(turned) = turned.filter(|turned| (2..=8).contains(turned)) {
        let mut exif = vec![0xFF, 0xE1, 0, 34];
        exif.extend_from_slice(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01");
        exif.extend_from_slice(&turned.to_be_bytes());
        exif.extend_from_slice(&[0; 6]);
        kept.splice(2..2, exif);
    }
    kept.extend_from_slice(scans(&bytes[at..]));
    Some(kept)
}

/// The scans up to the end of the picture: cameras hang further pictures with their own notes behind it.
fn scans(bytes: &[u8]) -> &[u8] {
    let mut at = 0;
    while let Some([0xFF, marker]) = bytes.get(at..at + 2) {
        match marker {
            0xD9 => return &bytes[..at + 2],
            // Within coded data: a stuffed byte, a restart, or filling.
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            // A table or the head of the next scan.
            _ => {
                let Some([high, low]) = bytes.get(at + 2..at + 4) else { break };
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
            }
        }
        match bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF)) {
            Some(next) => at += next,
            None => break,
        }
    }
    bytes
}

/// Reads how the camera was held.
fn orientation(segment: &[u8]) -> Option<u16> {
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let big = match tiff.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let pair: [u8; 2] = tiff.get(at..at + 2)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let long: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let table =
        usize::try_from(if big { u32::from_be_bytes(long) } else { u32::from_le_bytes(long) }).ok()?;
    let count = usize::from(short(table)?);
    (0..count.min(100))
        .map(|index| table + 2 + index * 12)
        .find(|entry| short(*entry) == Some(0x0112))
        .and_then(|entry| short(entry + 8))
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes.get(..8)?.to_vec();
    let mut at = 8;
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let name = bytes.get(at + 4..at + 8)?;
        let end = at.checked_add(length)?.checked_add(12)?;
        let chunk = bytes.get(at..end)?;
        if !matches!(name, b"eXIf" | b"tEXt" | b"iTXt" | b"zTXt" | b"tIME") {
            kept.extend_from_slice(chunk);
        }
        at = end;
        if name == b"IEND" {
            break;
        }
    }
    Some(kept)
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes.get(..12)?.to_vec();
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let length = u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let end = at.checked_add(8)?.checked_add(length)?;
        let chunk = bytes.get(at..end)?;
        match bytes.get(at..at + 4)? {
            b"EXIF" | b"XMP " => {}
            b"VP8X" => {
                let mut chunk = chunk.to_vec();
                // The flags that promise EXIF and XMP.
                *chunk.get_mut(8)? &= !0b0000_1100;
                kept.extend_from_slice(&chunk);
            }
            _ => kept.extend_from_slice(chunk),
        }
        if length % 2 == 1 {
            kept.push(0);
        }
        at = end + length % 2;
    }
    let size = u32::try_from(kept.len() - 8).ok()?;
    kept[4..8].copy_from_slice(&size.to_le_bytes());
    Some(kept)
}

/// Makes the boxes of notes empty ones of the same size, so that no offset in the file changes.
fn movie(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len();
    blank(&mut bytes, 0, end, 0);
    bytes
}

fn blank(bytes: &mut [u8], from: usize, to: usize, depth: usize) {
    let mut at = from;
    while at + 8 <= to {
        let word = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let name = [bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]];
        let (head, size) = match u32::from_be_bytes(word) {
            0 => (8, to - at),
            1 => {
                let Some(wide) = bytes.get(at + 8..at + 16) else { return };
                let wide = u64::from_be_bytes(wide.try_into().expect("eight bytes were asked for"));
                (16, usize::try_from(wide).unwrap_or(usize::MAX))
            }
            size => (8, size as usize),
        };
        let Some(end) = at.checked_add(size).filter(|end| size >= head && *end <= to) else { return };
        match &name {
            b"moov" | b"trak" | b"mdia" if depth < 4 => blank(bytes, at + head, end, depth + 1),
            b"udta" | b"meta" | b"uuid" => {
                bytes[at + 4..at + 8].copy_from_slice(b"free");
                bytes[at + head..end].fill(0);
            }
            _ => {}
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(bytes: &[u8], word: &[u8]) -> bool {
        bytes.windows(word.len()).any(|window| window == word)
    }

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let mut segment = vec![0xFF, marker];
        segment.extend_from_slice(&u16::try_from(body.len() + 2).unwrap().to_be_bytes());
        segment.extend_from_slice(body);
        segment
    }

    #[test]
    fn a_jpeg_loses_its_position_and_stays_turned() {
        let exif =
            b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x25\x88\x04\0\x01\0\0\0GPSGPS";
        let mut picture = vec![0xFF, 0xD8];
        picture.extend(segment(0xE0, b"JFIF\0"));
        picture.extend(segment(0xE1, exif));
        picture.extend(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<gps>"));
        picture.extend(segment(0xFE, b"secret comment"));
        picture.extend(segment(0xDB, b"table"));
        picture.extend(segment(0xDA, b"scan"));
        picture.extend_from_slice(b"\x01\x02\xFF\xD9trailer with GPS");
        let clean = strip("image/jpeg", picture);
        assert!(!has(&clean, b"GPS") && !has(&clean, b"gps") && !has(&clean, b"secret"));
        assert!(has(&clean, b"JFIF") && has(&clean, b"table") && clean.ends_with(b"\x01\x02\xFF\xD9"));
        assert_eq!(orientation(&clean[6..40]), Some(6));
        assert_eq!(strip("image/jpeg", clean.clone()), clean, "twice is once");
    }

    #[test]
    fn png_webp_and_movies_lose_theirs() {
        let chunk = |name: &[u8], body: &[u8]| {
            [&u32::try_from(body.len()).unwrap().to_be_bytes(), name, body, &[0; 4]].concat()
        };
        let head = b"\x89PNG\r\n\x1a\n".to_vec();
        let picture = [
            head,
            chunk(b"IHDR", b"head"),
            chunk(b"eXIf", b"GPS"),
            chunk(b"tEXt", b"GPS"),
            chunk(b"IEND", b""),
        ]
        .concat();
        let clean = strip("image/png", picture);
        assert!(!has(&clean, b"GPS") && has(&clean, b"IHDR") && has(&clean, b"IEND"));

        let part = |name: &[u8], body: &[u8]| {
            [name, &u32::try_from(body.len()).unwrap().to_le_bytes(), body].concat()
        };
        let body =
            [part(b"VP8X", &[0b1100, 0, 0, 0]), part(b"EXIF", b"GPSX"), part(b"VP8 ", b"data")].concat();
        let size = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
        let clean = strip("image/webp", [b"RIFF".as_slice(), &size, b"WEBP", &body].concat());
        assert!(!has(&clean, b"GPS") && has(&clean, b"data") && clean[20] == 0);
        assert_eq!(u32::from_le_bytes(clean[4..8].try_into().unwrap()) as usize, clean.len() - 8);

        let boxed = |name: &[u8], body: &[u8]| {
            [&u32::try_from(body.len() + 8).unwrap().to_be_bytes(), name, body].concat()
        };
        let movie = [
            boxed(b"ftyp", b"isom"),
            boxed(b"moov", &[boxed(b"mvhd", b"head"), boxed(b"udta", b"+31.2+121.4/")].concat()),
            boxed(b"mdat", b"udta frames"),
        ]
        .concat();
        let clean = strip("video/mp4", movie.clone());
        assert_eq!(clean.len(), movie.len());
        assert!(!has(&clean, b"+31.2") && has(&clean, b"mvhd") && has(&clean, b"udta frames"));
    }

    #[test]
    fn broken_files_stay_as_they_are() {
        for media_type in ["image/jpeg", "image/png", "image/webp", "video/mp4"] {
            for bytes in
                [&b"\xFF\xD8\xFF\xE1"[..], b"\xFF\xD8\xFF\xE1\xFF\xFF", b"\0\0\0\x01moov\0", b"\0\0\0\0", b""]
            {
                let _ = strip(media_type, bytes.to_vec());
            }
        }
    }
}
