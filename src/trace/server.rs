//! Servers that form clusters in a way of their own, known by what nothing else reads, runs or listens on: their images may have
//! any name, and many are built by whoever runs them.

use crate::world::pod::Container;

/// What shows a server.
struct Signs {
    server: &'static str,
    /// Variables of its own, not of its clients; one that ends in `_` stands for all that begin so.
    variables: &'static [&'static str],
    /// The programs that start it.
    programs: &'static [&'static str],
    /// The ports on which its own kind reaches it.
    ports: &'static [u32],
}

/// RabbitMQ's `rabbitmq-env` and the images of Docker and Bitnami; EMQX's `emqx.conf` in variables; `vernemq.sh` and `vmq_cluster`;
/// CouchDB's `docker-entrypoint.sh`; the `ejabberdctl` of ejabberd's images; MongooseIM's `start.sh`.
const ALL: [Signs; 6] = [
    Signs {
        server: "rabbitmq",
        variables: &[
            "RABBITMQ_NODENAME",
            "RABBITMQ_NODE_NAME",
            "RABBITMQ_CLUSTER_NODE_NAME",
            "RABBITMQ_USE_LONGNAME",
            "RABBITMQ_ERLANG_COOKIE",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
        ],
        programs: &["rabbitmq-server"],
        ports: &[25672],
    },
    Signs {
        server: "emqx",
        variables: &["EMQX_NODE_NAME", "EMQX_NODE__", "EMQX_CLUSTER__"],
        programs: &[],
        ports: &[],
    },
    Signs { server: "vernemq", variables: &["DOCKER_VERNEMQ_"], programs: &["vernemq"], ports: &[44053] },
    Signs { server: "couchdb", variables: &["COUCHDB_ERLANG_COOKIE"], programs: &[], ports: &[] },
    Signs {
        server: "ejabberd",
        variables: &["ERLANG_NODE_ARG", "EJABBERD_MACRO_"],
        programs: &["ejabberdctl"],
        ports: &[],
    },
    Signs {
        server: "mongooseim",
        variables: &["MASTER_ORDINAL"],
        programs: &["mongooseimctl", "mongooseim"],
        ports: &[],
    },
];

/// The server that a container runs, if it is not a release that says so itself.
pub(super) fn shown_by(container: &Container) -> Option<&'static str> {
    if container.env.iter().any(|var| var.name.starts_with("RELEASE_")) {
        return None;
    }
    ALL.iter().find(|signs| signs.fit(container)).map(|signs| signs.server)
}

impl Signs {
    fn fit(&self, container: &Container) -> bool {
        let is_one = |name: &str, of: &str| name == of || of.ends_with('_') && name.starts_with(of);
        container.env.iter().any(|var| self.variables.iter().any(|of| is_one(&var.name, of)))
            || program(container).is_some_and(|program| self.programs.contains(&program))
            || container.ports.iter().any(|port| port.number.is_some_and(|number| self.ports.contains(&number)))
            || container.image_name().is_some_and(|image| self.is_last_word(image))
    }

    /// `docker-vernemq`, `custom_rabbitmq`: what comes behind may be what is done with it, as in `rabbitmq-consumer`.
    fn is_last_word(&self, image: &str) -> bool {
        image.strip_suffix(self.server).is_some_and(|before| before.is_empty() || before.ends_with(['-', '_', '.']))
    }
}

/// What the container starts, without its folder.
fn program(container: &Container) -> Option<&str> {
    let first = container.command.first().or(container.args.first())?;
    first.rsplit('/').next()
}
