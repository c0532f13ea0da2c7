//! The string literals of a Rust source, with the lines they begin on.

use std::iter::Peekable;
use std::str::Chars;

/// A string literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its text; a continued line is joined.
    pub text: String,
}

/// All string literals outside comments.
pub fn of(source: &str) -> Vec<Literal> {
    let mut reader = Reader { rest: source.chars().peekable(), line: 1 };
    let mut literals = Vec::new();
    let mut before = ' ';
    while let Some(char) = reader.next() {
        match char {
            '/' if reader.rest.peek() == Some(&'/') => reader.skip_line(),
            '/' if reader.rest.peek() == Some(&'*') => reader.skip_block(),
            '\'' => reader.skip_char(),
            '"' => literals.push(reader.quoted()),
            // `r"…"` and `r#"…"#`, but not an identifier that ends in `r`, nor `r#type`.
            'r' if !is_name(before) || before == 'b' => literals.extend(reader.raw()),
            _ => {}
        }
        before = char;
    }
    literals
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let char = self.rest.next()?;
        self.line += usize::from(char == '\n');
        Some(char)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|char| char != '\n') {}
    }

    fn skip_block(&mut self) {
        let (mut depth, mut before) = (0, '/');
        while let Some(char) = self.next() {
            match (before, char) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    before = char;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
            before = ' ';
        }
    }

    /// After a quote: a character such as `'"'` or `'\''`, or a lifetime, which ends by itself.
    fn skip_char(&mut self) {
        match self.rest.peek() {
            Some('\\') => {
                self.next();
                self.next();
                while self.rest.peek().is_some_and(|char| *char != '\'' && *char != '\n') {
                    self.next();
                }
                self.next();
            }
            Some('"') => {
                self.next();
                self.next();
            }
            _ => {}
        }
    }

    fn quoted(&mut self) -> Literal {
        let mut literal = Literal { line: self.line, text: String::new() };
        while let Some(char) = self.next() {
            match char {
                '"' => break,
                '\\' => self.escaped(&mut literal.text),
                other => literal.text.push(other),
            }
        }
        literal
    }

    fn escaped(&mut self, text: &mut String) {
        match self.next() {
            Some('\n') => {
                while self.rest.peek().is_some_and(|char| char.is_whitespace()) {
                    self.next();
                }
            }
            Some('n' | 't' | 'r') => text.push(' '),
            Some(char) => text.push(char),
            None => {}
        }
    }

    /// After an `r`: a raw string, if it is one.
    fn raw(&mut self) -> Option<Literal> {
        let mut look = self.rest.clone();
        let mut hashes = 0;
        while look.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        look.next_if_eq(&'"')?;
        self.rest = look;
        let end = format!("\"{}", "#".repeat(hashes));
        let mut literal = Literal { line: self.line, text: String::new() };
        while let Some(char) = self.next() {
            literal.text.push(char);
            if literal.text.ends_with(&end) {
                literal.text.truncate(literal.text.len() - end.len());
                break;
            }
        }
        Some(literal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        of(source).into_iter().map(|literal| literal.text).collect()
    }

    #[test]
    fn strings_are_read_and_comments_are_not() {
        let source = "// \"no\"\n/* \"no\" /* \"no\" */ \"no\" */ const A: &'static str = \"one\";\nlet b = '\"';\n\
                      let c = r#\"two \"quoted\"\"#; let d = '\\''; let e = \"a \\\"b\\\"\";";
        assert_eq!(texts(source), ["one", "two \"quoted\"", "a \"b\""]);
    }

    #[test]
    fn a_continued_line_is_joined_and_lines_are_counted() {
        let source = "\n\nconst A: &str = \"SELECT a \\\n    FROM b\";\nconst B: &str = \"x\";";
        let literals = of(source);
        assert_eq!(literals[0], Literal { line: 3, text: "SELECT a FROM b".to_owned() });
        assert_eq!(literals[1].line, 5);
    }

    #[test]
    fn raw_names_and_names_in_r_are_no_strings() {
        assert_eq!(texts("let r#type = for_r; f(br\"bytes\")"), ["bytes"]);
    }
}
