//! The evaluation of a file: expressions to values, and what they set in the configuration.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::Load;
use super::config::Config;
use super::tree::{Unreadable, arguments, children, descendants, parse};
use super::value::{Item, Value, pair, with_default};
use crate::place::{Loc, Pointer};
use crate::world::code::Unread;
use crate::world::declared::Script;

/// No expression that people write is deeper.
const DEEPEST: usize = 120;

/// No variable holds more.
const HEAVIEST: usize = 2000;

/// How many expressions of a file are looked at, what is copied included.
const FUEL: usize = 400_000;

/// How many files may be imported: one that imports itself is not read forever.
const IMPORTS: usize = 32;

/// A file in which values are asked for.
pub(super) struct Eval<'s> {
    text: &'s str,
    root: Loc,
    /// The folder of the file, from the project's.
    folder: String,
    /// Gives the files that this one imports, if it may.
    load: Option<&'s mut Load<'s>>,
    pub(super) scope: BTreeMap<String, Item>,
    pub(super) config: Config,
    /// Whether the configuration is settled, and the app asks for it: not so while it is being made.
    pub(super) is_running: bool,
    /// Whether the file has set variables of the environment.
    pub(super) has_set_variables: bool,
    depth: usize,
    fuel: usize,
}

/// Runs a configuration file.
pub(super) fn file<'s>(script: &'s Script, path: &str, config: Config, load: &'s mut Load<'s>) -> Config {
    let mut eval = Eval::new(script, config);
    eval.load = Some(load);
    eval.folder = path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned());
    let tree = match parse(&script.text) {
        Ok(tree) => tree,
        Err(unreadable) => {
            let Unread { at, what } = unread_file(script, unreadable);
            eval.lose_everything(at, &what);
            return eval.config;
        }
    };
    for statement in children(tree.root_node()) {
        if eval.eval(statement).value == Value::Never {
            break;
        }
    }
    eval.config
}

/// A file of which nothing is read.
pub(super) fn unread_file(script: &Script, Unreadable { at, reason }: Unreadable) -> Unread {
    Unread { at: Pointer::root().of(script.id).within(at..at), what: format!("the file {reason}") }
}

impl<'s> Eval<'s> {
    pub(super) fn new(script: &'s Script, config: Config) -> Self {
        Self {
            text: &script.text,
            root: Pointer::root().of(script.id),
            folder: String::new(),
            load: None,
            scope: BTreeMap::new(),
            config,
            is_running: false,
            has_set_variables: false,
            depth: 0,
            fuel: FUEL,
        }
    }

    /// `import_config`: the other file is run here and now.
    pub(super) fn import(&mut self, node: Node<'_>) -> Item {
        let path = arguments(node).first().map(|argument| self.eval(*argument).value);
        let path = match &path {
            Some(Value::Text(text)) => text.literal().map(|path| beside(&self.folder, &path)),
            _ => None,
        };
        let Some(path) = path else { return self.unknown(node) };
        self.config.imports += 1;
        let mut config = std::mem::take(&mut self.config);
        let load = self.load.as_deref_mut().filter(|_| config.imports <= IMPORTS);
        match load.and_then(|load| Some((load(&path)?, load))) {
            Some((script, load)) => {
                config = file(&script, &path, config, load);
                self.config = config;
            }
            None => {
                self.config = config;
                self.lose_everything(self.at(node), &format!("`{path}`, which is imported here, cannot be read"));
            }
        }
        self.item(node, Value::nil())
    }

    /// The value of an expression, after what it does.
    pub(super) fn eval(&mut self, node: Node<'_>) -> Item {
        if self.depth >= DEEPEST || self.fuel == 0 {
            return self.too_much(node);
        }
        self.fuel -= 1;
        self.depth += 1;
        let item = self.expression(node);
        self.depth -= 1;
        item
    }

    fn expression(&mut self, node: Node<'_>) -> Item {
        let source = self.source(node);
        let value = match node.kind() {
            "nil" | "boolean" => Some(Value::atom(source)),
            "integer" | "float" => Some(Value::Number(source.to_owned())),
            "atom" => source.strip_prefix(':').map(Value::atom),
            "quoted_atom" => self.quoted(node).and_then(|text| text.literal()).map(Value::Atom),
            "alias" if source.starts_with("Elixir.") => Some(Value::atom(source)),
            "alias" => Some(Value::Atom(format!("Elixir.{source}"))),
            "string" | "charlist" | "sigil" => self.quoted(node).map(Value::Text),
            "list" => Some(Value::List(self.items(node))),
            "keywords" => Some(Value::List(self.pairs(node))),
            "tuple" => Some(Value::Tuple(self.items(node))),
            "identifier" => match self.scope.get(source) {
                Some(item) => {
                    let item = item.clone();
                    self.burn(item.value.weight());
                    return item;
                }
                None => None,
            },
            "call" => return self.call(node, None),
            "binary_operator" => return self.operator(node),
            "unary_operator" => self.unary(node),
            "block" => {
                return children(node).into_iter().fold(self.item(node, Value::nil()), |_, node| self.eval(node));
            }
            _ => None,
        };
        match value {
            Some(value) => self.item(node, value),
            None => self.unknown(node),
        }
    }

    /// The items of a list or tuple; keywords at its end are pairs of a list, and a list of their own in a tuple.
    fn items(&mut self, node: Node<'_>) -> Vec<Item> {
        let is_list = node.kind() == "list";
        let mut items = Vec::new();
        for child in children(node) {
            match child.kind() {
                "keywords" if is_list => items.extend(self.pairs(child)),
                _ => items.push(self.eval(child)),
            }
        }
        items
    }

    fn pairs(&mut self, node: Node<'_>) -> Vec<Item> {
        let mut pairs = Vec::new();
        for child in children(node) {
            let (Some(key), Some(value)) = (child.child_by_field_name("key"), child.child_by_field_name("value"))
            else {
                pairs.push(self.unknown(child));
                continue;
            };
            let name = match key.kind() {
                "keyword" => Some(self.source(key).trim_end().trim_end_matches(':').to_owned()),
                _ => self.quoted(key).and_then(|text| text.literal()),
            };
            let value = self.eval(value);
            pairs.push(match name {
                Some(name) => pair(&name, value),
                None => self.unknown(child),
            });
        }
        pairs
    }

    fn unary(&mut self, node: Node<'_>) -> Option<Value> {
        let operand = node.child_by_field_name("operand")?;
        match node.child_by_field_name("operator")?.kind() {
            "!" | "not" => self.eval(operand).value.truth().map(|truth| Value::flag(!truth)),
            "-" => match self.eval(operand).value {
                Value::Number(digits) => Some(Value::Number(format!("-{digits}"))),
                _ => None,
            },
            _ => None,
        }
    }

    fn operator(&mut self, node: Node<'_>) -> Item {
        let side = |field| node.child_by_field_name(field);
        let (Some(left), Some(right), Some(operator)) = (side("left"), side("right"), side("operator")) else {
            return self.unknown(node);
        };
        let value = match operator.kind() {
            "=" => return self.assign(left, right),
            "||" | "or" => return self.either(node, left, right),
            "&&" | "and" => {
                let one = self.eval(left);
                match one.value.truth() {
                    Some(true) => return self.eval(right),
                    Some(false) => return one,
                    None => None,
                }
            }
            "==" | "===" => self.same(left, right).map(Value::flag),
            "!=" | "!==" => self.same(left, right).map(|same| Value::flag(!same)),
            "in" => self.is_in(left, right).map(Value::flag),
            "not in" => self.is_in(left, right).map(|found| Value::flag(!found)),
            "<>" => self.joined(left, right),
            "++" => self.appended(left, right),
            "|>" if right.kind() == "call" => {
                let piped = self.eval(left);
                return self.call(right, Some(piped));
            }
            _ => None,
        };
        match value.filter(|value| value.weight() <= HEAVIEST) {
            Some(value) => self.item(node, value),
            None => self.unknown(node),
        }
    }

    fn assign(&mut self, left: Node<'_>, right: Node<'_>) -> Item {
        let mut item = self.eval(right);
        if item.value.weight() > HEAVIEST {
            item.value = Value::Unknown("it is too much to be read".to_owned());
        }
        if left.kind() == "identifier" {
            self.scope.insert(self.source(left).to_owned(), item.clone());
            return item;
        }
        let unknown = self.unknown(left);
        for node in descendants(left).filter(|node| node.kind() == "identifier") {
            self.scope.insert(self.source(node).to_owned(), unknown.clone());
        }
        item
    }

    fn either(&mut self, node: Node<'_>, left: Node<'_>, right: Node<'_>) -> Item {
        let one = self.eval(left);
        match (one.value.truth(), &one.value) {
            (Some(true), _) => one,
            (Some(false), _) => self.eval(right),
            (None, Value::Text(variable)) => {
                let other = self.eval(right);
                match with_default(variable, &other.value) {
                    Some(value) => self.item(node, value),
                    None => self.unknown(node),
                }
            }
            (None, _) => self.unknown(node),
        }
    }

    fn same(&mut self, left: Node<'_>, right: Node<'_>) -> Option<bool> {
        let (left, right) = (self.eval(left), self.eval(right));
        left.value.same(&right.value)
    }

    fn is_in(&mut self, left: Node<'_>, right: Node<'_>) -> Option<bool> {
        let (left, right) = (self.eval(left), self.eval(right));
        let Value::List(items) = right.value else { return None };
        let same: Vec<_> = items.iter().map(|item| left.value.same(&item.value)).collect();
        match same.contains(&Some(true)) {
            true => Some(true),
            false => same.iter().all(Option::is_some).then_some(false),
        }
    }

    fn joined(&mut self, left: Node<'_>, right: Node<'_>) -> Option<Value> {
        let (left, right) = (self.eval(left), self.eval(right));
        match (left.value, right.value) {
            (Value::Text(mut text), Value::Text(other)) => {
                text.append(&other);
                Some(Value::Text(text))
            }
            _ => None,
        }
    }

    fn appended(&mut self, left: Node<'_>, right: Node<'_>) -> Option<Value> {
        let list = |item: Item| match item.value {
            Value::List(items) => Some(items),
            Value::Unknown(_) => Some(vec![item]),
            _ => None,
        };
        let mut items = list(self.eval(left))?;
        items.extend(list(self.eval(right))?);
        Some(Value::List(items))
    }

    /// The statements of a branch or a function, whose variables nobody else sees.
    pub(super) fn block(&mut self, statements: &[Node<'_>], at: &Loc) -> Item {
        let scope = self.scope.clone();
        self.burn(scope.values().map(|item| item.value.weight()).sum());
        let mut last = Item { value: Value::nil(), at: at.clone() };
        for statement in statements {
            last = self.eval(*statement);
            if last.value == Value::Never {
                break;
            }
        }
        self.scope = scope;
        last
    }

    /// What an expression comes to if nobody knows; what it configures is not known either.
    pub(super) fn unknown(&mut self, node: Node<'_>) -> Item {
        // What is in it is looked through again on each level that is not known.
        if self.fuel == 0 {
            return self.too_much(node);
        }
        let why = format!("`{}` is not evaluated", clip(self.source(node)));
        let mut nodes = 0;
        for node in descendants(node) {
            nodes += 1;
            match self.called(node) {
                "config" => self.lose_config(node, &why),
                "import_config" => self.lose_everything(self.at(node), &why),
                _ => {}
            }
        }
        self.burn(nodes);
        self.item(node, Value::Unknown(why))
    }

    fn too_much(&mut self, node: Node<'_>) -> Item {
        let at = self.at(node);
        self.lose_everything(at.clone(), "this is too much to be read");
        Item { value: Value::Unknown("it is too much to be read".to_owned()), at }
    }

    /// `config` where it is not known whether, or how often, it is called.
    fn lose_config(&mut self, node: Node<'_>, why: &str) {
        let at = self.at(node);
        let arguments = arguments(node);
        let app = arguments.first().filter(|first| first.kind() == "atom").map(|first| self.source(*first));
        match app.and_then(|app| app.strip_prefix(':')).map(str::to_owned) {
            Some(app) => self.config.lose(&app, &at, why),
            None => self.lose_everything(at, why),
        }
    }

    pub(super) fn lose_everything(&mut self, at: Loc, what: &str) {
        let unread = Unread { at, what: what.to_owned() };
        let is_known = self.config.anything.iter().any(|known| known.what == unread.what);
        if !is_known {
            self.config.anything.push(unread);
        }
    }

    /// The same with so much to be looked at.
    pub(super) fn with_fuel(self, fuel: usize) -> Self {
        Self { fuel, ..self }
    }

    /// What is left to be looked at.
    pub(super) fn fuel(&self) -> usize {
        self.fuel
    }

    /// Takes the price of a copy.
    pub(super) fn burn(&mut self, weight: usize) {
        self.fuel = self.fuel.saturating_sub(weight);
    }

    pub(super) fn item(&self, node: Node<'_>, value: Value) -> Item {
        Item { value, at: self.at(node) }
    }

    pub(super) fn at(&self, node: Node<'_>) -> Loc {
        self.root.clone().within(node.byte_range())
    }

    pub(super) fn source(&self, node: Node<'_>) -> &'s str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The name of the local function that is called, if it is a call of one.
    pub(super) fn called(&self, node: Node<'_>) -> &'s str {
        let target = (node.kind() == "call").then(|| node.child_by_field_name("target")).flatten();
        target.filter(|target| target.kind() == "identifier").map_or("", |target| self.source(target))
    }
}

/// A path that is said from a folder, from where the folder's own is.
fn beside(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The text of an expression, short enough for a message.
pub(super) fn clip(text: &str) -> String {
    const LONGEST: usize = 60;
    let first = text.lines().next().unwrap_or_default().trim_end();
    let mut line: String = first.chars().take(LONGEST).collect();
    if line.len() < text.trim_end().len() {
        line.push('…');
    }
    line
}
