//! Scripts that nobody wrote: assignments, expansions, pipelines and branches, put together at random.

use proptest::prelude::*;
use proptest::sample::select;

const NAMES: [&str; 9] = ["A", "B", "C", "D", "POD_IP", "POD_NAME", "HOSTNAME", "NOPE", "UNKNOWN"];

/// Variables that scripts assign.
pub(crate) const ASSIGNED: [&str; 4] = ["A", "B", "C", "D"];

const PATTERNS: [&str; 14] =
    ["*", "*-", "*.", "-*", ".*", "a*", "?", "[a-c]*", "\"*\"", "*[0-9]", "app", "$B", "'.'*", "*@"];

const FILTERS: [&str; 24] = [
    "tr . -",
    "tr '.' '-'",
    "tr a-z A-Z",
    "tr -d .",
    "tr -d '\\n'",
    "tr '[:upper:]' '[:lower:]'",
    "tr ._ -",
    "sed 's/\\./-/g'",
    "sed 's/./-/g'",
    "sed -e 's/-/_/'",
    "sed 's|\\.|--|g'",
    "sed 's/[.]/-/'",
    "sed 's/a/b/;s/p/\\./g'",
    "sed 's/b c/x/'",
    "cut -d. -f1",
    "cut -d - -f 2",
    "cut -d@ -f2-",
    "cut -f3 -d.",
    "head -n1",
    "cat",
    "awk '{print $1}'",
    "tr ' ' '\\n'",
    "sed -E 's/app/x/g'",
    "tr .: --",
];

fn name() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

fn target() -> impl Strategy<Value = String> {
    select(&ASSIGNED[..]).prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = String> {
    select(vec!["app", "a.b", "x-1", "@", ".", "-", "web-2.shop", "a=b", "0", "p:q", "%s", "#", "~x", "{a}"])
        .prop_map(str::to_owned)
}

fn quotable() -> impl Strategy<Value = String> {
    select(vec!["a  b", " ", "", "*", "it is", "x;y", "a|b", "(c)", "$", "#d", "~", "[e]", "f\ng", "a&b"])
        .prop_map(str::to_owned)
}

/// A word, as it may stand behind `NAME=`.
fn word() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => literal(),
        3 => name().prop_map(|name| format!("${{{name}}}")),
        2 => name().prop_map(|name| format!("\"${name}\"")),
        1 => quotable().prop_map(|text| format!("'{text}'")),
        1 => quotable().prop_map(|text| format!("\"{}\"", text.replace('$', "\\$"))),
        1 => select(vec!["\\ ", "\\$A", "\\\"", "\"\\\\\"", "\\'", "\"\\a\"", "\\\n"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => (name(), select(vec![":-", "-", ":+", "+", ":=", "="]), inner.clone())
                .prop_filter("only names that scripts assign", |(name, op, _)| !op.contains('=') || ASSIGNED.contains(&name.as_str()))
                .prop_map(|(name, op, word)| format!("${{{name}{op}{word}}}")),
            1 => (name(), select(vec![":-", "-", ":+"]), name()).prop_map(|(name, op, other)| format!("\"${{{name}{op}x ${other}}}\"")),
            2 => (name(), select(vec!["#", "##", "%", "%%"]), select(&PATTERNS[..]))
                .prop_map(|(name, op, pattern)| format!("${{{name}{op}{pattern}}}")),
            3 => pipeline(inner.clone()).prop_map(|pipeline| format!("$({pipeline})")),
            2 => pipeline(inner).prop_map(|pipeline| format!("\"$({pipeline})\"")),
        ]
    })
    .boxed()
}

fn pipeline(word: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = String> {
    let source = prop_oneof![
        2 => select(vec!["hostname", "hostname -f", "hostname -i", "hostname -s", "cat /etc/hostname", "echo", "false", "true && echo x"]).prop_map(str::to_owned),
        4 => prop::collection::vec(word.clone(), 1..3).prop_map(|words| format!("echo {}", words.join(" "))),
        1 => word.clone().prop_map(|word| format!("echo -n {word}")),
        2 => prop::collection::vec(word, 0..3).prop_map(|words| format!("printf '%s-%s\\n' {}", words.join(" "))),
    ];
    (source, prop::collection::vec(select(&FILTERS[..]), 0..3))
        .prop_map(|(source, filters)| filters.iter().fold(source, |text, filter| format!("{text} | {filter}")))
}

fn test() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (name(), select(vec!["-z", "-n"])).prop_map(|(name, op)| format!("[ {op} \"${name}\" ]")),
        1 => (name(), select(vec!["-z", "-n", "!"])).prop_map(|(name, op)| format!("[ {op} ${name} ]")),
        2 => (name(), word()).prop_map(|(name, word)| format!("[ \"${name}\" = \"x{}\" ]", word.replace('"', ""))),
        2 => (name(), select(vec!["app", "cart-0", "''", "x y"]), select(vec!["=", "!="]))
            .prop_map(|(name, word, op)| format!("[ \"${name}\" {op} \"{word}\" ]")),
        1 => select(vec!["true", "false", "! true", "[ -f /etc/passwd ]", "[ -f /no/such ]", "grep -q x /no/such", "f", "test a"]).prop_map(str::to_owned),
    ]
}

fn statement() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        5 => (target(), word()).prop_map(|(name, word)| format!("{name}={word}")),
        3 => (target(), word()).prop_map(|(name, word)| format!("export {name}={word}")),
        1 => (target(), word(), target(), word()).prop_map(|(a, one, b, two)| format!("{a}={one} {b}={two}")),
        1 => (target(), word()).prop_map(|(name, word)| format!(": ${{{name}:={word}}}")),
        1 => target().prop_map(|name| format!("unset {name}")),
        1 => target().prop_map(|name| format!("export {name}")),
        1 => (target(), word()).prop_map(|(name, word)| format!("{name}={word} true")),
        1 => (target(), word()).prop_map(|(name, word)| format!("f() {{ {name}={word}$1; }}")),
        1 => word().prop_map(|word| format!("f {word}")),
        1 => prop::collection::vec(word(), 0..3).prop_map(|words| format!("set -- {}", words.join(" "))),
        1 => select(vec!["A=$1", "B=$#", "C=\"$*\"", "return", "exit", "shift", "readonly D=r", "set -u", "set -e", "A=$?", "read B",
            "cat > /dev/null <<EOF\nA=no\nEOF"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(2, 8, 2, |inner| {
        prop_oneof![
            2 => (test(), inner.clone()).prop_map(|(test, body)| format!("if {test}; then\n{body}\nfi")),
            2 => (test(), inner.clone(), inner.clone())
                .prop_map(|(test, one, two)| format!("if {test}; then\n{one}\nelse\n{two}\nfi")),
            2 => (test(), select(vec!["&&", "||"]), inner.clone())
                .prop_map(|(test, op, body)| format!("{test} {op} {{\n{body}\n}}")),
            2 => (name(), select(&PATTERNS[..]), inner.clone(), inner.clone())
                .prop_map(|(name, pattern, one, two)| format!("case ${name} in\n{pattern}) {one}\n;;\n*) {two}\n;;\nesac")),
            1 => inner.clone().prop_map(|body| format!("(\n{body}\n)")),
            1 => inner.clone().prop_map(|body| format!("{{\n{body}\n}} > /dev/null")),
            1 => inner.clone().prop_map(|body| format!("for C in 1 2; do\n{body}\ndone")),
            1 => (inner.clone(), inner).prop_map(|(one, two)| format!("g() {{\nlocal A=l\n{one}\n{two}\n}}\ng y")),
        ]
    })
    .boxed()
}

pub(crate) fn script() -> impl Strategy<Value = String> {
    prop::collection::vec(statement(), 1..7).prop_map(|statements| statements.join("\n") + "\n")
}
