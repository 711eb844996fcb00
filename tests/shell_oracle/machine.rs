//! The real shell, in a pod that does not exist: shims on PATH answer as the pod's programs would.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use beamgate::name::shell::{Outcome, Surroundings, Variable, read};
use beamgate::name::template::{Part, Sym, Template, Why};
use beamgate::place::{Loc, ObjectId, Pointer};

/// What the symbols stand for.
pub(crate) fn concrete(sym: Sym) -> &'static str {
    match sym {
        Sym::PodIp | Sym::PodIps => "10.1.2.3",
        Sym::PodIpDashed => "10-1-2-3",
        Sym::HostIp => "192.168.7.8",
        Sym::PodName | Sym::Hostname => "cart-0",
        Sym::NodeName => "ip-192-168-7-8.ec2.internal",
        Sym::Namespace => "shop",
        Sym::ClusterDomain => "cluster.local",
        Sym::Uid => "5ab2c6c4-8b0a-4c71-9d3f-0f2f6c3e1a11",
    }
}

/// The environment of every pod here, unless a case says otherwise.
pub(crate) const POD: [(&str, &str); 10] = [
    ("POD_IP", "{pod-ip}"),
    ("MY_POD_IP", "{pod-ip}"),
    ("POD_NAME", "{pod-name}"),
    ("NAMESPACE", "{namespace}"),
    ("POD_NAMESPACE", "{namespace}"),
    ("HOST_IP", "{host-ip}"),
    ("RELEASE_NAME", "app"),
    ("RELEASE_ROOT", "/app"),
    ("RELEASE_VSN", "0.1.0"),
    ("RELEASE_COMMAND", "start"),
];

pub(crate) fn here() -> Loc {
    Pointer::root().of(ObjectId::text(0))
}

pub(crate) fn template(text: &str) -> Template {
    let mut value = Template::empty();
    for (index, known) in text.split("{?}").enumerate() {
        if index > 0 {
            value.append(&Template::opaque(Why::Image, &here()));
        }
        value.append(&Template::parse(known, &here()).unwrap());
    }
    value
}

/// A value with the symbols filled in; `None` stands for whatever an unknown part may be.
type Pattern = Vec<Option<char>>;

pub(crate) fn pattern(value: &Template) -> Pattern {
    let mut pattern = Vec::new();
    for piece in value.pieces() {
        match &piece.part {
            Part::Lit(text) | Part::Unexpanded(text, _) => pattern.extend(text.chars().map(Some)),
            Part::Sym(sym) => pattern.extend(concrete(*sym).chars().map(Some)),
            Part::Opaque(_) => pattern.push(None),
        }
    }
    pattern
}

pub(crate) fn fits(pattern: &[Option<char>], text: &[char]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for one in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            match one {
                Some(c) => {
                    if reached[at] && text.get(at) == Some(c) {
                        next[at + 1] = true;
                    }
                }
                None => next[at] = reached[..=at].contains(&true),
            }
        }
        reached = next;
    }
    reached[text.len()]
}

/// Whether what the reader says is what the shell did. `None`: not set.
pub(crate) fn agrees(read: Option<&Template>, real: Option<&str>) -> bool {
    match (read, real) {
        (None, None) => true,
        // Something unknown may as well be nothing.
        (Some(read), None) => pattern(read) == [None],
        (None, Some(_)) => false,
        (Some(read), Some(real)) => fits(&pattern(read), &real.chars().collect::<Vec<_>>()),
    }
}

pub(crate) struct Pod<'a> {
    pub(crate) env: BTreeMap<&'a str, Variable>,
    pub(crate) subdomain: bool,
}

impl<'a> Pod<'a> {
    /// `?` is unknown to the reader and set to a value all the same, `-` is not set.
    pub(crate) fn new(extra: &[(&'a str, &str)], subdomain: bool) -> Self {
        let mut env = BTreeMap::new();
        for (name, value) in POD.iter().chain(extra) {
            let value = match *value {
                "-" => Variable::Unset,
                "?" => Variable::Unknown(Why::Image),
                value => Variable::Set(template(value)),
            };
            env.insert(*name, value);
        }
        Self { env, subdomain }
    }

    pub(crate) fn read(&self, script: &str) -> Outcome {
        let place = |span: Range<usize>| here().within(span);
        let get = |name: &str| self.env.get(name).cloned().unwrap_or(Variable::Unset);
        let from = Surroundings {
            get: &get,
            hostname: template("{hostname}"),
            fqdn: self.subdomain.then(|| template("{hostname}.cart.{namespace}.svc.{cluster-domain}")),
            pod_ip: template("{pod-ip}"),
            dotless: true,
            arguments: Some(Vec::new()),
            release: None,
        };
        read(script, &place, &from)
    }

    pub(crate) fn real_env(&self) -> Vec<(String, String)> {
        let mut env = vec![("HOSTNAME".to_owned(), concrete(Sym::Hostname).to_owned())];
        for (name, value) in &self.env {
            let value = match value {
                Variable::Set(value) => pattern(value).into_iter().map(|c| c.unwrap_or('x')).collect(),
                Variable::Unknown(_) => "from-the image".to_owned(),
                Variable::Unset => continue,
            };
            env.push(((*name).to_owned(), value));
        }
        env
    }
}

/// A directory with shims, where scripts run.
pub(crate) struct Machine {
    dir: PathBuf,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

const SHIM_APP: &str = r#"#!/bin/sh
: > "$OUT/command"
for word in "$0" "$@"; do printf '%s\036' "$word" >> "$OUT/command"; done
. "$OUT/dump.sh"
dump > "$OUT/environment"
"#;

const DUMP: &str = r#"dump() {
  IFS=' '
  for dumped in $NAMES; do
    eval "if [ \"\${$dumped+x}\" ]; then printf '=%s' \"\$$dumped\"; fi"
    printf '\036'
  done
}
"#;

impl Machine {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("beamgate-shell-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("bin")).unwrap();
        fs::create_dir_all(dir.join("path")).unwrap();
        let machine = Self { dir };
        machine.shim("bin/app", SHIM_APP);
        machine.shim("path/uname", "#!/bin/sh\necho cart-0\n");
        machine.shim(
            "path/cat",
            "#!/bin/sh\nif [ \"$1\" = /etc/hostname ]; then echo cart-0; else exec /bin/cat \"$@\"; fi\n",
        );
        machine.shim(
            "path/hostname",
            "#!/bin/sh\ncase \"$1\" in -i|--ip-address) echo 10.1.2.3;; -f|--fqdn) echo \"$FQDN\";; *) echo cart-0;; esac\n",
        );
        machine.write("dump.sh", DUMP);
        machine
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.join(name), text).unwrap();
    }

    fn shim(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.dir.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Sources a file as `bin/app` sources `env.sh`, and gives back what is left behind.
    pub(crate) fn run(&self, driver: &str, pod: &Pod<'_>, names: &[String]) {
        let path = format!("{}:/usr/bin:/bin", self.dir.join("path").display());
        let fqdn = if pod.subdomain { "cart-0.cart.shop.svc.cluster.local" } else { "cart-0" };
        let status = Command::new(std::env::var("ORACLE_SHELL").unwrap_or_else(|_| "/bin/sh".to_owned()))
            .args(["-c", driver])
            .current_dir(&self.dir)
            .env_clear()
            .envs(pod.real_env())
            .env("PATH", path)
            .env("FQDN", fqdn)
            .env("OUT", &self.dir)
            .env("NAMES", names.join(" "))
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stdin(std::process::Stdio::null())
            .status();
        status.unwrap();
    }

    /// The records of a file, if it was written.
    pub(crate) fn records(&self, name: &str) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.dir.join(name)).ok()?;
        let _ = fs::remove_file(self.dir.join(name));
        let mut records: Vec<String> = text.split('\u{1e}').map(str::to_owned).collect();
        records.pop();
        Some(records)
    }
}

/// What a dump says of a variable.
pub(crate) fn value(record: &str) -> Option<&str> {
    record.strip_prefix('=')
}
