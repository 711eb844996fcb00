//! A policy, evaluated as the API server evaluates it: match conditions, variables, validations.
//!
//! This is no API server: it knows no types and no budget. `tests/cluster/policies` asks a real one.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::KubeCelExt;
use kube_cel::cel::objects::{Key, Map};
use kube_cel::cel::parser::{Expression, Parser};
use kube_cel::cel::{Context, ResolveResult, Value as Cel};
use serde_json::{Value, json};

use crate::cluster::{Ask, documents};

/// A policy, compiled.
pub(crate) struct Policy {
    conditions: Vec<Expression>,
    variables: Vec<(String, Expression)>,
    validations: Vec<Validation>,
}

struct Validation {
    /// `BG101`, as the message begins.
    rule: String,
    expression: Expression,
    says: Expression,
}

/// What a policy says of a request: the rule, and the message.
pub(crate) type Said = Vec<(String, String)>;

impl Policy {
    /// The policies of an exported file.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let is_policy = |object: &Value| object["kind"].as_str().is_some_and(|kind| kind.ends_with("AdmissionPolicy"));
        documents(text).iter().filter(|object| is_policy(object)).map(Self::of).collect()
    }

    fn of(object: &Value) -> Self {
        let spec = &object["spec"];
        let list = |key: &str| spec[key].as_array().cloned().unwrap_or_default();
        let named = |item: &Value| (text(&item["name"]), parsed(&item["expression"]));
        let validation = |item: &Value| Validation {
            rule: text(&item["message"]).split(' ').next().unwrap().to_owned(),
            expression: parsed(&item["expression"]),
            says: parsed(&item["messageExpression"]),
        };
        Self {
            conditions: list("matchConditions").iter().map(|item| named(item).1).collect(),
            variables: list("variables").iter().map(named).collect(),
            validations: list("validations").iter().map(validation).collect(),
        }
    }

    /// What it says of a request; nothing where it is not asked.
    pub(crate) fn says(&self, ask: &Ask) -> Said {
        let Some(context) = self.context(ask) else { return Vec::new() };
        let mut said = Vec::new();
        for validation in &self.validations {
            let holds = Cel::resolve(&validation.expression, &context);
            if matches!(holds, Ok(Cel::Bool(true))) {
                continue;
            }
            assert!(matches!(holds, Ok(Cel::Bool(false))), "{}: {holds:?}: {}", validation.rule, ask.after);
            let message = Cel::resolve(&validation.says, &context);
            let Ok(Cel::String(message)) = message else { panic!("{}: {message:?}", validation.rule) };
            assert!(!message.contains('\n') && message.starts_with(&validation.rule), "{message}");
            said.push((validation.rule.clone(), message.to_string()));
        }
        said
    }

    /// A variable of a request.
    pub(crate) fn variable(&self, ask: &Ask, name: &str) -> Option<Value> {
        let context = self.context(ask)?;
        let expression = Parser::default().parse(&format!("variables.{name}")).unwrap();
        Some(to_json(&Cel::resolve(&expression, &context).unwrap()))
    }

    /// Everything that an expression sees; nothing where a condition does not hold.
    fn context(&self, ask: &Ask) -> Option<Context<'static>> {
        let mut context = Context::default().with_all();
        context.add_function("dyn", |value: Cel| ResolveResult::Ok(value));
        let kind = ask.after["kind"].as_str().unwrap();
        let request = json!({"kind": {"kind": kind}, "name": ask.after["metadata"]["name"].as_str().unwrap_or_default(),
            "namespace": ask.after["metadata"]["namespace"], "userInfo": {"username": ask.user}});
        for (name, value) in [("object", &ask.after), ("oldObject", &ask.before), ("request", &request)] {
            context.add_variable_from_value(name, from_json(value));
        }
        for condition in &self.conditions {
            let holds = Cel::resolve(condition, &context).unwrap_or_else(|error| panic!("{error}: {}", ask.after));
            if !matches!(holds, Cel::Bool(true)) {
                return None;
            }
        }
        let mut known: Arc<HashMap<Key, Cel>> = Arc::default();
        // The API server evaluates those that are asked for. Those of an object that was not there never are.
        let is_asked_for = |name: &str| !ask.before.is_null() || !name.starts_with("old");
        for (name, expression) in self.variables.iter().filter(|(name, _)| is_asked_for(name)) {
            context.add_variable_from_value("variables", Cel::Map(Map { map: known.clone() }));
            let value = Cel::resolve(expression, &context);
            // Nobody else has the map, so that it is not copied.
            context.add_variable_from_value("variables", Cel::Null);
            // One that fails is missed by who uses it.
            if let Ok(value) = value {
                Arc::make_mut(&mut known).insert(name.as_str().into(), value);
            }
        }
        context.add_variable_from_value("variables", Cel::Map(Map { map: known }));
        Some(context)
    }
}

/// As the API server has it: every number is a signed one.
fn from_json(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(value) => value.as_i64().map_or_else(|| Cel::Float(value.as_f64().unwrap()), Cel::Int),
        Value::String(value) => value.as_str().into(),
        Value::Array(items) => items.iter().map(from_json).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            let map = map.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect();
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}

fn to_json(value: &Cel) -> Value {
    match value {
        Cel::Bool(value) => json!(value),
        Cel::Int(value) => json!(value),
        Cel::String(value) => json!(value.as_str()),
        Cel::List(items) => items.iter().map(to_json).collect(),
        Cel::Map(map) => map.map.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect(),
        other => panic!("{other:?}"),
    }
}

fn parsed(text: &Value) -> Expression {
    let text = text.as_str().unwrap_or("false");
    // `JSONPatch{}` is a type of the API server.
    let text = text.replace("JSONPatch{op: \"add\", path: a.path, value: a.value}", "a");
    Parser::default().parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
