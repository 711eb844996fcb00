//! How deeply a text of JSON is nested, without reading it.

/// The deepest object that serde_json reads, and the two levels around it.
const MOST: usize = 127 + 2;

/// Whether this is nested more deeply than can be read. Objects in a question are read late, and by several; none of them
/// should have to say so.
pub(super) fn is_too_deep(json: &[u8]) -> bool {
    // Most objects have fewer maps and lists than may be nested, and that is soon counted.
    let count = |bracket| memchr::memchr_iter(bracket, json).count();
    if count(b'{') + count(b'[') <= MOST {
        return false;
    }
    let (mut depth, mut at) = (0usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = after_string(json, at),
            _ => {}
        }
        if depth > MOST {
            return true;
        }
    }
    false
}

/// Where the string ends that begins before here.
fn after_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = json.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if json.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_reader_says() {
        for depth in [1, 126, 127, 128, 129, 5000] {
            let object = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            let whole = format!(r#"{{"request": {{"object": {object}}}}}"#);
            let readable = serde_json::from_str::<serde_json::Value>(&object).is_ok();
            assert_eq!(is_too_deep(whole.as_bytes()), !readable, "{depth}");
        }
    }

    #[test]
    fn strings_are_no_structure() {
        let brackets = "[{".repeat(500);
        assert!(!is_too_deep(format!(r#"{{"a": "{brackets}"}}"#).as_bytes()));
        assert!(!is_too_deep(format!(r#"{{"a": "\"{brackets}\\"}}"#).as_bytes()));
        assert!(is_too_deep(format!(r#"{{"a": "\\"}}{brackets}"#).as_bytes()));
        // Not even JSON.
        assert!(!is_too_deep(br#""\"#) && !is_too_deep(b"]]]]") && !is_too_deep(b""));
    }
}
