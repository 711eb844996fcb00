//! Calls: the few functions of Elixir that configurations are made with.

use tree_sitter::Node;

use super::ENVIRONMENT;
use super::config::Config;
use super::eval::{Eval, clip};
use super::tree::{arguments, children};
use super::value::{Item, Value, with_default};
use crate::world::code::{Coded, Piece};

impl Eval<'_> {
    /// The value of a call, to whose arguments `|>` may have added the first.
    pub(super) fn call(&mut self, node: Node<'_>, piped: Option<Item>) -> Item {
        let Some(target) = node.child_by_field_name("target") else { return self.unknown(node) };
        let name = self.source(target);
        if target.kind() == "identifier" && piped.is_none() {
            match name {
                "if" => return self.conditional(node, true),
                "unless" => return self.conditional(node, false),
                "config" => return self.configure(node),
                "import_config" => return self.import(node),
                "import" | "use" | "require" | "alias" => return self.item(node, Value::nil()),
                "raise" | "throw" | "exit" => return self.item(node, Value::Never),
                _ => {}
            }
        }
        let is_known = match target.kind() {
            "identifier" => matches!(name, "config_env" | "to_string" | "to_charlist"),
            _ => {
                ["Mix.", "System.", "Application.", "String.", "Kernel."].iter().any(|module| name.starts_with(module))
            }
        };
        let has_block = children(node).iter().any(|child| child.kind() == "do_block");
        if !is_known || has_block {
            return self.unknown(node);
        }
        let given: Vec<Item> = arguments(node).into_iter().map(|argument| self.eval(argument)).collect();
        let all: Vec<Item> = piped.into_iter().chain(given).collect();
        match self.function(name, &all.iter().map(|item| &item.value).collect::<Vec<_>>()) {
            Some(Value::Unknown(why)) => self.item(node, Value::Unknown(why)),
            Some(value) => self.item(node, value),
            None => self.unknown(node),
        }
    }

    fn function(&mut self, name: &str, given: &[&Value]) -> Option<Value> {
        match (name, given) {
            ("config_env" | "Mix.env", []) => Some(Value::atom(ENVIRONMENT)),
            ("to_string" | "to_charlist" | "Kernel.to_string" | "String.to_charlist", [value]) => {
                value.to_text().map(Value::Text)
            }
            ("System.get_env" | "System.fetch_env!", [Value::Text(variable)]) => self.variable(variable),
            ("System.get_env", [Value::Text(variable), default]) => {
                let Some(Value::Text(variable)) = self.variable(variable) else { return None };
                matches!(default, Value::Text(_) | Value::Atom(_)).then(|| with_default(&variable, default)).flatten()
            }
            ("System.put_env" | "System.delete_env", _) => {
                self.has_set_variables = true;
                Some(Value::atom("ok"))
            }
            ("Application.get_env" | "Application.compile_env", [app, key]) => {
                self.setting(app, key, Some(&Value::nil()))
            }
            ("Application.get_env" | "Application.compile_env", [app, key, default]) => {
                self.setting(app, key, Some(default))
            }
            ("Application.fetch_env!" | "Application.compile_env!", [app, key]) => self.setting(app, key, None),
            _ => None,
        }
    }

    /// A variable of the environment that nobody has set in between.
    fn variable(&self, name: &Coded) -> Option<Value> {
        let name = name.literal().filter(|_| !self.has_set_variables)?;
        Some(Value::Text(Coded(vec![Piece::Variable(name, None)])))
    }

    /// What the configuration says, once it is there.
    fn setting(&self, app: &Value, key: &Value, default: Option<&Value>) -> Option<Value> {
        let (app, key) = (app.as_atom()?, key.as_atom()?);
        if !self.is_running || !Config::keeps(app, key) {
            return None;
        }
        match self.config.get(app, key) {
            Some(item) => Some(item.value.clone()),
            None => default.cloned(),
        }
    }

    /// `config :app, options` and `config :app, :key, value`.
    fn configure(&mut self, node: Node<'_>) -> Item {
        let given: Vec<Item> = arguments(node).into_iter().map(|argument| self.eval(argument)).collect();
        let at = self.at(node);
        let app = given.first().and_then(|app| app.value.as_atom()).map(str::to_owned);
        let Some(app) = app else {
            let what = format!("`{}` is not evaluated", clip(self.source(node)));
            self.lose_everything(at.clone(), &what);
            return Item { value: Value::nil(), at };
        };
        match given.as_slice() {
            [_, options] => match options.value.entries() {
                Some(entries) => entries.into_iter().for_each(|entry| match entry {
                    Ok((key, value)) => self.config.set(&app, key, value.clone()),
                    Err(unknown) => self.config.lose(&app, &unknown.at, &why(unknown)),
                }),
                None => self.config.lose(&app, &options.at, &why(options)),
            },
            [_, key, value] => match key.value.as_atom() {
                Some(key) => self.config.set(&app, key, value.clone()),
                None => self.config.lose(&app, &key.at, &why(key)),
            },
            _ => self.config.lose(&app, &at, "it is not evaluated"),
        }
        Item { value: Value::nil(), at }
    }

    /// `if` and `unless`. What nobody can decide leaves open what its branches do differently.
    fn conditional(&mut self, node: Node<'_>, wanted: bool) -> Item {
        let Some(condition) = arguments(node).first().copied() else { return self.unknown(node) };
        let at = self.at(node);
        let (then, otherwise) = self.branches(node);
        let decided = self.eval(condition).value.truth();
        if let Some(truth) = decided {
            return self.block(if truth == wanted { &then } else { &otherwise }, &at);
        }
        let why = format!("`{}` decides it, and is not evaluated", clip(self.source(condition)));
        let before = self.config.clone();
        self.burn(before.weight());
        let one = self.block(&then, &at);
        let after = std::mem::replace(&mut self.config, before);
        let other = self.block(&otherwise, &at);
        match (&one.value, &other.value) {
            // What comes after is only reached on the other way.
            (Value::Never, _) => return other,
            (_, Value::Never) => {
                self.config = after;
                return one;
            }
            _ => {}
        }
        let before = std::mem::take(&mut self.config);
        self.config = after.join(before, &self.at(condition), &why);
        if one.value == other.value { one } else { Item { value: Value::Unknown(why), at } }
    }

    /// The statements of `do` and `else`, as a block or as keywords.
    fn branches<'t>(&self, node: Node<'t>) -> (Vec<Node<'t>>, Vec<Node<'t>>) {
        if let Some(block) = children(node).into_iter().find(|child| child.kind() == "do_block") {
            let (other, then): (Vec<_>, Vec<_>) =
                children(block).into_iter().partition(|child| child.kind() == "else_block");
            return (then, other.into_iter().flat_map(children).collect());
        }
        let keywords = arguments(node).into_iter().filter(|argument| argument.kind() == "keywords");
        let pairs: Vec<Node<'t>> = keywords.flat_map(children).collect();
        let branch = |name: &str| {
            let is_it = |pair: &&Node<'t>| {
                pair.child_by_field_name("key").is_some_and(|key| self.source(key).trim_end() == name)
            };
            pairs.iter().find(is_it).and_then(|pair| pair.child_by_field_name("value")).into_iter().collect()
        };
        (branch("do:"), branch("else:"))
    }
}

fn why(item: &Item) -> String {
    match &item.value {
        Value::Unknown(why) => why.clone(),
        other => format!("`{other}` is not evaluated"),
    }
}
