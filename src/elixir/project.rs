//! What a `mix.exs` says of the releases of its project.
//!
//! `Mix.Release` (Elixir 1.11 to 1.21): the names are the keys of `releases:`, or the name of the app where there are none;
//! `rel_templates_path` is `rel` unless it says otherwise. The list is looked for where people write it: in `project/0`, in
//! a function without arguments that is called there, in a module attribute. Whatever else there is, is not known.

use std::cell::Cell;
use std::collections::HashMap;

use tree_sitter::Node;

use super::config::Config;
use super::eval::Eval;
use super::tree::{Unreadable, arguments, children, descendants, parse};
use super::value::Value;
use crate::world::declared::Script;
use crate::world::project::FixedCookie;

/// How often a name may stand for something that stands elsewhere.
const HOPS: usize = 4;

/// No project has more releases.
const MANY: usize = 16;

/// How many expressions of the file are looked at.
const FUEL: usize = 20_000;

/// What a `mix.exs` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mix {
    /// The name of its app; an umbrella has none.
    pub app: Option<String>,
    /// The folder of an umbrella's apps.
    pub apps_path: Option<String>,
    /// Whether `releases:` is there.
    pub lists_releases: bool,
    /// Its releases; none where they are not known.
    pub releases: Vec<MixRelease>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixRelease {
    /// Its name.
    pub name: String,
    /// The folder of its templates, from the project's; none where that is not known.
    pub templates: Option<String>,
    /// The cookie that it fixes.
    pub cookie: Option<FixedCookie>,
}

/// Reads a `mix.exs`; none where it has no `project/0` that can be read.
///
/// # Errors
/// The file cannot be read at all.
pub fn mix(script: &Script) -> Result<Option<Mix>, Unreadable> {
    let tree = parse(&script.text)?;
    Ok(Module::new(script, tree.root_node()).mix())
}

impl MixRelease {
    fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), templates: Some("rel".to_owned()), cookie: None }
    }
}

struct Module<'s, 't> {
    script: &'s Script,
    /// The last expressions of the functions without arguments, by their names; none where several have that name.
    functions: HashMap<&'s str, Option<Node<'t>>>,
    /// What module attributes are set to; none where that is done twice.
    attributes: HashMap<&'s str, Option<Node<'t>>>,
    /// What is left to be looked at.
    fuel: Cell<usize>,
}

impl<'s, 't> Module<'s, 't> {
    fn new(script: &'s Script, root: Node<'t>) -> Self {
        let (functions, attributes) = (HashMap::new(), HashMap::new());
        let mut module = Module { script, functions, attributes, fuel: Cell::new(FUEL) };
        for node in descendants(root) {
            if let Some((name, body)) = module.function(node) {
                module.functions.entry(name).and_modify(|known| *known = None).or_insert(body);
            } else if let Some((name, value)) = module.attribute(node) {
                module.attributes.entry(name).and_modify(|known| *known = None).or_insert(value);
            }
        }
        module
    }

    fn mix(&self) -> Option<Mix> {
        let project = self.pairs(self.body("project")?)?;
        let value = |key: &str| project.iter().find(|(known, _)| known == key).map(|(_, node)| *node);
        let app = value("app").and_then(|node| self.atom(node));
        let apps_path = value("apps_path").and_then(|node| self.text(node));
        let releases = match value("releases") {
            Some(node) => self.releases(node).unwrap_or_default(),
            // An umbrella has to name its releases (`Mix.Release`, `bad_umbrella!`).
            None if value("apps_path").is_some() => Vec::new(),
            None => app.iter().map(|app| MixRelease::plain(app)).collect(),
        };
        Some(Mix { app, apps_path, lists_releases: value("releases").is_some(), releases })
    }

    fn eval(&self) -> Eval<'s> {
        Eval::new(self.script, Config::default())
    }

    /// The value of an expression; the fuel is that of the whole file.
    fn value(&self, node: Node<'t>) -> Value {
        let mut eval = self.eval().with_fuel(self.fuel.get());
        let value = eval.eval(self.meant(node)).value;
        self.fuel.set(eval.fuel());
        value
    }

    fn source(&self, node: Node<'_>) -> &'s str {
        self.script.text.get(node.byte_range()).unwrap_or_default()
    }

    fn releases(&self, node: Node<'t>) -> Option<Vec<MixRelease>> {
        let pairs = self.pairs(node).filter(|pairs| pairs.len() <= MANY)?;
        Some(pairs.into_iter().map(|(name, options)| self.release(name, options)).collect())
    }

    /// Options may be a function, which is not followed: then no more is known than the name.
    fn release(&self, name: String, options: Node<'t>) -> MixRelease {
        let Some(options) = self.pairs(options) else { return MixRelease { name, templates: None, cookie: None } };
        let value = |key: &str| options.iter().find(|(known, _)| known == key).map(|(_, node)| *node);
        let templates = match value("rel_templates_path") {
            Some(node) => self.text(node),
            None => Some("rel".to_owned()),
        };
        let cookie = value("cookie").filter(|node| self.source(*node) != "nil");
        let cookie = cookie.map(|node| FixedCookie { at: self.eval().at(self.meant(node)), text: self.text(node) });
        MixRelease { name, templates, cookie }
    }

    fn atom(&self, node: Node<'t>) -> Option<String> {
        match self.value(node) {
            Value::Atom(name) if !matches!(name.as_str(), "nil" | "true" | "false") => Some(name),
            _ => None,
        }
    }

    fn text(&self, node: Node<'t>) -> Option<String> {
        match self.value(node) {
            Value::Text(text) => text.literal(),
            _ => None,
        }
    }

    /// The pairs of a keyword list that is written out.
    fn pairs(&self, node: Node<'t>) -> Option<Vec<(String, Node<'t>)>> {
        let node = self.meant(node);
        if node.kind() != "list" {
            return None;
        }
        let mut pairs = Vec::new();
        for keywords in children(node) {
            if keywords.kind() != "keywords" {
                return None;
            }
            for pair in children(keywords) {
                self.fuel.set(self.fuel.get().checked_sub(1)?);
                let key = pair.child_by_field_name("key").filter(|key| key.kind() == "keyword")?;
                let name = self.source(key).trim_end().trim_end_matches(':');
                pairs.push((name.to_owned(), pair.child_by_field_name("value")?));
            }
        }
        Some(pairs)
    }

    /// What stands behind a call of a function without arguments, or behind a module attribute.
    fn meant(&self, node: Node<'t>) -> Node<'t> {
        let next = |node: &Node<'t>| match node.kind() {
            "identifier" => self.body(self.source(*node)),
            "call" if arguments(*node).is_empty() => self.body(self.eval().called(*node)),
            "unary_operator" => *self.attributes.get(self.source(operand_of_at(*node)?))?,
            _ => None,
        };
        std::iter::successors(Some(node), next).take(HOPS).last().unwrap_or(node)
    }

    fn body(&self, name: &str) -> Option<Node<'t>> {
        *self.functions.get(name)?
    }

    /// The name of a function that is defined here, and its last expression where it takes no arguments.
    fn function(&self, node: Node<'t>) -> Option<(&'s str, Option<Node<'t>>)> {
        let eval = self.eval();
        if !matches!(eval.called(node), "def" | "defp") {
            return None;
        }
        let definition = arguments(node);
        let head = definition.first().copied()?;
        let (name, takes_nothing) = match head.kind() {
            "identifier" => (self.source(head), true),
            "call" => (eval.called(head), arguments(head).is_empty()),
            _ => return None,
        };
        let block = children(node).into_iter().find(|child| child.kind() == "do_block");
        let keywords = || definition.iter().find(|argument| argument.kind() == "keywords");
        let body = match block {
            Some(block) => children(block).last().copied(),
            None => keywords().and_then(|keywords| children(*keywords).first()?.child_by_field_name("value")),
        };
        Some((name, body.filter(|_| takes_nothing)))
    }

    /// The name of an attribute that is set here, and to what.
    fn attribute(&self, node: Node<'t>) -> Option<(&'s str, Option<Node<'t>>)> {
        let set = operand_of_at(node).filter(|operand| operand.kind() == "call")?;
        let values = arguments(set);
        Some((self.eval().called(set), values.first().copied().filter(|_| values.len() == 1)))
    }
}

/// `name` of `@name`, `name 1` of `@name 1`.
fn operand_of_at(node: Node<'_>) -> Option<Node<'_>> {
    let is_at = node.kind() == "unary_operator" && node.child_by_field_name("operator")?.kind() == "@";
    node.child_by_field_name("operand").filter(|_| is_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::ObjectId;

    fn read(text: &str) -> Option<Mix> {
        let text = format!("defmodule Cart.MixProject do\n  use Mix.Project\n{text}\nend\n");
        mix(&Script { id: ObjectId::text(0), text }).unwrap()
    }

    fn releases(text: &str) -> Vec<String> {
        let shown = |release: MixRelease| {
            let text = |cookie: FixedCookie| cookie.text.unwrap_or_else(|| "?".to_owned());
            let cookie = release.cookie.map_or_else(String::new, |cookie| format!(" cookie {}", text(cookie)));
            format!("{} {}{cookie}", release.name, release.templates.unwrap_or_else(|| "?".to_owned()))
        };
        read(text).map_or_else(Vec::new, |mix| mix.releases.into_iter().map(shown).collect())
    }

    #[test]
    fn an_app_is_its_own_release() {
        assert_eq!(releases("def project do\n[app: :cart, version: \"1\", deps: deps()]\nend"), ["cart rel"]);
        assert_eq!(releases("@app :cart\n@version \"1\"\ndef project, do: [app: @app]"), ["cart rel"]);
        assert_eq!(releases("def project do [apps_path: \"apps\", deps: []] end"), [] as [&str; 0]);
        assert_eq!(read("def project do [apps_path: \"apps\"] end").unwrap().apps_path.as_deref(), Some("apps"));
    }

    #[test]
    fn releases_are_read_where_people_write_them() {
        let inside = "def project do [app: :shop, releases: [web: [rel_templates_path: \"rel/web\"], jobs: []]] end";
        assert_eq!(releases(inside), ["web rel/web", "jobs rel"]);
        let called =
            "def project do [app: :shop, releases: releases()] end\ndefp releases do\n[shop: [cookie: \"x\"]]\nend";
        assert_eq!(releases(called), ["shop rel cookie x"]);
        let fixed = "@cookie \"x\"\ndef project do [app: :c, releases: [c: [cookie: @cookie], d: [cookie: f(1)]]] end";
        assert_eq!(releases(fixed), ["c rel cookie x", "d rel cookie ?"]);
        let without = "def project do [app: :shop, releases: releases] end\ndefp releases, do: @all\n@all [a: @options]\n@options [cookie: nil]";
        assert_eq!(releases(without), ["a rel"]);
    }

    #[test]
    fn a_file_is_looked_at_only_so_much() {
        let many = |count: usize| (0..count).map(|number| format!("r{number}: [], ")).collect::<String>();
        let of = |count| releases(&format!("def project do [app: :cart, releases: [{} z: []]] end", many(count)));
        assert_eq!(of(15).len(), 16);
        assert_eq!(of(16), [] as [&str; 0]);
        let few: String = (0..2000).map(|number| format!("a{number}: 1, ")).collect();
        let all: String = (0..15).map(|number| format!("r{number}: f(), ")).collect();
        let spent = format!("def project do [app: :cart, releases: [{all} z: f()]] end\ndef f, do: [{few} z: 1]");
        assert!(releases(&spent).last().is_some_and(|last| last == "z ?"));
    }

    #[test]
    fn what_is_not_written_out_is_not_known() {
        for text in [
            "def project do [app: :cart] ++ more() end",
            "def project do [app: app()] end\ndefp app, do: String.to_atom(\"cart\")",
            "def project do [app: :cart, releases: Enum.map(all(), & &1)] end",
            "def project do [app: :cart, releases: releases()] end\ndefp releases, do: releases()",
            "def project do [app: :cart, releases: r(1)] end\ndefp r(_), do: [a: []]",
            "def project do [app: :cart, releases: r()] end\ndefp r, do: [a: []]\ndefp r(_), do: [b: []]",
            "def project do [app: :cart, releases: [{:a, []}]] end",
            "def application, do: []",
        ] {
            assert_eq!(releases(text), [] as [&str; 0], "{text}");
        }
        let open =
            "def project do [app: :c, releases: [c: &options/0, d: [rel_templates_path: \"rel/#{Mix.target()}\"]]] end";
        assert_eq!(releases(open), ["c ?", "d ?"]);
    }
}
