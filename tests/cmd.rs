//! What the command line says, as transcripts: `tests/cmd/`, and the `console` blocks of the README and of the book.
//!
//! `TRYCMD=overwrite cargo test --test cmd` writes them anew.

#[test]
fn transcripts_are_true() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").case("tests/cmd/*.toml").case("README.md").case("docs/*.md");
}
