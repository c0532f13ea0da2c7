//! The glossary is kept: a term is there once, and its identifier is in the sources.

mod tests {
    use crate::exec::root;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The cells of the tables with an identifier, by row.
    fn rows(glossary: &str) -> Vec<Vec<&str>> {
        let mut rows = Vec::new();
        let mut of_identifiers = false;
        for line in glossary.lines() {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            match cells.as_slice() {
                ["中文", "English", "identifier", _] => of_identifiers = true,
                [_, _, _, _] if of_identifiers && !cells[0].starts_with("---") => rows.push(cells),
                [_, _, _, _] => {}
                _ => of_identifiers = false,
            }
        }
        rows
    }

    fn twice<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let mut seen = BTreeSet::new();
        words.filter(|word| !seen.insert(*word)).collect()
    }

    /// The names that an identifier's cell speaks of, without punctuation and the words around them.
    fn names(cell: &str) -> impl Iterator<Item = &str> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.flat_map(|text| text.split("::"))
    }

    fn sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                text.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }

    #[test]
    fn a_term_is_there_once_in_each_language() {
        let glossary = std::fs::read_to_string(root().join("GLOSSARY.md")).expect("there is a glossary");
        let rows = rows(&glossary);
        assert!(rows.len() > 100, "{} rows were read", rows.len());
        assert_eq!(twice(rows.iter().map(|row| row[0])), Vec::<&str>::new());
        assert_eq!(twice(rows.iter().map(|row| row[1])), Vec::<&str>::new());
        assert_eq!(twice(rows.iter().map(|row| row[2])), Vec::<&str>::new());
    }

    #[test]
    fn every_identifier_is_in_the_sources() {
        let glossary = std::fs::read_to_string(root().join("GLOSSARY.md")).expect("there is a glossary");
        let mut text = String::new();
        ["core", "runtime", "apps"].iter().for_each(|folder| sources(&root().join(folder), &mut text));
        let words: BTreeSet<&str> = text.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
        let rows = rows(&glossary);
        let gone = rows.iter().flat_map(|row| names(row[2])).filter(|name| !words.contains(name));
        assert_eq!(gone.collect::<Vec<_>>(), Vec::<&str>::new());
    }

    #[test]
    fn tables_and_names_are_read() {
        let text = "| 中文 | English | identifier | meaning |\n|---|---|---|---|\n| 甲 | a | `A::B`, `c` | x |\n\n\
                    | 中文 | English | | x |\n|---|---|---|---|\n| 乙 | b | | y |\n";
        let rows = rows(text);
        assert_eq!(rows.len(), 1);
        assert_eq!(names(rows[0][2]).collect::<Vec<_>>(), ["A", "B", "c"]);
        assert_eq!(twice(["a", "b", "a"].into_iter()), ["a"]);
    }
}
