//! One form for all writings of the same JSON, so that two requests can be compared by digest.

use serde_json::Value;

/// The value as bytes: object members in the order of their names, no white space, numbers as they were written.
pub fn bytes(value: &Value) -> Vec<u8> {
    let mut written = Vec::new();
    write(value, &mut written);
    written
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // The map's own order depends on a feature of the JSON crate, which others may switch.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (at, (name, member)) in members.into_iter().enumerate() {
                separate(at, out);
                out.extend_from_slice(&serde_json::to_vec(name).unwrap_or_default());
                out.push(b':');
                write(member, out);
            }
            out.push(b'}');
        }
        // Writing a scalar to a vector cannot fail.
        scalar => out.extend_from_slice(&serde_json::to_vec(scalar).unwrap_or_default()),
    }
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_space_do_not_matter() {
        let one: Value = serde_json::from_str(r#"{"b": [1, {"y": null, "x": "é\n"}], "a": 12}"#).expect("JSON");
        let other: Value = serde_json::from_str(r#"{"a":12,"b":[1,{"x":"é\n","y":null}]}"#).expect("JSON");
        assert_eq!(bytes(&one), bytes(&other));
        assert_eq!(bytes(&one), r#"{"a":12,"b":[1,{"x":"é\n","y":null}]}"#.as_bytes());
    }
}
