//! Where an app starts libcluster or dns_cluster: the children of a supervisor.

use tree_sitter::Node;

use super::config::Config;
use super::eval::{Eval, unread_file};
use super::tree::{children, descendants, parse};
use super::value::{Item, Value};
use crate::place::Loc;
use crate::world::code::Unread;
use crate::world::declared::Script;

pub(super) const LIBCLUSTER: &str = "Cluster.Supervisor";
pub(super) const DNS_CLUSTER: &str = "DNSCluster";

/// The modules of the children.
pub(super) const CHILDREN: [&str; 2] = [LIBCLUSTER, DNS_CLUSTER];

/// No source starts more.
const MANY: usize = 16;

/// What a source starts.
#[derive(Debug, Default)]
pub(super) struct Started {
    pub(super) children: Vec<Child>,
    /// Why it may start more.
    pub(super) unread: Option<Unread>,
}

/// A child of a supervisor.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) module: &'static str,
    /// The topologies of libcluster, the query of dns_cluster; none if it is not clear where they are.
    pub(super) given: Option<Item>,
    pub(super) at: Loc,
}

/// Reads a source: `{Cluster.Supervisor, [topologies, …]}` and `{DNSCluster, query: …}`, with what the function above them has
/// assigned to variables.
pub(super) fn read(script: &Script, config: &Config) -> Started {
    let tree = match parse(&script.text) {
        Ok(tree) => tree,
        Err(unreadable) => return Started { unread: Some(unread_file(script, unreadable)), ..Started::default() },
    };
    let text = |node: Node<'_>| script.text.get(node.byte_range());
    let mut started = Started::default();
    for node in descendants(tree.root_node()).filter(|node| node.kind() == "tuple") {
        let items = children(node);
        let [first, given @ ..] = items.as_slice() else { continue };
        let Some(module) = CHILDREN.into_iter().find(|known| text(*first) == Some(known)) else { continue };
        let mut eval = Eval::new(script, config.clone());
        if started.children.len() == MANY {
            let what = format!("the file starts more than {MANY} of them");
            started.unread = Some(Unread { at: eval.at(node), what });
            break;
        }
        eval.is_running = true;
        eval.assignments_before(node, tree.root_node());
        let at = eval.at(node);
        let given = given.first().and_then(|given| match module {
            LIBCLUSTER => eval.topologies(*given),
            _ => eval.query(*given),
        });
        started.children.push(Child { module, given, at });
    }
    started
}

impl Eval<'_> {
    /// Runs the assignments of the function that an expression is in, as far as they stand above it.
    fn assignments_before(&mut self, node: Node<'_>, root: Node<'_>) {
        let is_around =
            |above: &Node<'_>| above.start_byte() <= node.start_byte() && node.end_byte() <= above.end_byte();
        let is_function = |above: &Node<'_>| is_around(above) && matches!(self.called(*above), "def" | "defp");
        let Some(function) = descendants(root).filter(is_function).last() else { return };
        let Some(block) = children(function).into_iter().find(|child| child.kind() == "do_block") else { return };
        for statement in children(block) {
            if statement.end_byte() > node.start_byte() {
                break;
            }
            let is_assignment =
                statement.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "=");
            if is_assignment {
                self.eval(statement);
            }
        }
    }

    /// `[topologies, [name: …]]`, of which the options may be left out, or the topologies alone.
    fn topologies(&mut self, given: Node<'_>) -> Option<Item> {
        let items = children(given);
        let first = match (given.kind(), items.as_slice()) {
            // A list of pairs is a keyword list: the topologies themselves.
            ("list", [only]) if only.kind() == "keywords" => given,
            ("list", [first, ..]) => *first,
            _ => given,
        };
        Some(self.eval(first))
    }

    /// `query: …`, as keywords of the tuple or in a list.
    fn query(&mut self, given: Node<'_>) -> Option<Item> {
        let item = self.eval(given);
        match item.value {
            Value::List(_) => item.value.get("query").cloned(),
            _ => Some(item),
        }
    }
}
