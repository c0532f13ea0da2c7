//! No type that holds a person's data prints itself by derivation, or writes itself as data: what it shows is written by
//! hand, masked. Fields are known by their names.

mod tests {
    use crate::exec::root;
    use std::path::Path;

    /// Names of fields that hold personal data where they are texts.
    const NAMES: [&str; 8] =
        ["msisdn", "id_number", "identity_number", "own_card", "credit_card", "card_number", "real_name", "mobile"];
    const TEXTS: [&str; 5] = ["String", "&", "Box<str>", "Cow<", "Arc<str>"];
    /// What must not be derived.
    const TELLING: [&str; 2] = ["Debug", "Serialize"];

    /// The types of a source that tell, each with the field.
    fn telling(source: &str) -> Vec<String> {
        let mut found = Vec::new();
        let (mut derived, mut name) = (String::new(), "");
        for line in source.lines().map(str::trim) {
            if line.starts_with("#[derive(") {
                derived.push_str(line);
            } else if let Some(rest) = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("struct ") {
                name = rest.split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
            } else if line == "}" || line.is_empty() {
                (derived, name) = (String::new(), "");
            }
            let field = line.strip_prefix("pub ").unwrap_or(line).split_once(": ");
            let Some((field, kind)) = field.filter(|_| !name.is_empty()) else { continue };
            let tells = TELLING.iter().any(|derive| derived.contains(derive));
            if tells && NAMES.contains(&field) && TEXTS.iter().any(|text| kind.contains(text)) {
                found.push(format!("{name}.{field}"));
            }
        }
        found
    }

    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                look(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let source = std::fs::read_to_string(&path).unwrap_or_default();
                found.extend(telling(&source).into_iter().map(|what| format!("{}: {what}", path.display())));
            }
        }
    }

    #[test]
    fn no_type_with_personal_data_derives_what_would_show_it() {
        let mut found = Vec::new();
        for place in ["core", "runtime", "apps/tongbao"] {
            for member in std::fs::read_dir(root().join(place)).expect("a folder").flatten() {
                look(&member.path().join("src"), &mut found);
            }
            look(&root().join(place).join("src"), &mut found);
        }
        // The masked forms that answers show, and what only `InFull` fills.
        let meant = ["SubscriberAnswer.msisdn", "RevealedSubscriber.msisdn", "RevealedAnswer.id_number"];
        found.retain(|what| !meant.iter().any(|meant| what.ends_with(meant)));
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_type_that_tells_is_found() {
        let source = "#[derive(Clone, Debug)]\npub struct A<'a> {\n    /// A number.\n    pub msisdn: &'a str,\n}\n\n\
                      #[derive(Clone)]\nstruct B {\n    id_number: String,\n}\n\
                      #[derive(Serialize)]\nstruct C {\n    own_card: Option<InstrumentId>,\n    id_number: Box<str>,\n}\n";
        assert_eq!(telling(source), ["A.msisdn", "C.id_number"]);
    }
}
